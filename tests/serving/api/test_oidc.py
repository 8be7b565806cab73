"""Signing in at an identity provider over HTTP: a real gateway and a real provider, and those who try to trick them."""

import base64
import gzip
import hmac
import json
import time
from collections.abc import Iterator
from threading import get_ident
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from starlette.responses import JSONResponse, RedirectResponse, Response

from serving.api.attempts import ADDRESS_FAILURES
from serving.oidc import id_token, sign_in, wire
from serving.store import Change, Role
from tests.serving.api.serving_app import NO_TLS, PASSWORD, Served, served
from tests.serving.oidc.local_provider import (
    CLIENT,
    SECRET,
    LocalProvider,
    key,
    local_provider,
    settings_for,
    signed,
)

PAGE = "https://dossier.example"
DESCRIPTION, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"


@pytest.fixture(scope="module")
def module_provider() -> Iterator[LocalProvider]:
    with local_provider() as running:
        running.page = PAGE
        yield running


@pytest.fixture
def provider(module_provider: LocalProvider) -> LocalProvider:
    module_provider.renew()
    return module_provider


@pytest.fixture(scope="module")
def module_gateway(module_provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), **settings_for(module_provider)) as running:
        yield running


@pytest.fixture
def gateway(module_gateway: Served, provider: LocalProvider) -> Served:
    """The module's gateway, as new: it knows nothing of the provider yet."""
    module_gateway.renew()
    fresh(module_gateway)
    return module_gateway


def fresh(gateway: Served) -> None:
    """Let the gateway forget the provider and all attempts."""
    parts = gateway.app.state.running
    object.__setattr__(parts, "provider", sign_in.ProviderSignIn(parts.gateway.settings))
    object.__setattr__(parts, "attempts", type(parts.attempts)())


def begin(gateway: Served) -> dict[str, str]:
    reply = gateway.client().post("/auth/oidc/begin")
    assert reply.status_code == 200, reply.text
    return reply.json()


def at_the_provider(address: str) -> dict[str, str]:
    """What the provider sends back through the browser."""
    reply = httpx.get(address, trust_env=False, verify=NO_TLS)
    assert reply.status_code == 302, reply.text
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def finish(gateway: Served, begun: dict[str, str], back: dict[str, str], **more: str) -> httpx.Response:
    return gateway.client().post("/auth/oidc/finish", json={"browser": begun["browser"], **back, **more})


def signed_in(gateway: Served) -> httpx.Response:
    """The whole way."""
    begun = begin(gateway)
    return finish(gateway, begun, at_the_provider(begun["address"]))


def said(reply: httpx.Response, status: int, words: str) -> None:
    assert reply.status_code == status, reply.text
    assert words in reply.json()["error"]["message"]


def people(gateway: Served) -> dict[str, tuple]:
    return {one.name: (one.role, set(one.groups), one.issuer) for one in gateway.store.users.all()}


def audited(gateway: Served, **wanted: object) -> list[tuple]:
    admin = gateway.signed_in("admin")
    found = admin.get("/admin/audit", params={"limit": 50, **wanted}).json()["lines"]
    lines = [line for line in reversed(found) if "oidc" in line["route"]]
    return [(line["name"], line["action"], line["status"], line["outcome"], line["target"]) for line in lines]


def last_lines(gateway: Served, count: int) -> list[tuple]:
    return audited(gateway)[-count:]


def test_the_whole_way(gateway: Served, provider: LocalProvider) -> None:
    assert gateway.client().get("/auth/oidc").json() == {"name": "Sign in with Acme"}
    assert provider.asked == []  # nothing is asked before somebody wants it
    reply = signed_in(gateway)
    assert reply.status_code == 200, reply.text
    user = {"name": "olga", "role": "analyst", "groups": ["staff"], "issuer": provider.issuer}
    assert reply.json()["user"] == user
    assert gateway.client(reply.json()["token"]).get("/auth/me").json() == user
    assert last_lines(gateway, 2) == [
        ("olga", "change", 200, "added", "olga"),
        ("olga", "sign-in", 200, "done", ""),
    ]
    (olga,) = (one for one in gateway.signed_in("admin").get("/admin/users").json() if one["name"] == "olga")
    assert olga["issuer"] == provider.issuer and olga["last_signed_in_at"]


