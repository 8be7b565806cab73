"""What claims make of a person, and what settings are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import DossierError, ForbiddenError, SettingsError
from dossier.settings import Settings, load_settings
from dossier.web_addresses import is_guarded
from serving.oidc.opening import provider_sign_in
from serving.oidc.rights import RightsByGroup, wished_name
from serving.store import Role
from serving.store.users import NAME

ISSUER = "https://login.example/realms/staff"
WELL = {"oidc_issuer": ISSUER, "oidc_client_id": "dossier", "oidc_analysts": "staff"}


def test_the_highest_role_counts() -> None:
    rights = RightsByGroup.of(Settings(oidc_admins=" bosses ,owners", oidc_analysts="staff", oidc_support="/help desk"))
    for groups, role in (
        ({"staff", "owners", "x"}, Role.ADMIN),
        ({"/help desk", "staff"}, Role.ANALYST),
        ({"/help desk"}, Role.SUPPORT),
    ):
        assert rights.role_of(frozenset(groups)) is role
    for groups in (set(), {""}, {"Owners"}, {"bosses ,owners"}):
        with pytest.raises(ForbiddenError):
            rights.role_of(frozenset(groups))


def test_the_claim_may_have_any_name() -> None:
    rights = RightsByGroup.of(Settings(oidc_groups_claim="https://acme.example/groups"))
    assert rights.groups_of({"https://acme.example/groups": ["a"], "groups": ["b"]}) == {"a"}


@given(claims=st.dictionaries(st.sampled_from(["preferred_username", "email", "name"]), st.text() | st.integers()))
def test_whatever_somebody_is_called_fits(claims: dict) -> None:
    assert NAME.fullmatch(wished_name(claims))


@given(groups=st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner, max_size=4)))
def test_whatever_the_groups_are_they_are_read_or_refused(groups: object) -> None:
    rights = RightsByGroup.of(Settings(oidc_analysts="staff"))
    try:
        found = rights.groups_of({"groups": groups})
    except ForbiddenError:
        return
    assert found <= set(groups) and all(one.isprintable() and one.strip() for one in found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "guarded"),
    [
        ("https://login.example", True),
        ("https://login.example:8443/realms/staff", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost/x", True),
        ("http://[::1]:9", True),
        ("http://login.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("https://user@login.example", False),
        ("https://:x@login.example", False),
        ("https://login.example#x", False),
        ("https:///x", False),
        ("https://login.example:99999", False),
        ("https://login.example/\n", False),
        ("ftp://login.example", False),
        ("login.example", False),
        ("", False),
    ],
)
def test_secrets_go_to_guarded_addresses_alone(address: str, guarded: bool) -> None:
    assert is_guarded(address) is guarded


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("oidc_issuer", "http://login.example", "https://"),
        ("oidc_issuer", "https://login.example?realm=x", "without password"),
        ("page_url", "https://dossier.example/folder", "folder of its own"),
        ("page_url", "http://dossier.example", "https://"),
        ("oidc_scopes", "profile", "openid"),
        ("oidc_default_role", "admin", "analyst"),
    ],
)
def test_a_setting_that_cant_be_used_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings(**{name: value})
    assert words in str(refused.value)


def test_the_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOSSIER_OIDC_CLIENT_SECRET", "hunter2-hunter2")
    assert "hunter2" not in repr(load_settings())
    (tmp_path / "dossier.toml").write_text("oidc_client_secret = [1, 'hunter2-hunter2']\n")
    monkeypatch.setenv("DOSSIER_SETTINGS", str(tmp_path / "dossier.toml"))
    monkeypatch.delenv("DOSSIER_OIDC_CLIENT_SECRET")
    with pytest.raises(SettingsError, match="oidc_client_secret") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"oidc_client_id": ""}, "oidc_client_id"),
        ({"oidc_analysts": ""}, "oidc_default_role"),
        ({"host": "0.0.0.0"}, "page_url"),  # noqa: S104
    ],
)
def test_settings_with_which_nobody_could_sign_in_stop_the_start(more: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        provider_sign_in(Settings(**{**WELL, **more}))


def test_without_a_provider_there_is_nothing_and_with_one_nobody_is_asked_yet() -> None:
    assert provider_sign_in(Settings()) is None
    assert provider_sign_in(Settings(**WELL)) is not None
    assert issubclass(SettingsError, DossierError)


def test_where_the_provider_sends_people_back_to() -> None:
    assert Settings().page_address == "http://127.0.0.1:8501"
    assert Settings(host="0.0.0.0", page_port=9).page_address == "http://127.0.0.1:9"  # noqa: S104
    assert Settings(page_url="https://dossier.example/").page_address == "https://dossier.example"
