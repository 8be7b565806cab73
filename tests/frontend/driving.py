"""The page without a browser: Streamlit runs its script, and a test presses and reads."""

import sys
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import frontend
from tests.frontend.scripted_gateway.contents import PASSWORD

APP = Path(frontend.__file__).with_name("app.py")
PATIENCE = 180


def new_app() -> AppTest:
    """A tab that has just been opened."""
    return AppTest.from_file(APP, default_timeout=PATIENCE)


def forget() -> None:
    """Take away what the pages keep for all tabs."""
    st.cache_resource.clear()
    st.cache_data.clear()


def sign_in(app: AppTest, name: str = "ada", password: str = PASSWORD) -> AppTest:
    app.run()
    app.text_input(key="sign-in-name").input(name)
    app.text_input(key="sign-in-password").input(password)
    button(app, "Sign in").click()
    return app.run()


def open_page(app: AppTest, name: str) -> AppTest:
    """Open a page by its address, as the browser does."""
    app._page_hash = next(key for key, page in app._registered_pages.items() if page["url_pathname"] == name)
    return app.run()


def cut_short(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let the next drawing be cut short by another one where it calls this function of the page (`module.name`)."""
    module, _, name = place.rpartition(".")
    draw, calls = getattr(sys.modules[module], name), []

    def once(*given, **named):  # type: ignore[no-untyped-def]
        calls.append(name)
        if len(calls) == 1:
            st.rerun()
        return draw(*given, **named)

    monkeypatch.setattr(place, once)


def button(app: AppTest, label: str):  # type: ignore[no-untyped-def]
    return next(one for one in app.button if one.label == label)


def buttons(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def said(app: AppTest) -> str:
    return "\n".join(one.value for one in app.html)


def said_in_words(app: AppTest) -> str:
    """What is said in Streamlit's own elements as well, without what a label is escaped with."""
    shown = [*app.html, *app.markdown, *app.info, *app.warning, *app.error]
    return "\n".join(one.value for one in shown).replace("\\", "").replace("\u200b", "")


def ask(app: AppTest, question: str) -> AppTest:
    app.chat_input[0].set_value(question)
    return app.run()
