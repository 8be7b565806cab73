"""The page's two addresses for signing in at a provider, before a real gateway and a real provider."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from frontend.access.cookies import cookie_name
from frontend.access.provider import CALLBACK_PATH, START_PATH, come_back, go_to_provider
from frontend.access.tickets import SAYINGS
from frontend.gateway.client import Gateway
from frontend.server import Guard, content_policy
from serving.oidc.sign_in import CALLBACK
from tests.serving.api.serving_app import NO_TLS, Served, served
from tests.serving.oidc.local_provider import LocalProvider, local_provider, settings_for

PAGE = "http://127.0.0.1:8501"
SESSION, BROWSER = cookie_name(8501), "dossier_provider_8501"


@pytest.fixture(scope="module")
def module_provider() -> Iterator[LocalProvider]:
    with local_provider() as running:
        running.page = PAGE
        yield running


@pytest.fixture(scope="module")
def gateway(module_provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), **settings_for(module_provider)) as running:
        yield running


@pytest.fixture
def provider(module_provider: LocalProvider) -> LocalProvider:
    module_provider.renew()
    return module_provider


@pytest.fixture
def browser(gateway: Served, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("DOSSIER_PORT", gateway.address.rsplit(":", 1)[1])
    return a_browser()


def a_browser(page: str = PAGE) -> TestClient:
    routes = [Route(START_PATH, go_to_provider), Route(CALLBACK_PATH, come_back)]
    app = Starlette(routes=routes, middleware=[Middleware(Guard)])
    return TestClient(app, base_url=page, follow_redirects=False)


def at_the_provider(reply: httpx.Response) -> str:
    """The address to which the provider sends the browser back, without the page's own part."""
    sent = httpx.get(reply.headers["location"], trust_env=False, verify=NO_TLS)
    back = urlsplit(sent.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == PAGE
    return f"{back.path}?{back.query}"


def words(reply: httpx.Response) -> str:
    """What the sign-in page will say."""
    assert reply.status_code == 303
    address = urlsplit(reply.headers["location"])
    assert address.path == "/" and not address.netloc
    return str(SAYINGS.redeem(parse_qs(address.query)["said"][0]))


def cookies(reply: httpx.Response) -> dict[str, str]:
    return {one.partition("=")[0]: one for one in reply.headers.get_list("set-cookie")}


def test_the_gateway_names_the_pages_own_address() -> None:
    assert CALLBACK == CALLBACK_PATH


def test_there_and_back(browser: TestClient, provider: LocalProvider, gateway: Served) -> None:
    start = browser.get(START_PATH)
    assert start.status_code == 303 and start.headers["location"].startswith(f"{provider.issuer}/authorize?")
    kept = cookies(start)[BROWSER]
    for part in ("HttpOnly", "SameSite=lax", "Path=/oidc", "Max-Age=600"):
        assert part in kept
    back = browser.get(at_the_provider(start))
    assert (back.status_code, back.headers["location"]) == (303, "/")
    kept = cookies(back)
    for part in ("HttpOnly", "SameSite=strict", "Path=/;"):
        assert part in kept[SESSION]
    assert "Max-Age=0" in kept[BROWSER] and "Path=/oidc" in kept[BROWSER]
    assert 43_000 < int(kept[SESSION].split("Max-Age=")[1].split(";")[0]) <= 43_200
    token = kept[SESSION].partition("=")[2].partition(";")[0]
    assert Gateway(gateway.address, token).me().name == "olga"
    assert "Secure" not in "".join(kept.values())
    for reply in (start, back):
        assert reply.headers["content-security-policy"] == content_policy()
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.content == b""


def test_behind_https_the_cookies_are_secure(browser: TestClient, provider: LocalProvider) -> None:
    browser.headers["X-Forwarded-Proto"] = "https"
    start = browser.get(START_PATH)
    # a browser sends a secure cookie to http://127.0.0.1, but the test's client doesn't
    secret = cookies(start)[BROWSER].partition("=")[2].partition(";")[0]
    back = browser.get(at_the_provider(start), headers={"Cookie": f"{BROWSER}={secret}"})
    kept = {**cookies(start), **cookies(back)}
    assert set(kept) == {BROWSER, SESSION} and all("Secure" in one for one in kept.values())


def test_another_browser_cant_come_back(browser: TestClient, provider: LocalProvider) -> None:
    start = browser.get(START_PATH)
    reply = a_browser().get(at_the_provider(start))
    assert "in another browser" in words(reply) and SESSION not in cookies(reply)
    mallory = a_browser()
    mallory.get(START_PATH)
    reply = mallory.get(at_the_provider(browser.get(START_PATH)))
    assert "in another browser" in words(reply) and SESSION not in cookies(reply)


@pytest.mark.parametrize(
    "query", ["", "state=&code=x", "state=x", "code=x", f"state={'x' * 300}&code=x", f"state=x&code={'x' * 5000}"]
)
def test_whatever_else_comes_back_is_said_in_words(browser: TestClient, provider: LocalProvider, query: str) -> None:
    browser.get(START_PATH)
    reply = browser.get(f"{CALLBACK_PATH}?{query}")
    assert "Sign in again." in words(reply) and SESSION not in cookies(reply)


def test_a_refusal_is_said_once(browser: TestClient, provider: LocalProvider) -> None:
    provider.person["groups"] = ["others"]
    reply = browser.get(at_the_provider(browser.get(START_PATH)))
    assert "none of the groups" in words(reply) and SESSION not in cookies(reply)
    assert words(reply) == "None"


def test_a_provider_or_a_gateway_that_is_down_is_said(
    browser: TestClient, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_PORT", "1")
    reply = browser.get(START_PATH)
    assert "gateway isn't reachable" in words(reply) and not cookies(reply)


def test_another_name_of_the_page_leads_to_the_one_that_the_provider_knows(
    browser: TestClient, provider: LocalProvider
) -> None:
    elsewhere = a_browser("http://localhost:8501")
    reply = elsewhere.get(START_PATH)
    assert reply.headers["location"] == f"{PAGE}{START_PATH}?here" and not cookies(reply)
    # once: a proxy that changes the name must not lead round and round
    assert elsewhere.get(f"{START_PATH}?here").headers["location"].startswith(provider.issuer)


def test_only_browsers_that_go_there_themselves(browser: TestClient) -> None:
    for path in (START_PATH, CALLBACK_PATH):
        assert browser.post(path).status_code == 405
        assert browser.get(path, headers={"Origin": "https://evil.example"}).status_code == 403
