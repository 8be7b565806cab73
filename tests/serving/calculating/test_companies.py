"""Two companies compared over a real index: each looked up in its own documents, cited, and groups hold."""

import pytest

from dossier.packs import Pack, load_pack
from dossier.settings import Settings, load_settings
from retrieval.indexing import build_index
from retrieval.opening import open_searcher
from retrieval.search import Searcher
from serving.answering.reply_wording import word_reply
from serving.calculating import Computed, compute

pytestmark = pytest.mark.model

REPORT = """# {company} annual report 2025

{company} ({unit}) reports its results for the year.

## Income statement

{unit}

| | 2025 | 2024 |
|---|---|---|
| Net revenue | {revenue} | 90 |
| Net income (loss) | {income} | 10 |
"""


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Pack, Searcher]:
    folder = tmp_path_factory.mktemp("companies")
    documents = folder / "documents"
    documents.mkdir()
    for company, unit, revenue, income in (
        ("Acme", "In millions", "180", "(18)"),
        ("Bolt", "In thousands", "64,000", "4,000"),
        ("Zephyr", "In millions", "999", "1"),
        ("Vague", "Figures", "70", "5"),
        ("Euro", "In millions", "€70", "€5"),
        ("Dollar", "In millions", "$70", "$6"),
    ):
        text = REPORT.format(company=f"{company} Inc.", unit=unit, revenue=revenue, income=income)
        (documents / f"{company.lower()}-10k-2025.md").write_text(text + "\nOther things happened too.\n" * 40)
    (documents / "groups.toml").write_text('[groups]\n"zephyr-10k-2025.md" = ["board"]\n')
    settings = load_settings(home=folder / "home", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    return settings, pack, open_searcher(settings, pack)


def asked(indexed: tuple[Settings, Pack, Searcher], question: str, *groups: str) -> Computed | None:
    _, pack, searcher = indexed
    rights = frozenset(groups)
    found = searcher.search(question, rights, 6)
    return compute(searcher, found, searcher.tables_of_pages(found.passages, rights), rights, pack)


def test_the_larger_is_named_with_the_difference_in_one_scale_and_both_are_cited(
    indexed: tuple[Settings, Pack, Searcher],
) -> None:
    made = asked(indexed, "Which had the higher net revenue in 2025, Bolt or Acme?")
    assert made is not None
    text = word_reply(made.found, made.excerpts)
    assert text.startswith("Acme, higher by 116 million = 180 - 64000 / 1000 (180 million: Acme, Net revenue, 2025; ")
    assert "64,000 thousand: Bolt, Net revenue, 2025" in text
    cited = {made.passages[int(mark.rstrip("]")) - 1].document for mark in text.split("[")[1:]}
    assert cited == {"acme-10k-2025.md", "bolt-10k-2025.md"}


def test_a_loss_is_less_than_a_small_profit(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed, "Which had the lower net income in 2025, Acme or Bolt?")
    assert made is not None
    text = word_reply(made.found, made.excerpts)
    assert text.startswith("Acme, lower by 22 million = ")
    assert "-18 million: Acme, Net income (loss), 2025" in text


def test_what_may_count_in_something_else_is_not_compared(indexed: tuple[Settings, Pack, Searcher]) -> None:
    assert asked(indexed, "What was Vague's net revenue in 2025?") is not None
    assert asked(indexed, "Which had the higher net revenue in 2025, Acme or Vague?") is None
    assert asked(indexed, "Which had the higher net income in 2025, Euro or Dollar?") is None


def test_what_one_of_them_doesnt_report_is_not_compared(indexed: tuple[Settings, Pack, Searcher]) -> None:
    assert asked(indexed, "Which had the higher goodwill in 2025, Acme or Bolt?") is None
    assert asked(indexed, "Which had the higher net revenue in 2019, Acme or Bolt?") is None


def test_a_company_whose_documents_one_may_not_read_is_not_compared(indexed: tuple[Settings, Pack, Searcher]) -> None:
    question = "Which had the higher net revenue in 2025, Acme or Zephyr?"
    made = asked(indexed, question)
    assert made is None or "999" not in word_reply(made.found, made.excerpts)
    allowed = asked(indexed, question, "board")
    assert allowed is not None
    assert word_reply(allowed.found, allowed.excerpts).startswith("Zephyr, higher by 819 million = 999 - 180 (")
