"""The admins' pages of people, audit and health in a real browser against the real gateway."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serving.health_history import KEPT, Room
from tests.frontend.browsing import Visit, hard_to_use, needs_chromium
from tests.frontend.processes import PageProcess
from tests.serving.api.serving_app import PASSWORD, Served, served, until

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gateway")) as running:
        an_hour(running)
        yield running


def an_hour(gateway: Served) -> None:
    """The hour before, put into the gateway's memory: answers come and go, and for five minutes it isn't ready."""
    running = gateway.app.state.running
    until(lambda: bool(running.history.samples))
    last = running.history.samples[-1]
    now = datetime.now(UTC)
    for number in range(KEPT - 40):
        busy = number % 37 < 20
        running.history.add(
            replace(
                last,
                at=now - timedelta(seconds=15 * (KEPT - 40 - number)),
                engine=not 60 <= number < 80,
                running=number % 5 if busy else 0,
                silent=number % 3 if busy else 0,
                first_seconds=(0.4 + number % 9 / 4,) if busy else (),
                memory=Room((9 + number % 4) << 30, 16 << 30),
            )
        )


def go(page: Page, site: PageProcess, path: str, words: str) -> None:
    page.goto(f"{site.address}/{path}")
    expect(page.get_by_test_id("stMain").get_by_text(words).first).to_be_visible()


def test_a_person_is_added_changed_suspended_and_erased(visit: Visit, gateway: Served, tmp_path: Path) -> None:
    page = visit.page
    visit.sign_in("admin", PASSWORD, "/people")
    page.get_by_text("Add a person", exact=True).click()
    page.get_by_label("Name", exact=True).fill("olga")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("olga is added.")).to_be_visible()
    password = page.locator(".st-key-password-shown code").inner_text().strip()
    assert gateway.store.credentials.sign_in("olga", password).user.name == "olga"
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text(password)).to_have_count(0)
    page.locator(".st-key-person-open-olga button").click()
    expect(page.get_by_role("button", name="Suspend")).to_be_visible()
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("olga is suspended.")).to_be_visible()
    page.get_by_text("Erase olga for good").click()
    erase = page.get_by_role("button", name="Erase for good")
    expect(erase).to_be_disabled()
    page.get_by_label("Type olga to confirm").fill("olga")
    page.keyboard.press("Enter")
    erase.click()
    expect(page.get_by_text("Erased, with")).to_be_visible()
    assert "olga" not in [one.name for one in gateway.store.users.all()]
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_text("Time (Europe/Berlin)")).to_have_count(1)
    expect(page.locator(".files.audit")).to_contain_text("DELETE /admin/users/{name}")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download CSV").click()
    downloading.value.save_as(tmp_path / "audit.csv")
    assert "DELETE /admin/users/{name}" in (tmp_path / "audit.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("visit", [("light", 1280), ("dark", 1280)], indirect=True)
def test_axe_finds_nothing_serious(visit: Visit, site: PageProcess, gateway: Served) -> None:
    gateway.key("mira")
    page, found = visit.sign_in_for_good("admin", PASSWORD), {}
    for path, words in (("audit", "A line for each request"), ("health", "The last hour"), ("people", "mira")):
        go(page, site, path, words)
        found[path] = hard_to_use(page)
    page.locator(".st-key-person-open-mira button").click()
    expect(page.get_by_text("Type mira to confirm")).to_have_count(1)
    expect(page.get_by_role("button", name="Revoke").first).to_be_visible()
    found["person"] = hard_to_use(page)
    assert not any(found.values()), "\n".join(f"{name}: {one}" for name, all_of in found.items() for one in all_of)


@pytest.mark.parametrize("visit", [("light", 390)], indirect=True)
def test_a_narrow_screen_isnt_scrolled_sideways(visit: Visit, site: PageProcess) -> None:
    page = visit.sign_in_for_good("admin", PASSWORD)
    for path, words in (("people", "mira"), ("audit", "A line for each request"), ("health", "The last hour")):
        go(page, site, path, words)
        page.wait_for_timeout(500)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390, path
