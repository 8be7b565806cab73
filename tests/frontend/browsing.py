"""A real browser, and a person in it."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, TimeoutError, expect

from tests.frontend.processes import PageProcess
from tests.frontend.scripted_gateway.contents import PASSWORD

CHROMIUM = next(
    (place for place in ("/usr/bin/chromium", shutil.which("chromium")) if place and Path(place).is_file()), None
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # the address bar's own pages take half of a window's start; the others are those that Playwright turns off
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,AvoidUnnecessaryBeforeUnloadCheckSync,"
    "DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,Translate,OptimizationHints",
)  # fmt: skip
SECONDS = 30
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium isn't installed (looked for /usr/bin/chromium and on PATH)"
)


class Visit:
    """One browser profile and everything that it asked the network for."""

    def __init__(self, context: BrowserContext, site: PageProcess, gateway: Any) -> None:
        self.context = context
        self.site = site
        self.gateway = gateway
        self.asked: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("page", self._watch)
        self.page = context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)

    def _watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.asked.append(socket.url))

    def sign_in(self, name: str = "ada", password: str = PASSWORD, path: str = "/") -> None:
        self.page.goto(self.site.address + path)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.keyboard.press("Enter")
        at_rest(self.page)

    def sign_in_for_good(self, name: str = "ada", password: str = PASSWORD, path: str = "/") -> Page:
        """Sign in, and wait for the cookie: another address is only for who has it."""
        self.sign_in(name, password, path)
        cookie_kept(self.context)
        return self.page

    def ask(self, question: str) -> None:
        box = self.page.get_by_test_id("stChatInputTextArea")
        expect(box).to_be_enabled()
        at_rest(self.page)
        box.fill(question)
        box.press("Enter")

    def elsewhere(self) -> list[str]:
        """Requests that went anywhere but to the page's server, or stayed in the browser."""
        own = urlsplit(self.site.address).netloc
        return [url for url in self.asked if urlsplit(url).netloc not in (own, "") and not url.startswith("blob:")]


def cookie_kept(context: BrowserContext) -> None:
    """Wait until the browser has the cookie of the sign-in; the page's server keeps others, and earlier."""
    for _ in range(SECONDS * 5):
        if any(one["name"].startswith("dossier_session") for one in context.cookies()):
            return
        context.pages[0].wait_for_timeout(200)
    raise AssertionError("the cookie never came")


def at_rest(page: Page) -> None:
    """Wait until the page hasn't been drawn for a second: what is pressed before may be drawn anew and not hear it."""
    quiet = 0
    for _ in range(SECONDS * 5):
        quiet = quiet + 1 if page.locator("[data-test-script-state=notRunning]").count() else 0
        if quiet > 5:
            return
        page.wait_for_timeout(200)
    raise AssertionError("the page never came to rest")


def choose(page: Page, item: str) -> None:
    """Open the conversation's menu and choose; a page that is still redrawing closes the menu, so it may take two."""
    for _ in range(5):
        page.get_by_test_id("stSidebar").locator("[class*='st-key-more-'] button").click()
        found = page.get_by_text(item, exact=True)
        try:
            found.click(timeout=4000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"the menu never showed {item}")


def hard_to_use(page: Page) -> list[str]:
    """What axe-core finds serious or critical, once the page has come to rest."""
    page.wait_for_timeout(1500)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
