"""Thumbs under answers and the admins' page about them, run by Streamlit without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import ask, button, buttons, open_page, said, sign_in
from tests.frontend.processes import GatewayProcess

pytestmark = pytest.mark.slow

HURT = "<img src=x onerror=alert(1)> **bold**"


def asked(app: AppTest) -> AppTest:
    sign_in(app)
    ask(app, "What were the net sales?")
    assert {"Helpful", "Not right"} <= set(buttons(app))
    return app


def kept(gateway: GatewayProcess) -> dict[str, object]:
    (found,) = gateway.scripted()["feedback"].values()
    return dict(found)


def test_a_thumb_is_sent_and_can_be_changed(app: AppTest, gateway: GatewayProcess) -> None:
    asked(app)
    button(app, "Helpful").click()
    app.run()
    assert kept(gateway)["thumb"] == "up"
    assert "Thank you." in said(app)
    assert not app.expander or "wrong" not in " ".join(one.label for one in app.expander)
    button(app, "Not right").click()
    app.run()
    assert kept(gateway)["thumb"] == "down"
    assert "Nobody has looked at it yet" in said(app)


def test_the_form_says_what_would_be_right(app: AppTest, gateway: GatewayProcess) -> None:
    asked(app)
    button(app, "Not right").click()
    app.run()
    fields = {one.label: one for one in (*app.selectbox, *app.text_area)}
    fields["What is wrong?"].select_index(0)
    fields["What would be right?"].input("$4.3 billion")
    fields["Which source should have been used?"].select_index(1)
    fields["Anything else?"].input(HURT)
    button(app, "Send").click()
    app.run()
    found = kept(gateway)
    assert (found["reason"], found["correction"], found["page"]) == ("wrong", "$4.3 billion", 14)
    assert found["document"] == "reports/larkfield-annual-report-2025.pdf"
    assert found["comment"] == HURT
    assert any(one.label == "What you said about it" for one in app.expander)
    assert not app.exception


def test_another_document_may_be_named(app: AppTest, gateway: GatewayProcess) -> None:
    asked(app)
    button(app, "Not right").click()
    app.run()
    next(one for one in app.text_input if "its name" in one.label).input("budget.xlsx")
    app.number_input[0].set_value(3)
    button(app, "Send").click()
    app.run()
    assert (kept(gateway)["document"], kept(gateway)["page"]) == ("budget.xlsx", 3)


def test_a_gateway_that_can_not_keep_it_is_said(app: AppTest, gateway: GatewayProcess) -> None:
    asked(app)
    gateway.script(trouble="The store is down. Try again.")
    button(app, "Helpful").click()
    app.run()
    assert "The store is down" in " ".join(one.value for one in (*app.error, *app.warning))
    assert "Helpful" in buttons(app)


def test_an_admin_accepts_the_suggestion_and_the_asker_sees_it(
    app: AppTest,
    gateway: GatewayProcess,
) -> None:
    asked(app)
    button(app, "Not right").click()
    app.run()
    open_page(app, "feedback")
    text = said(app)
    assert "What were the net sales?" in text
    assert "Suggested:" in text and "The page is passage 1 of the answer." in text
    assert "&lt;img" in text and "<img" not in text and "<script" not in text
    button(app, "Accept: Generation").click()
    app.run()
    assert (kept(gateway)["state"], kept(gateway)["triage"]) == ("triaged", "generation")
    assert "Accept: Generation" not in buttons(app)
    open_page(app, "")
    next(one for one in app.button if one.key and one.key.startswith("open-")).click()
    app.run()
    assert "It was looked at. The page was found, the answer made of it is wrong." in said(app)
