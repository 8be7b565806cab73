"""What the browser shows of the page: the two things that Streamlit has no call for."""

from typing import Final

import streamlit as st

_SCROLL: Final = """
let shown = null;
export default function ({ data }) {
  if (shown === data.place) return;
  shown = data.place;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const questions = document.querySelectorAll(".question");
    const last = questions[questions.length - 1];
    if (last) last.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  }));
}
"""
_CLOSE: Final = """
let shown = null;
export default function ({ data }) {
  const moved = shown !== null && shown !== data.place;
  shown = data.place;
  const open = document.querySelector('[data-testid="stSidebar"][aria-expanded="true"], ' +
    '[data-testid="stSidebar"][data-collapsed="false"]');
  if (moved && open && window.matchMedia("(max-width: 768px)").matches) {
    open.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  }
}
"""


def scroll_to_question(place: str) -> None:
    """Bring the latest question to the top, once for each `place`. Draws nothing."""
    _run("question_scroller", _SCROLL, place)


def close_sidebar(place: str) -> None:
    """On a narrow screen, where it covers the page, close the sidebar when `place` changes. Draws nothing."""
    _run("sidebar_closer", _CLOSE, place)


def _run(name: str, script: str, place: str) -> None:
    component = st.components.v2.component(name, js=script)
    with st.container(key=f"script-{name}"):
        component(data={"place": place}, key=f"run-{name}")
