"""The page Reply over the real gateway, run by Streamlit without a browser."""

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import button, cut_short, new_app, open_page, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def app(app: AppTest) -> AppTest:
    return open_page(sign_in(app, "admin", PASSWORD), "reply")


def suggested(app: AppTest, message: str) -> AppTest:
    app.text_area(key="reply-message").input(message)
    button(app, "Suggest a reply").click()
    return app.run()


@pytest.mark.parametrize("cut", [False, True])
def test_a_message_gets_a_reply_also_where_the_drawing_is_cut_short(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    if cut:
        cut_short(monkeypatch, "frontend.chat.citations.listen")
    suggested(app, "Hello,\n\nwhat were net sales?")
    assert not app.exception and not app.error and not app.warning
    assert "Net sales were $4.2 billion" in app.text_area[1].value


@pytest.mark.parametrize("cut", [False, True])
def test_no_message_is_asked_for_until_there_is_one(app: AppTest, monkeypatch: pytest.MonkeyPatch, cut: bool) -> None:
    if cut:
        cut_short(monkeypatch, "frontend.chat.citations.listen")
    suggested(app, "  \n")
    assert app.warning[0].value == "There is no message yet. Paste one."
    suggested(app, "What were net sales?")
    assert not app.warning


def test_support_begins_here_also_where_the_browser_still_names_the_other_page(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bool] = []

    def named_by_the_browser() -> None:
        drawn.append(True)
        if len(drawn) == 1:  # what the browser sends from the page that it still shows
            st.switch_page(st.session_state["ask_page"])

    monkeypatch.setattr("frontend.chat.reply._show_intent", named_by_the_browser)
    tab = sign_in(new_app(), "sam", PASSWORD)
    assert len(drawn) > 1 and not tab.exception
    assert [one.label for one in tab.text_area] == ["The customer's message"]
    open_page(tab, "ask")  # once they are at work, nothing takes them elsewhere
    assert len(tab.text_area) == 0 and len(tab.chat_input) == 1
