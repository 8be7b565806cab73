"""The scripted gateway, fresh for each test, and the page in front of it or of a module's own gateway."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from dossier.settings import Settings
from frontend.gateway.client import Gateway
from tests.frontend.browsing import ARGUMENTS, CHROMIUM, SECONDS, Visit
from tests.frontend.driving import forget, new_app
from tests.frontend.processes import GatewayProcess, PageProcess, free_port
from tests.frontend.scripted_gateway.contents import FILES, MODELS, PASSWORD


@pytest.fixture(scope="package")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """One for all tests of the pages: a start takes longer than most of them."""
    with GatewayProcess(free_port(), tmp_path_factory.mktemp("gateway")) as process:
        yield process


@pytest.fixture
def gateway(gateway_process: GatewayProcess) -> GatewayProcess:
    if not gateway_process.running:
        gateway_process.start()
    gateway_process.script(
        tokens={},
        passwords={"ada": PASSWORD, "ben": PASSWORD},
        conversations={},
        keys=[],
        ready={},
        job={"state": "idle"},
        closed=[],
        asked=[],
        files=FILES,
        models=MODELS,
        promoted=[],
        trouble="",
        feedback={},
    )
    return gateway_process


@pytest.fixture
def ada(gateway: GatewayProcess) -> Gateway:
    return Gateway(gateway.address, Gateway(gateway.address).sign_in("ada", PASSWORD).token)


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit puts the page there and leaves it: every process that a later test starts would run the page first."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def app(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """A tab without a browser, at the scripted gateway, or a module's own."""
    monkeypatch.setenv("DOSSIER_PORT", gateway.address.rsplit(":", 1)[1])
    forget()
    yield new_app()
    forget()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageProcess]:
    """The page's server, at the gateway that this module names, or at the scripted one."""
    own = "gateway_process" if not hasattr(request.module, "gateway") else "gateway"
    address = request.getfixturevalue(own).address
    settings = Settings(port=int(address.rsplit(":", 1)[1]), page_port=free_port())
    with PageProcess(settings, tmp_path_factory.mktemp("page")) as process:
        yield process


@pytest.fixture
def visit(
    browser: Browser, site: PageProcess, gateway: GatewayProcess, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """Somebody's browser. `indirect`: light or dark, and how wide; asks nobody else for anything."""
    expect.set_options(timeout=SECONDS * 1000)
    mode, width = getattr(request, "param", ("light", 1440))
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=mode, accept_downloads=True, timezone_id="Europe/Berlin"
    )
    visit = Visit(context, site, gateway)
    yield visit
    context.close()
    assert visit.asked
    assert visit.elsewhere() == []
