"""A real browser signs in at a real provider, through the real page and the real gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dossier.settings import Settings
from tests.frontend.browsing import SECONDS, at_rest, hard_to_use, needs_chromium
from tests.frontend.processes import PageProcess, free_port
from tests.serving.api.serving_app import Served, served
from tests.serving.oidc.local_provider import LocalProvider, local_provider, settings_for

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def provider() -> Iterator[LocalProvider]:
    with local_provider() as running:
        # another site than the page's for the browser, which decides by it what cookies come along
        running.issuer = running.issuer.replace("127.0.0.1", "localhost")
        running.page = f"http://127.0.0.1:{free_port()}"
        running.shows_a_page = True
        running.person["groups"] = ["bosses", "board"]
        yield running


@pytest.fixture
def gateway(provider: LocalProvider, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "home", **settings_for(provider)) as running:
        yield running


@pytest.fixture
def site(provider: LocalProvider, gateway: Served, tmp_path: Path) -> Iterator[PageProcess]:
    port, page_port = (int(address.rsplit(":", 1)[1]) for address in (gateway.address, provider.page))
    with PageProcess(Settings(port=port, page_port=page_port, page_url=provider.page), tmp_path) as process:
        yield process


def go_and_return(page: Page, provider: LocalProvider) -> None:
    """From the sign-in page to the provider and back."""
    page.get_by_role("link", name="Sign in with Acme").click()
    expect(page).to_have_title("Provider")
    assert page.url.startswith(provider.issuer)
    page.get_by_role("link", name="Go on as olga").click()


def test_somebody_signs_in_at_the_provider(browser: Browser, provider: LocalProvider, site: PageProcess) -> None:
    expect.set_options(timeout=SECONDS * 1000)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, blocked = context.new_page(), []
    page.set_default_timeout(SECONDS * 1000)
    page.on("console", lambda line: blocked.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(site.address)
    expect(page.get_by_role("link", name="Sign in with Acme")).to_be_visible()
    assert hard_to_use(page) == []

    go_and_return(page, provider)
    menu = page.locator(".st-key-who")
    expect(menu.get_by_text("olga", exact=True)).to_be_visible()
    assert page.url == f"{site.address}/"
    (session,) = (one for one in context.cookies() if one["name"].startswith("dossier_session"))
    assert session["httpOnly"] and session["sameSite"] == "Strict" and session["path"] == "/"
    assert not [one for one in context.cookies() if one["name"].startswith("dossier_provider")]
    assert "dossier_" not in page.evaluate("document.cookie")
    page.reload()
    expect(menu.get_by_text("olga", exact=True)).to_be_visible()
    page.goto(f"{site.address}/account")
    expect(page.get_by_text("You sign in at")).to_be_visible()
    expect(page.get_by_label("Current password")).to_have_count(0)
    page.goto(f"{site.address}/people")  # the provider's group made an admin
    page.locator(".st-key-person-open-olga button").click()
    expect(page.get_by_text("Groups: board, bosses.")).to_be_visible()

    at_rest(page)
    page.get_by_role("button", name="Sign out").click()
    provider.person["groups"] = []
    go_and_return(page, provider)
    expect(page.get_by_text("in none of the groups that may use Dossier")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert "said" not in page.url
    assert not [one for one in context.cookies() if one["name"].startswith("dossier_")]
    context.close()

    assert blocked == []
    log = site.log.read_text("utf-8")
    assert provider.tokens and not [secret for secret in provider.tokens if secret in log]
