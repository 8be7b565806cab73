"""Which source of which answer is open beside the conversation, and the markers in the text that open it."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from frontend.gateway.records import Message
from frontend.gateway.source_records import Source

PARAMETER: Final = "source"
"""Query parameter that names the open source, so that a reload shows it again: `<answer's id>-<number>`."""
_TURNED: Final = "viewer_turned"
_LISTENER: Final = "citation-listener"
_SCRIPT: Final = """
const sends = new Map();
let turn = 0;
function pressed(event) {
  const marker = event.target.closest && event.target.closest("button.marker[data-cite]");
  const send = [...sends.values()].pop();
  if (marker && send) send("cited", marker.dataset.cite);
}
export default function ({ setTriggerValue }) {
  const mine = ++turn;
  sends.set(mine, setTriggerValue);
  document.addEventListener("click", pressed);
  // where the page is drawn twice in a row, the one that ends may be the later one: the other listens on
  return () => {
    sends.delete(mine);
    if (!sends.size) document.removeEventListener("click", pressed);
  };
}
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open source, with the text of the answer that cites it (empty: it was opened from elsewhere)."""

    key: str
    source: Source
    answer: str


def listen() -> None:
    """Open a source when its marker in an answer is pressed. Draws nothing."""
    listener = st.components.v2.component("citation_listener", js=_SCRIPT)
    with st.container(key=f"script-{_LISTENER}"):
        listener(key=_LISTENER, on_cited_change=_pressed)


def key_of(message: Message, source: Source) -> str:
    """What names a source of an answer; empty while the answer isn't kept."""
    return f"{message.id}-{source.number}" if message.id else ""


def open_source(key: str) -> None:
    """Show the page of a source beside the conversation."""
    st.query_params[PARAMETER] = key
    st.session_state.pop(_TURNED, None)


def close() -> None:
    """Show no page any more."""
    st.query_params.pop(PARAMETER, None)
    st.session_state.pop(_TURNED, None)


def wanted_key() -> str:
    """What names the open source; empty: none is open."""
    return str(st.query_params.get(PARAMETER, ""))


def opened(messages: tuple[Message, ...]) -> Opened | None:
    """The open source, where one of these messages has it."""
    wanted = wanted_key()
    for message in messages if wanted else ():
        for source in message.sources:
            if key_of(message, source) == wanted:
                return Opened(wanted, source, message.text)
    return None


def turn(page: int, at: int | None = None) -> None:
    """Turn to another page of the open source's document, or read on within one from an offset."""
    st.session_state[_TURNED] = (page, at)


def turned() -> tuple[int, int | None] | None:
    """Where the reader turned to; None: still where the passage stands."""
    return st.session_state.get(_TURNED)


def turn_back() -> None:
    """Back to the passage."""
    st.session_state.pop(_TURNED, None)


def _pressed() -> None:
    key = st.session_state[_LISTENER].get("cited")
    if key:
        open_source(str(key))
