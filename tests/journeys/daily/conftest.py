"""One start of the whole product for this folder: people work with it first, then its parts are broken."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from dossier.packs import load_pack
from dossier.settings import load_settings
from tests.journeys.product import PASSWORD, Product, boss, running, started_browser

PEOPLE = {"mira": ("analyst", ["board"]), "noor": ("analyst", []), "sam": ("support", [])}


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The pack's documents in a folder of their own, one more for the board alone, and three people."""
    home, documents = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work") / "documents"
    shutil.copytree(load_pack(load_settings()).documents, documents)
    (documents / "board").mkdir()
    (documents / "board" / "offers.md").write_text("# Offers\n\nThe offer for Tamarind Freight came to 41.7 million.\n")
    (documents / "groups.toml").write_text('[groups]\n"board/*" = ["board"]\n')
    prices = tmp_path_factory.mktemp("prices")
    shutil.copyfile(documents / "prices.csv", prices / "LKFD.csv")
    with running(home, DOSSIER_DOCUMENTS=str(documents), DOSSIER_MARKET_DATA=str(prices)) as started:
        with boss(started) as http:
            for name, (role, groups) in PEOPLE.items():
                body = {"name": name, "password": PASSWORD, "role": role, "groups": groups}
                assert http.post("/admin/users", json=body).status_code == 201
        yield started


@pytest.fixture(scope="package")
def browser(product: Product) -> Iterator[Browser]:
    with started_browser() as started:
        yield started
