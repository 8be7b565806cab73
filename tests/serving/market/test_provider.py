"""Which prices there are: a folder's, a pack's, and who may read them."""

import os
from pathlib import Path

import pytest

from dossier.errors import MarketDataError, NotFoundError
from dossier.packs import index_folder, load_pack
from dossier.settings import Settings, load_settings
from retrieval.choices import choose
from serving.market.provider import Catalogue, FolderPrices, NoPrices, provider_of

PLAIN = "date,close\n2024-01-02,10\n2024-01-03,11\n"


def test_a_folder_with_good_and_bad_files(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "acme.csv").write_text(PLAIN)
    (tmp_path / "bad.csv").write_text("date,close\n2024-01-02,-1\n")
    (tmp_path / "readme.txt").write_text("not prices")
    (tmp_path / "symbols.csv").write_text("symbol,company\nacme,Acme Works\n")
    found = FolderPrices(tmp_path).catalogue()
    assert list(found.prices) == ["ACME"]
    assert (found.of(" acme ").company, found.of("ACME").source) == ("Acme Works", "more/acme.csv")
    assert found.problems == ("bad.csv, line 2: close is -1; it must be above 0. Correct it.",)
    with pytest.raises(NotFoundError, match=r"no prices of BAD\. Known symbols: ACME\. Left out: bad\.csv, line 2"):
        found.of("BAD")


def test_a_symbol_in_two_files_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "acme.csv").write_text(PLAIN)
    (tmp_path / "wide.csv").write_text("date,ACME,OTHER\n2024-01-02,1,2\n")
    found = FolderPrices(tmp_path).catalogue()
    assert list(found.prices) == ["OTHER"]
    assert found.problems == ("ACME is in acme.csv and in wide.csv. Remove it from one.",)


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "acme.csv"
    file.write_text(PLAIN)
    provider = FolderPrices(tmp_path)
    first = provider.catalogue().of("ACME")
    assert provider.catalogue().of("ACME").close is first.close
    file.write_text(PLAIN + "2024-01-04,12\n")
    os.utime(file, ns=(1, 1))
    assert len(provider.catalogue().of("ACME")) == 3


def test_a_folder_that_is_none_and_bad_names(tmp_path: Path) -> None:
    with pytest.raises(MarketDataError, match="isn't a folder"):
        FolderPrices(tmp_path / "no").catalogue()
    (tmp_path / "symbols.csv").write_text("name\nx\n")
    assert "symbols.csv, line 1" in FolderPrices(tmp_path).catalogue().problems[0]
    (tmp_path / "symbols.csv").write_text("symbol,company\n?,x\n")
    assert "symbols.csv, line 2" in FolderPrices(tmp_path).catalogue().problems[0]


def test_the_packs_own_prices_and_none_for_other_documents(tmp_path: Path, settings: Settings) -> None:
    own = load_settings(home=tmp_path)
    prices = provider_of(own, load_pack(own)).catalogue().of("lkfd")
    assert (prices.company, prices.source, len(prices)) == ("Larkfield", "prices.csv", 338)
    provider = provider_of(settings, load_pack(settings))
    assert isinstance(provider, NoPrices)
    with pytest.raises(NotFoundError, match="market_data names no folder"):
        provider.catalogue().of("LKFD")
    (tmp_path / "acme.csv").write_text(PLAIN)
    folder = load_settings(home=tmp_path, market_data=tmp_path)
    assert list(provider_of(folder, load_pack(folder)).catalogue().prices) == ["ACME"]


def test_who_may_not_read_a_packs_document_doesnt_get_its_prices(tmp_path: Path) -> None:
    documents = tmp_path / "pack" / "documents"
    documents.mkdir(parents=True)
    (documents / "prices.csv").write_text(PLAIN)
    (documents / "groups.toml").write_text('[groups]\n"prices.csv" = ["traders"]\n')
    (tmp_path / "pack" / "pack.toml").write_text(
        'name = "p"\ntitle = "P"\ndescription = ""\ntone = ""\ndocuments = "documents"\nstarter_questions = []\n'
        'opening_question = ""\n[model]\nbase = "b"\n[market]\nprices = "prices.csv"\nsymbol = "acme"\n'
    )
    own = load_settings(home=tmp_path, pack=str(tmp_path / "pack"))
    found = provider_of(own, load_pack(own)).catalogue()
    assert list(found.readable(frozenset({"traders"})).prices) == ["ACME"]
    with pytest.raises(NotFoundError):
        found.readable(frozenset({"sales"})).of("ACME")


def test_an_empty_catalogue_says_so() -> None:
    with pytest.raises(NotFoundError, match="Known symbols: none"):
        Catalogue({}).of("X")


def test_prices_that_an_admin_limits_while_the_gateway_runs_are_limited_at_once(tmp_path: Path) -> None:
    own = Settings(home=tmp_path)
    pack = load_pack(own)
    provider = provider_of(own, pack)
    assert list(provider.catalogue().readable(frozenset()).prices) == ["LKFD"]
    assert pack.prices is not None
    choose(index_folder(own, pack.documents), pack.prices.source, frozenset({"board"}), {})
    assert list(provider.catalogue().readable(frozenset()).prices) == []
    assert list(provider.catalogue().readable(frozenset({"board"})).prices) == ["LKFD"]
