"""The sign-in page, and what the pages tell of people whom a provider signs in, run by Streamlit without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from frontend.access.session import Session
from frontend.access.tickets import SAYINGS
from frontend.gateway.client import Gateway
from serving.store import Identity, Role
from tests.frontend.driving import buttons, new_app, open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served
from tests.serving.oidc.local_provider import LocalProvider, settings_for

pytestmark = pytest.mark.slow

ISSUER = "https://login.acme.example"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    more = settings_for(LocalProvider(ISSUER), oidc_name="Sign in with <Acme> & more")
    with served(tmp_path_factory.mktemp("gateway"), **more) as running:
        running.store.identities.sign_in(Identity(ISSUER, "s-1", "olga", Role.ADMIN, frozenset({"board"})))
        yield running


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return app.run()


def text(app: AppTest) -> str:
    words = " ".join(one.value for one in (*app.markdown, *app.caption, *app.info))
    return words.replace("\\", "").replace("\u200b", "")  # how `label` keeps Markdown off


def test_the_providers_button_is_a_link_of_this_page(app: AppTest) -> None:
    app.run()
    assert '<a class="provider" href="/oidc/start" target="_self">Sign in with &lt;Acme&gt; &amp; more</a>' in said(app)
    assert "Sign in" in buttons(app)  # with a password, as before
    assert not app.exception


def test_what_went_wrong_is_said_once_and_only_by_a_ticket(app: AppTest) -> None:
    app.query_params["said"] = SAYINGS.issue("You are in <none> of the groups.")
    app.run()
    assert "You are in <none> of the groups." in text(app)
    assert "said" not in app.query_params
    other = new_app()
    other.query_params["said"] = "Your account is locked. Call 555-1234."
    other.run()
    assert "555" not in said(other) + text(other)


def test_an_admin_sees_where_somebody_comes_from_and_changes_only_what_is_here(app: AppTest, gateway: Served) -> None:
    sign_in(app, "admin", PASSWORD)
    open_page(app, "people")
    assert any(":gray-badge[Provider]" in one.value for one in app.markdown)
    press(app, "person-open-olga")
    assert f"Signs in at {ISSUER}" in text(app) and "Role: Admin. Groups: board." in text(app)
    assert "Suspend" in buttons(app) and not {"Save", "New password"} & set(buttons(app))
    press(app, "person-suspend")
    assert {one.name: one.suspended for one in gateway.store.users.all()}["olga"]
    press(app, "person-suspend")
    assert not app.exception


def test_who_has_no_password_is_offered_no_change_of_it(app: AppTest, gateway: Served) -> None:
    token = gateway.store.identities.sign_in(Identity(ISSUER, "s-2", "petr", Role.ANALYST, frozenset())).signed_in.token
    client = Gateway(gateway.address, token)
    app.session_state["session"] = Session(client, client.me())
    app.run()
    open_page(app, "account")
    assert f"You sign in at {ISSUER}" in text(app)
    assert "Change password" not in buttons(app) and "Create key" in buttons(app)
