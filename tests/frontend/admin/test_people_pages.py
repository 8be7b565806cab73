"""The admins' pages of people, audit and health against the real gateway, run by Streamlit without a browser."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from frontend.admin.audit_records import AuditWish, audit_csv, audit_page
from frontend.gateway.client import Gateway
from serving.store import Action, AuditLine, Role
from tests.frontend.driving import button, buttons, open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def gateway(module_gateway: Served) -> Served:
    module_gateway.renew()
    return module_gateway


@pytest.fixture
def app(app: AppTest) -> AppTest:
    return sign_in(app, "admin", PASSWORD)


def roles(gateway: Served) -> dict[str, tuple[str, set[str], bool]]:
    return {one.name: (one.role, set(one.groups), one.suspended) for one in gateway.store.users.all()}


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return app.run()


def told(app: AppTest) -> str:
    return " ".join(one.value for one in (*app.success, *app.error, *app.warning, *app.info))


def test_a_person_is_added_with_a_password_that_is_shown_once(app: AppTest, gateway: Served) -> None:
    open_page(app, "people")
    app.text_input(key="person-new-name").input("Olga")
    app.selectbox(key="person-new-role").select("support")
    app.multiselect(key="person-new-groups").set_value(["hr"])
    button(app, "Add").click()
    app.run()
    assert roles(gateway)["olga"] == (Role.SUPPORT, {"hr"}, False)
    assert len(app.code) == 1
    assert gateway.store.credentials.sign_in("olga", app.code[0].value).user.name == "olga"
    press(app, "password-copied")
    assert not app.code
    assert not app.exception


def test_a_name_that_is_taken_or_missing_is_said(app: AppTest, gateway: Served) -> None:
    open_page(app, "people")
    button(app, "Add").click()
    app.run()
    assert "Give the person a name" in told(app)
    app.text_input(key="person-new-name").input("mira")
    button(app, "Add").click()
    app.run()
    assert "already" in told(app)
    assert not app.code


def test_rights_suspension_and_password_are_changed(app: AppTest, gateway: Served) -> None:
    open_page(app, "people")
    press(app, "person-open-mira")
    app.selectbox(key="person-role-mira").select("support")
    app.multiselect(key="person-groups-mira").set_value(["hr"])
    button(app, "Save").click()
    app.run()
    assert roles(gateway)["mira"] == (Role.SUPPORT, {"hr"}, False)
    press(app, "person-suspend")
    assert roles(gateway)["mira"][2]
    assert "Let in again" in buttons(app)
    press(app, "person-suspend")
    assert not roles(gateway)["mira"][2]
    press(app, "person-password")
    assert gateway.store.credentials.sign_in("mira", app.code[0].value).user.name == "mira"


def test_keys_of_another_are_revoked(app: AppTest, gateway: Served) -> None:
    gateway.key("sam")
    open_page(app, "people")
    press(app, "person-open-sam")
    (key,) = gateway.store.credentials.keys_of("sam")
    press(app, f"person-revoke-{key.id}")
    assert not gateway.store.credentials.keys_of("sam")
    assert "is revoked" in told(app)


def test_erasing_wants_the_name(app: AppTest, gateway: Served) -> None:
    gateway.add("zoe", Role.ANALYST)
    open_page(app, "people")
    press(app, "person-open-zoe")
    assert app.button(key="person-erase").disabled
    app.text_input(key="person-erase-name-zoe").input("zo")
    app.run()
    assert app.button(key="person-erase").disabled
    app.text_input(key="person-erase-name-zoe").input("zoe")
    app.run()
    press(app, "person-erase")
    assert "zoe" not in roles(gateway)
    assert "Erased, with 0 conversations" in told(app)
    assert "person-open-mira" in [one.key for one in app.button]


def test_admins_do_no_harm_to_themselves(app: AppTest) -> None:
    open_page(app, "people")
    press(app, "person-open-admin")
    assert "This is you" in told(app)
    assert app.selectbox(key="person-role-admin").disabled
    assert not {"Suspend", "New password", "Erase for good"} & set(buttons(app))


def test_only_admins_have_these_pages(app: AppTest) -> None:
    button(app, "Sign out").click()
    app.run()
    sign_in(app, "mira", PASSWORD)
    open_page(app, "people")
    assert "person-open-sam" not in [one.key for one in app.button]
    assert not app.exception


def test_the_audit_log_is_filtered_and_paged(app: AppTest, gateway: Served) -> None:
    now = datetime.now(UTC)
    route = "GET /conversations"
    gateway.store.audit.add([AuditLine(now, "sam", Action.READ, route, 200, "done", f"t{n}") for n in range(60)])
    gateway.store.audit.add([AuditLine(now, "sam", Action.ASK, "POST /x", 200, "answered", "<b>x</b>", ("=a.pdf",))])
    open_page(app, "audit")
    app.selectbox(key="audit-person").select("sam")
    app.run()
    assert "&lt;b&gt;x" in said(app) and "<b>x" not in said(app)
    assert "Time (UTC)" in said(app)
    assert ">t59<" in said(app) and ">t0<" not in said(app)
    press(app, "audit-older")
    assert ">t0<" in said(app) and ">t59<" not in said(app)
    press(app, "audit-newer")
    assert ">t59<" in said(app)
    app.selectbox(key="audit-action").select("ask")
    app.selectbox(key="audit-since").select("The last hour")
    app.run()
    assert ">t59<" not in said(app) and "answered" in said(app)
    assert not app.exception


def test_the_log_as_csv_has_all_pages_and_no_formulas(gateway: Served) -> None:
    now = datetime.now(UTC)
    lines = [AuditLine(now, "sam", Action.READ, "GET /y", 200, "done", f"=HYPERLINK({n})") for n in range(1100)]
    gateway.store.audit.add(lines)
    client = Gateway(gateway.address, gateway.sign_in("admin"))
    wish = AuditWish(person="sam", action="read", since=now)
    rows = audit_csv(client, wish, 5000).decode("utf-8-sig").splitlines()
    assert len(rows) == 1101
    assert all("'=HYPERLINK(" in row for row in rows[1:])
    assert len(audit_csv(client, wish, 700).splitlines()) == 701
    assert audit_page(client, AuditWish(person="nobody-of-that-name"), 10) == ([], 0)


def test_health_says_how_each_part_is(app: AppTest, gateway: Served) -> None:
    gateway.engine.state, gateway.engine.message = "failed", "The model server <stopped>."
    open_page(app, "health")
    text = said(app)
    assert "The model server &lt;stopped&gt;." in text
    assert 'class="state bad">failed' in text
    assert "Ready for questions, the last hour: in" in text
    assert "own queue isn&#x27;t read" in text
    assert "No answers are under way" in " ".join(one.value for one in app.markdown)
    assert not app.exception
