"""Signing in and out, and whose pages there are, run by Streamlit without a browser before the scripted gateway."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import button, buttons, new_app, sign_in
from tests.frontend.processes import GatewayProcess

pytestmark = pytest.mark.slow


def test_a_wrong_password_is_said_in_plain_words(app: AppTest) -> None:
    sign_in(app, password="nope")
    assert [one.value for one in app.error] == ["The name or the password is wrong\\. Try again, or ask an admin\\."]
    assert not app.exception


def test_empty_fields_are_asked_for(app: AppTest) -> None:
    sign_in(app, "", "")
    assert "Enter your name" in app.warning[0].value


def test_a_gateway_that_is_down_is_said_and_retried(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.kill()
    app.run()
    assert "The gateway isn't reachable" in app.warning[0].value
    gateway.start()
    button(app, "Try again").click()
    app.run()
    assert not app.warning
    assert not app.exception


def test_a_sign_in_that_has_ended_leads_back_to_the_form(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    gateway.script(tokens={})
    app.run()
    assert "Your sign" in app.info[0].value
    assert "has ended" in app.info[0].value
    assert "Sign in" in buttons(app)
    assert not app.exception


def test_signing_out_ends_the_sign_in_at_the_gateway(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    button(app, "Sign out").click()
    app.run()
    assert gateway.scripted()["tokens"] == {}
    assert "Sign in" in buttons(app)


def test_everybody_has_the_pages_of_their_role(app: AppTest) -> None:
    sign_in(app, "ben")
    assert [link.label for link in app.page_link] == ["Ask", "Batch", "Market", "News", "Compare", "Account"]
    admin = new_app()
    sign_in(admin)
    everything = [
        "Ask",
        "Reply",
        "Batch",
        "Market",
        "News",
        "Compare",
        "Account",
        "Documents",
        "Search",
        "Models",
        "Feedback",
        "People",
        "Audit",
        "Health",
    ]
    assert [link.label for link in admin.page_link] == everything


def test_the_gateway_going_away_is_a_notice_and_no_traceback(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    gateway.kill()
    app.run()
    assert "The gateway isn't reachable" in app.warning[0].value
    assert "Try again" in buttons(app)
    assert not app.exception
