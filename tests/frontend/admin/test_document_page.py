"""One file on the documents page, over the real gateway and a real index: its logic, and drawn in a real browser."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from frontend.admin.document_records import CuratedFile, curated_file
from frontend.gateway.client import Gateway
from tests.frontend.browsing import Visit, at_rest, hard_to_use, needs_chromium
from tests.frontend.driving import button, buttons, open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, until
from tests.serving.hashed_index import indexing

pytestmark = pytest.mark.slow
SALARIES, RELEASE = "hr/pay/salaries.txt", "release.md"
HOSTILE = '<img src=x onerror="window.hurt=1">.md'


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "hr" / "pay").mkdir(parents=True)
    (folder / SALARIES).write_text("The salary band of grade seven ends at 98,400 euros.\n")
    (folder / "hr" / "leave.md").write_text("# Leave\n\nEveryone has 27 days of annual leave a year.\n")
    (folder / RELEASE).write_text("# Release\n\nAcme Inc. reports. Acme Inc. announced this on May 3, 2023, to all.\n")
    (folder / HOSTILE).write_text("# Hostile\n\nIts name is what matters.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    return folder


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Iterator[Served]:
    with indexing(tmp_path_factory.mktemp("home"), documents) as running:
        yield running


@pytest.fixture
def app(app: AppTest) -> AppTest:
    return open_page(sign_in(app, "admin", PASSWORD), "documents")


def choose(app: AppTest, source: str) -> AppTest:
    """Open a file as its name in the table does."""
    app.query_params["source"] = source
    return app.run()


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return app.run()


def file(gateway: Served, source: str) -> CuratedFile:
    return curated_file(Gateway(gateway.address, gateway.sign_in("admin")), source)


def told(app: AppTest) -> str:
    return " ".join(
        one.value.replace("\\", "").replace("\u200b", "") for one in (*app.success, *app.error, *app.warning, *app.info)
    )


def test_a_chosen_file_says_who_may_read_it_and_why(app: AppTest) -> None:
    assert f'data-cite="{SALARIES}"' in said(app)
    assert "document-save" not in [one.key for one in app.button]
    choose(app, SALARIES)
    assert not app.exception and not app.error
    assert "<dt>Now</dt><dd>hr</dd><dt>Because</dt><dd>groups.toml: hr/*</dd>" in said(app)
    assert app.selectbox(key=f"document-place-{SALARIES}").options == [
        "This file", "Everything in hr/pay/", "Everything in hr/",
    ]  # fmt: skip
    assert app.multiselect[0].value == ["hr"]
    assert set(app.multiselect[0].options) >= {"board", "hr"}
    press(app, "document-close")
    assert "document-save" not in [one.key for one in app.button]


def test_an_open_file_is_read_once_and_anew_when_it_may_have_changed(app: AppTest, gateway: Served) -> None:
    def reads() -> int:
        lines = gateway.signed_in("admin").get("/admin/audit", params={"limit": 200}).json()["lines"]
        return sum(line["route"] == "GET /admin/documents/file" for line in lines)

    before = reads()
    choose(app, RELEASE)
    for _ in range(3):
        app.run()
    assert reads() == before + 1
    press(app, "document-save")
    assert reads() == before + 2
    press(app, "document-close")
    choose(app, RELEASE)
    assert reads() == before + 3
    press(app, f"document-back-{RELEASE}")


def test_readers_are_chosen_for_a_file_and_for_its_folder_and_taken_back(app: AppTest, gateway: Served) -> None:
    choose(app, SALARIES)
    app.multiselect[0].set_value(["board", "new ones"])
    app.run()
    press(app, "document-save")
    assert "Kept: board, new ones. It holds after the next update" in told(app)
    assert file(gateway, SALARIES).groups_next == ("board", "new ones")
    assert "<dt>After the next update</dt><dd>board, new ones</dd><dt>Because</dt><dd>set here</dd>" in said(app)
    app.selectbox(key=f"document-place-{SALARIES}").set_value("hr/")
    app.run()
    app.button_group(key=f"document-who-{SALARIES}-hr/").set_value("Everyone")
    app.run()
    assert not app.multiselect
    press(app, "document-save")
    assert [(one.place, one.groups) for one in file(gateway, SALARIES).choices] == [
        (SALARIES, ("board", "new ones")), ("hr/", ()),
    ]  # fmt: skip
    assert file(gateway, "hr/leave.md").groups_next == ()
    press(app, f"document-back-{SALARIES}")
    press(app, "document-back-hr/")
    assert file(gateway, SALARIES).choices == ()
    assert not app.exception and not app.error


def test_no_groups_is_not_everyone(app: AppTest, gateway: Served) -> None:
    choose(app, SALARIES)
    app.multiselect[0].set_value([])
    app.run()
    press(app, "document-save")
    assert "Choose at least one group" in told(app)
    assert file(gateway, SALARIES).choices == ()


def test_what_was_found_stands_beside_what_is_corrected(app: AppTest, gateway: Served) -> None:
    choose(app, RELEASE)
    assert '<td>Company</td><td data-head="Found">Acme Inc.</td><td data-head="Corrected">–</td>' in said(app)
    button(app, "Save corrections").click()
    app.run()
    assert "Nothing was changed" in told(app)
    app.text_input(key=f"document-company-{RELEASE}").input("Acme plc")
    app.text_input(key=f"document-date-{RELEASE}").input("soon")
    button(app, "Save corrections").click()
    app.run()
    assert "date must look like 2023-06-30" in told(app)
    app.text_input(key=f"document-date-{RELEASE}").input("")
    button(app, "Save corrections").click()
    app.run()
    assert '<td data-head="Found">Acme Inc.</td><td data-head="Corrected">Acme plc</td>' in said(app)
    press(app, "document-undo-company")
    assert app.text_input(key=f"document-company-{RELEASE}").value == ""
    assert {one.corrected for one in file(gateway, RELEASE).about} == {""}


def test_the_update_is_offered_and_then_it_holds(app: AppTest, gateway: Served) -> None:
    choose(app, "hr/leave.md")
    app.button_group(key="document-who-hr/leave.md-hr/leave.md").set_value("Everyone")
    app.run()
    press(app, "document-save")
    press(app, "document-update")
    until(lambda: not Gateway(gateway.address, gateway.sign_in("admin")).index_job().running)
    assert file(gateway, "hr/leave.md").groups == ()
    app.run()
    assert "The last run finished" in " ".join(one.value for one in app.markdown)
    assert "After the next update" not in said(app)
    assert "document-update" not in [one.key for one in app.button]


def test_a_file_that_cant_be_read_and_one_that_isnt_there(app: AppTest) -> None:
    choose(app, "broken.pdf")
    assert "Nobody: it isn't in the index" in said(app).replace("&#x27;", "'")
    assert "Save corrections" not in buttons(app)
    choose(app, "gone.md")
    assert "isn't in the index any more" in told(app)
    assert "source" not in app.query_params


def test_a_name_is_only_a_name(app: AppTest) -> None:
    choose(app, HOSTILE)
    assert not app.exception
    assert "<img" not in said(app)
    press(app, "document-save")
    assert "Kept: Everyone." in told(app)


def opened(visit: Visit) -> None:
    """Sign in, and open a file from the table by keyboard."""
    visit.sign_in("admin", PASSWORD, "/documents")
    name = visit.page.get_by_role("button", name=SALARIES, exact=True)
    expect(name).to_be_visible()
    heading = visit.page.get_by_role("heading", name=SALARIES)
    for _ in range(4):  # what listens for presses may still be loading on a busy machine
        at_rest(visit.page)
        name.press("Enter")
        with suppress(AssertionError):
            expect(heading).to_be_visible(timeout=5000)
            return
    raise AssertionError("the file never opened")


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("visit", [("light", 1440), ("dark", 390)], indirect=True, ids=["light, wide", "dark, narrow"])
def test_the_panel_is_worked_by_keyboard(visit: Visit, gateway: Served, tmp_path: Path) -> None:
    opened(visit)
    page = visit.page
    page.screenshot(path=tmp_path / "file.png", full_page=True)
    at_rest(page)
    page.get_by_role("combobox", name="Groups").fill("board")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # which closes its list
    at_rest(page)
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kept: board, hr")).to_be_visible()
    assert set(file(gateway, SALARIES).groups_next) == {"board", "hr"}
    page.screenshot(path=tmp_path / "saved.png", full_page=True)
    page.get_by_role("button", name="Save corrections").scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "about.png")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert hard_to_use(page) == []
    at_rest(page)
    page.get_by_role("button", name="Take back what is set for this file").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("heading", name=SALARIES)).to_have_count(0)
    expect(page.get_by_role("button", name=SALARIES, exact=True)).to_be_visible()
