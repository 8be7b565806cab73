"""What the browser shows of the page: the few things that Streamlit has no call for."""

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
_MARK: Final = """
let shown = null;
export default function ({ data }) {
  if (shown === data.place) return;
  shown = data.place;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const viewer = document.querySelector(".st-key-viewer");
    const mark = viewer && viewer.querySelector(".cited-part, .passage-part, .mark-place");
    if (!mark) return;
    if (window.matchMedia("(max-width: 1099px)").matches) mark.scrollIntoView({ block: "center" });
    for (let box = mark.parentElement; viewer.contains(box); box = box.parentElement) {
      if (box.scrollHeight > box.clientHeight + 1) {
        box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
      }
    }
  }));
}
"""
_COPY: Final = """
function copy() {
  const area = document.querySelector(".st-key-reply-draft textarea");
  if (!area) return;
  if (window.isSecureContext && navigator.clipboard) {
    navigator.clipboard.writeText(area.value);
    return;
  }
  // over plain HTTP browsers copy only what is selected
  const { selectionStart, selectionEnd } = area;
  area.select();
  document.execCommand("copy");
  area.setSelectionRange(selectionStart, selectionEnd);
}
function pressed(event) {
  if (event.target.closest && event.target.closest(".st-key-reply-copy button")) copy();
}
function typed(event) {
  const area = document.querySelector(".st-key-reply-draft textarea");
  const meant = event.altKey || (event.target === area && (event.ctrlKey || event.metaKey));
  if (event.key !== "Enter" || !area || !meant) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  area.blur();  // what was typed goes to the page before the button is pressed
  document.querySelector(".st-key-reply-copy button").click();
}
export default function () {
  document.addEventListener("click", pressed, true);
  document.addEventListener("keydown", typed, true);
  return () => {
    document.removeEventListener("click", pressed, true);
    document.removeEventListener("keydown", typed, true);
  };
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


def scroll_to_mark(place: str) -> None:
    """Bring what is marked on the open page into view, once for each `place`. Draws nothing."""
    _run("mark_scroller", _MARK, place)


def copy_reply() -> None:
    """Copy the reply when its button, or the keys for it, are pressed. Draws nothing."""
    _run("reply_copier", _COPY, "")


def close_sidebar(place: str) -> None:
    """On a narrow screen, where it covers the page, close the sidebar when `place` changes. Draws nothing."""
    _run("sidebar_closer", _CLOSE, place)


def _run(name: str, script: str, place: str) -> None:
    component = st.components.v2.component(name, js=script)
    with st.container(key=f"script-{name}"):
        component(data={"place": place}, key=f"run-{name}")