def test_what_the_provider_tells_of_itself_is_kept(gateway: Served, provider: LocalProvider) -> None:
    for _ in range(3):
        assert signed_in(gateway).status_code == 200
    assert provider.asked.count(DESCRIPTION) == provider.asked.count(KEYS) == 1


def test_with_an_elliptic_key_and_the_secret_in_the_form(gateway: Served, provider: LocalProvider) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    provider.sign = lambda claims: signed(claims, key("EC", "ec-1"), "ES256", own="passed over")
    assert signed_in(gateway).status_code == 200


@pytest.mark.parametrize("ways", [5, "client_secret_post", None, {}, []])
def test_ways_that_are_none_are_the_usual_one(gateway: Served, provider: LocalProvider, ways: object) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ways}
    assert signed_in(gateway).status_code == 200


def test_a_public_client_needs_no_secret(provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> None:
    provider.secret = ""
    with served(tmp_path_factory.mktemp("public"), **settings_for(provider, oidc_client_secret="")) as public:
        assert signed_in(public).status_code == 200


def test_role_and_groups_are_taken_anew_each_time(gateway: Served, provider: LocalProvider) -> None:
    signed_in(gateway)
    token = signed_in(gateway).json()["token"]
    provider.person |= {"groups": ["staff", "owners", "x" * 200, "a\nb"], "preferred_username": "renamed"}
    assert signed_in(gateway).json()["user"]["role"] == "admin"
    assert people(gateway)["olga"] == (Role.ADMIN, {"staff", "owners"}, provider.issuer)
    assert last_lines(gateway, 2)[0] == ("olga", "change", 200, "changed", "olga")
    provider.person |= {"groups": ["helpers"]}
    assert signed_in(gateway).json()["user"]["role"] == "support"
    assert gateway.client(token).get("/admin/users").status_code == 403  # earlier sign-ins have the rights of now
    assert "renamed" not in people(gateway)


@pytest.mark.parametrize("groups", [[], ["others"], ["STAFF"], None])
def test_who_is_in_none_of_the_groups_gets_no_entry(gateway: Served, provider: LocalProvider, groups: object) -> None:
    provider.person.pop("groups")
    if groups is not None:
        provider.person["groups"] = groups
    said(signed_in(gateway), 403, "in none of the groups")
    assert "olga" not in people(gateway)
    assert last_lines(gateway, 1) == [("", "sign-in", 403, "forbidden", "")]


def test_unless_there_is_a_role_for_them(provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> None:
    provider.person.pop("groups")
    with served(tmp_path_factory.mktemp("open"), **settings_for(provider, oidc_default_role="support")) as gateway:
        assert signed_in(gateway).json()["user"]["role"] == "support"


@pytest.mark.parametrize("groups", ["staff", {"staff": True}, [["staff"]], ["staff", 1], 7, True])
def test_groups_of_the_wrong_type_give_nothing(gateway: Served, provider: LocalProvider, groups: object) -> None:
    provider.person["groups"] = groups
    said(signed_in(gateway), 403, "readable way")


def test_too_many_groups(gateway: Served, provider: LocalProvider) -> None:
    provider.person["groups"] = [f"g{number}" for number in range(1001)]
    said(signed_in(gateway), 403, "more than 1000 groups")


def test_a_name_is_never_somebody_elses(gateway: Served, provider: LocalProvider) -> None:
    for subject, wished, name in (
        ("s-1", "admin", "admin-2"),
        ("s-2", "Mira", "mira-2"),
        ("s-3", "mira", "mira-3"),
        ("s-4", "  Jürgen O'Neill ", "jurgen-o-neill"),
        ("s-5", "...", "user"),
        ("s-6", "x" * 300, "x" * 56),
    ):
        provider.person |= {"sub": subject, "preferred_username": wished}
        for _ in range(2):
            assert signed_in(gateway).json()["user"]["name"] == name
    assert people(gateway)["admin"] == (Role.ADMIN, set(), "")
    assert gateway.store.credentials.sign_in("admin", PASSWORD).user.name == "admin"


def test_the_same_subject_of_another_provider_is_somebody_else(gateway: Served, provider: LocalProvider) -> None:
    store = gateway.store.identities
    assert signed_in(gateway).json()["user"]["name"] == "olga"
    assert store.name_of(provider.issuer, "s-1") == "olga"
    assert store.name_of(provider.issuer, "S-1") == store.name_of(provider.issuer + "/", "s-1") == ""


def test_who_is_suspended_stays_so(gateway: Served, provider: LocalProvider) -> None:
    token = signed_in(gateway).json()["token"]
    gateway.store.users.change("olga", Change(suspended=True))
    provider.person["groups"] = ["bosses"]
    said(signed_in(gateway), 401, "can't sign in at present")
    assert gateway.client(token).get("/auth/me").status_code == 401
    assert people(gateway)["olga"][0] is Role.ANALYST
    assert last_lines(gateway, 1) == [("olga", "sign-in", 401, "not_signed_in", "")]


def test_there_is_no_password_and_no_way_to_one(gateway: Served, provider: LocalProvider) -> None:
    client = gateway.client(signed_in(gateway).json()["token"])
    for password in ("", " ", "correct horse battery"):
        assert gateway.client().post("/auth/sign-in", json={"name": "olga", "password": password}).status_code == 401
    said(client.post("/auth/password", json={"old": "", "new": "another password"}), 400, "no password here")
    admin = gateway.signed_in("admin")
    for change in ({"password": "another password"}, {"role": "admin"}, {"groups": ["board"]}):
        said(admin.patch("/admin/users/olga", json=change), 409, "come from there")
    assert admin.patch("/admin/users/olga", json={"suspended": True}).status_code == 200


def test_an_admin_of_the_provider_isnt_the_one_who_must_remain(gateway: Served, provider: LocalProvider) -> None:
    provider.person["groups"] = ["bosses"]
    olga = gateway.client(signed_in(gateway).json()["token"])
    said(olga.patch("/admin/users/admin", json={"suspended": True}), 409, "with a password")
    provider.person["groups"] = ["staff"]
    assert signed_in(gateway).json()["user"]["role"] == "analyst"


def test_erasing_leaves_nothing_and_the_person_may_come_back(gateway: Served, provider: LocalProvider) -> None:
    provider.person["sub"] = "subject-of-olga"
    signed_in(gateway)
    gone = gateway.signed_in("admin").delete("/admin/users/olga").json()
    assert gone["sign_ins"] == 1
    with gateway.store.database.reading() as session:
        kept = [session.connection().exec_driver_sql(f"SELECT * FROM {table}").all() for table in ("users", "audit")]  # noqa: S608
    assert "olga" not in str(kept) and "subject-of-olga" not in str(kept)
    assert audited(gateway)[-1][:2] != ("", "sign-in") and audited(gateway)[-1][0] == gone["pseudonym"]
    assert signed_in(gateway).json()["user"]["name"] == "olga"
    assert last_lines(gateway, 2)[0][3] == "added"


CHANGED = {
    "nonce": ({"nonce": "another"}, "another sign-in"),
    "no nonce": ({"nonce": None}, "lacks nonce"),
    "audience": ({"aud": "another client"}, "another client"),
    "audiences without azp": ({"aud": [CLIENT, "another"]}, "lacks azp"),
    "azp": ({"aud": [CLIENT, "another"], "azp": "another"}, "another client"),
    "issuer": ({"iss": "https://evil.example"}, "another provider"),
    "expired": ({"exp": int(time.time()) - 61}, "expired"),
    "no end": ({"exp": None}, "lacks exp"),
    "an end that is none": ({"exp": "tomorrow"}, "exp is wrong"),
    "of the future": ({"iat": int(time.time()) + 86_400}, "in the future"),
    "not yet": ({"nbf": int(time.time()) + 86_400}, "isn't valid yet"),
    "at_hash": ({"at_hash": "x" * 22}, "access token"),
    "an at_hash that is none": ({"at_hash": ["x"]}, "access token"),
    "no subject": ({"sub": None}, "lacks sub"),
    "an empty subject": ({"sub": ""}, "whom it is about"),
    "a subject that is none": ({"sub": 5}, "whom it is about"),
    "a subject of other letters": ({"sub": "s-1\u0000"}, "whom it is about"),
    "a long subject": ({"sub": "x" * 256}, "whom it is about"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_token_that_says_anything_else_is_refused(gateway: Served, provider: LocalProvider, what: str) -> None:
    change, words = CHANGED[what]
    provider.alter = lambda claims: {name: one for name, one in {**claims, **change}.items() if one is not None}
    said(signed_in(gateway), 401, words)
    assert people(gateway).keys() == {"admin", "mira", "sam"}
    assert last_lines(gateway, 1) == [("", "sign-in", 401, "not_signed_in", "")]


def test_further_audiences_are_taken_where_the_token_is_for_dossier(gateway: Served, provider: LocalProvider) -> None:
    provider.alter = lambda claims: {**claims, "aud": [CLIENT, "another"], "azp": CLIENT}
    assert signed_in(gateway).status_code == 200


def plain(part: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(claims: dict) -> str:
    return f"{plain({'alg': 'none', 'kid': 'rsa-1'})}.{plain(claims)}."


def by_public_key(claims: dict) -> str:
    """What the public key, taken for a shared secret, would bear out."""
    start = f"{plain({'alg': 'HS256', 'kid': 'rsa-1'})}.{plain(claims)}"
    made = hmac.digest(key("RSA", "rsa-1").as_pem(private=False), start.encode(), "sha256")
    return f"{start}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def by_a_key_of_its_own(claims: dict) -> str:
    """It brings the key along that it should be checked with."""
    own = key("EC", "strangers")
    return signed(claims, own, "ES256", kid="ec-1", jwk=own.as_dict(private=False))


def with_a_critical_field(claims: dict) -> str:
    start = f"{plain({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['own'], 'own': 1})}.{plain(claims)}"
    made = key("RSA", "rsa-1").private_key.sign(start.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{start}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def changed_afterwards(claims: dict) -> str:
    head, _, signature = signed(claims, key("RSA", "rsa-1")).split(".")
    return f"{head}.{plain({**claims, 'sub': 's-2'})}.{signature}"


SIGNATURES = {
    "none": (unsigned, "ways that are safe"),
    "the public key as a secret": (by_public_key, "ways that are safe"),
    "a stranger's key": (by_a_key_of_its_own, "signature is wrong"),
    "a key that isn't named": (lambda claims: signed(claims, key("RSA", "strangers")), "doesn't name as its own"),
    "the name of another kind": (lambda claims: signed(claims, key("RSA", "rsa-1"), kid="ec-1"), "doesn't name as its"),
    "claims changed afterwards": (changed_afterwards, "signature is wrong"),
    "a critical field": (with_a_critical_field, "can't be read"),
    "no token": (lambda claims: "words", "can't be read"),
    "nothing": (lambda claims: "", "can't be read"),
    "very much": (lambda claims: f"{plain({'alg': 'RS256'})}.{'x' * 200_000}.x", "can't be read"),
}


@pytest.mark.parametrize("what", SIGNATURES)
def test_a_token_that_is_signed_otherwise_is_refused(gateway: Served, provider: LocalProvider, what: str) -> None:
    provider.sign, words = SIGNATURES[what]
    said(signed_in(gateway), 401, words)
    assert people(gateway).keys() == {"admin", "mira", "sam"}


def test_new_keys_are_looked_for_once(gateway: Served, provider: LocalProvider) -> None:
    signed_in(gateway)
    provider.sign = lambda claims: signed(claims, key("RSA", "rsa-2"))
    said(signed_in(gateway), 401, "doesn't name as its own")
    assert provider.asked.count(KEYS) == 2
    provider.keys = [key("RSA", "rsa-2")]
    assert signed_in(gateway).status_code == 200
    assert provider.asked.count(KEYS) == 3


def test_a_state_is_good_once_in_one_browser(gateway: Served, provider: LocalProvider) -> None:
    begun = begin(gateway)
    back = at_the_provider(begun["address"])
    assert finish(gateway, begun, back).status_code == 200
    said(finish(gateway, begun, back), 401, "used already")
    mine, theirs = begin(gateway), begin(gateway)
    back = at_the_provider(theirs["address"])
    said(finish(gateway, mine, back), 401, "another browser")
    said(finish(gateway, theirs, back), 401, "used already")  # whoever has seen it has spoilt it
    said(finish(gateway, mine, back, state="made-up"), 401, "too long ago")
    assert provider.asked.count(TOKEN) == 1


def test_a_code_that_the_provider_doesnt_take(gateway: Served, provider: LocalProvider) -> None:
    begun = begin(gateway)
    back = at_the_provider(begun["address"])
    said(finish(gateway, begun, back, code="made-up"), 401, "invalid_grant")
    begun = begin(gateway)
    stolen = at_the_provider(begin(gateway)["address"])["code"]  # of another sign-in: its proof (PKCE) is missing
    said(finish(gateway, begun, at_the_provider(begun["address"]), code=stolen), 401, "invalid_grant")


@pytest.mark.parametrize("code", ["", "a\nb", "é"])
def test_what_is_no_code_isnt_sent(gateway: Served, provider: LocalProvider, code: str) -> None:
    begun = begin(gateway)
    body = {"browser": begun["browser"], **at_the_provider(begun["address"]), "code": code}
    content, json_type = json.dumps(body), {"Content-Type": "application/json"}
    said(gateway.client().post("/auth/oidc/finish", content=content, headers=json_type), 401, "no code")
    assert TOKEN not in provider.asked


@pytest.mark.parametrize("named", ["https://evil.example", ""])
def test_an_answer_of_another_provider_isnt_taken(gateway: Served, provider: LocalProvider, named: str) -> None:
    begun = begin(gateway)
    said(finish(gateway, begun, at_the_provider(begun["address"]), iss=named), 401, "another provider")
    assert TOKEN not in provider.asked


@pytest.mark.parametrize(("error", "words"), [("access_denied", "(access_denied)"), ("<b>x</b>", "can't be shown")])
def test_what_the_provider_says_no_to(gateway: Served, provider: LocalProvider, error: str, words: str) -> None:
    begun = begin(gateway)
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    said(finish(gateway, begun, {"state": state}, error=error), 401, words)


def test_a_wrong_secret_is_the_operators_fault(gateway: Served, provider: LocalProvider) -> None:
    provider.secret = "another"
    said(signed_in(gateway), 503, "gateway's log")


STRANGE = {
    "huge": lambda: Response(b'{"issuer": "' + b"x" * wire.LARGEST + b'"}', media_type="application/json"),
    "small but endless": lambda: Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "no JSON": lambda: Response("<html>"),
    "no object": lambda: JSONResponse(["issuer"]),
    "deep": lambda: Response(b"[" * 200_000),
    "elsewhere": lambda: RedirectResponse("http://127.0.0.1:1/", 302),
    "failing": lambda: JSONResponse({}, 500),
    "missing": lambda: JSONResponse({}, 404),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("path", [DESCRIPTION, KEYS, TOKEN])
def test_strange_replies_of_the_provider(gateway: Served, provider: LocalProvider, path: str, what: str) -> None:
    if path == DESCRIPTION:
        provider.answers[path] = STRANGE[what]
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
        assert provider.asked == [DESCRIPTION]  # who comes in the next seconds hears the same at once
        return
    begun = begin(gateway)
    provider.answers[path] = STRANGE[what]
    said(finish(gateway, begun, at_the_provider(begun["address"])), 503, "doesn't answer as it should")


def test_what_would_be_right_but_for_its_size_or_its_place(gateway: Served, provider: LocalProvider) -> None:
    right = httpx.get(provider.issuer + DESCRIPTION, trust_env=False, verify=NO_TLS).json()
    for answer in (
        JSONResponse({**right, "more": "x" * wire.LARGEST}),
        RedirectResponse(f"{provider.issuer}/moved", 302),
        Response(gzip.compress(json.dumps(right).encode()), headers={"Content-Encoding": "gzip"}),
    ):
        fresh(gateway)
        provider.answers |= {"/moved": lambda: JSONResponse(right), DESCRIPTION: lambda given=answer: given}
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
    fresh(gateway)
    provider.answers[DESCRIPTION] = lambda: JSONResponse(right)
    assert signed_in(gateway).status_code == 200
    assert "/moved" not in provider.asked


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "https://user:word@evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_describes_itself_wrongly(gateway: Served, provider: LocalProvider, described: dict) -> None:
    provider.described = described
    said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")


@pytest.mark.parametrize(
    "keys",
    [[], [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa-1"}], [{"kty": "RSA", "n": 5, "e": "AQAB"}], "keys", [None]],
)
def test_keys_that_are_none(gateway: Served, provider: LocalProvider, keys: object) -> None:
    provider.answers[KEYS] = lambda: JSONResponse({"keys": keys})
    said(signed_in(gateway), 503, "doesn't answer as it should")


def test_keys_that_arent_understood_are_passed_over(gateway: Served, provider: LocalProvider) -> None:
    odd = [
        {"kty": "PQ", "kid": "rsa-1"},
        {"kty": "EC", "crv": "P-1", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "!", "e": "!"},
    ]
    good = key("RSA", "rsa-1").as_dict(private=False)
    provider.answers[KEYS] = lambda: JSONResponse({"keys": [*odd, good]})
    assert signed_in(gateway).status_code == 200


def test_a_provider_that_is_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody = LocalProvider("http://127.0.0.1:1")
    with served(tmp_path_factory.mktemp("down"), **settings_for(nobody)) as gateway:
        said(gateway.client().post("/auth/oidc/begin"), 503, "sign in with a password")
        reply = gateway.client().post("/auth/sign-in", json={"name": "mira", "password": PASSWORD})
        assert reply.status_code == 200


def test_a_provider_that_is_slow(gateway: Served, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SECONDS", 0.2)
    provider.seconds = 5
    said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
    provider.seconds = 0
    assert gateway.client().get("/health").status_code == 200


def test_failures_count_for_the_address(gateway: Served, provider: LocalProvider) -> None:
    there = {"X-Forwarded-For": "203.0.113.7"}
    body = {"state": "made-up", "browser": "made-up"}
    client = gateway.client()
    for _ in range(ADDRESS_FAILURES):
        assert client.post("/auth/oidc/finish", json=body, headers=there).status_code == 401
    assert client.post("/auth/oidc/finish", json=body, headers=there).status_code == 429
    assert client.post("/auth/oidc/begin", headers=there).status_code == 429
    password = {"name": "mira", "password": PASSWORD}
    assert client.post("/auth/sign-in", json=password, headers=there).status_code == 429
    assert signed_in(gateway).status_code == 200


def test_without_a_provider_there_is_no_such_way(gateway: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    with served(tmp_path_factory.mktemp("none")) as alone:
        assert alone.client().get("/auth/oidc").json() == {"name": ""}
        said(alone.client().post("/auth/oidc/begin"), 404, "oidc_issuer")
        body = {"state": "x", "browser": "y"}
        said(alone.client().post("/auth/oidc/finish", json=body), 404, "oidc_issuer")


def test_no_secret_is_in_the_log(gateway: Served, provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        token = signed_in(gateway).json()["token"]
        provider.sign = unsigned
        signed_in(gateway)
        provider.secret = "another"
        signed_in(gateway)
    hidden = [*provider.tokens, SECRET, token, "olga", "s-1"]
    logged = "\n".join(line.getMessage() for line in caplog.records if line.thread != get_ident())  # the gateway's
    assert len(hidden) > 12 and "HTTP Request: POST" in logged
    assert [one for one in hidden if one in logged] == []
    assert "ways that are safe" in logged


def test_only_signatures_of_private_keys_are_taken() -> None:
    assert len(id_token.ALGORITHMS) == 9
    assert not [one for one in id_token.ALGORITHMS if one[:2] not in ("RS", "PS", "ES")]
