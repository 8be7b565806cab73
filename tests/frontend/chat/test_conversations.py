"""Conversations that were had before, run by Streamlit without a browser before the scripted gateway."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import ask, button, buttons, new_app, said, sign_in
from tests.frontend.processes import GatewayProcess
from tests.frontend.scripted_gateway.contents import QUESTIONS

pytestmark = pytest.mark.slow


def test_history_goes_along_with_the_next_question(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    ask(app, "first")
    ask(app, "second")
    roles = [message["role"] for message in gateway.scripted()["asked"][1]["messages"]]
    assert roles == ["user", "assistant", "user"]


def test_past_conversations_are_listed_opened_renamed_and_deleted(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What were the net sales?")
    button(app, "New conversation").click()
    app.run()
    assert "conversation" not in app.query_params
    assert "Today" in said(app)
    button(app, "What were the net sales?").click()
    app.run()
    assert "4.2 billion" in said(app)
    app.menu_button[0].click("Rename")
    app.run()
    title = next(one for one in app.text_input if one.label == "Title")
    title.input("Sales of 2025")
    button(app, "Rename").click()
    app.run()
    assert "Sales of 2025" in buttons(app)
    app.menu_button[0].click("Delete")
    app.run()
    button(app, "Delete").click()
    app.run()
    assert "Sales of 2025" not in buttons(app)
    assert set(QUESTIONS) <= set(buttons(app))


def test_conversations_are_searched_and_offered_as_files(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What were the net sales?")
    app.text_input(key="conversation-search").input("no such words").run()
    assert "No conversation has these words." in said(app)
    assert "What were the net sales?" not in buttons(app)
    app.text_input(key="conversation-search").input("Operating").run()  # a word of the answer
    assert "What were the net sales?" in buttons(app)
    app.menu_button[0].click("Export")
    app.run()
    assert [one.label for one in app.get("download_button")][-3:] == ["Markdown", "To print, or to save as PDF", "JSON"]


def test_a_conversation_that_isnt_ones_own_isnt_shown(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    ask(app, "a secret question")
    theirs = app.query_params["conversation"]
    other = new_app()
    other.query_params["conversation"] = theirs[0] if isinstance(theirs, list) else theirs
    sign_in(other, "ben")
    assert "secret" not in said(other)
    assert "4.2 billion" not in said(other)
    assert "doesn't exist any more" in other.toast[0].value
