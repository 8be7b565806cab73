"""An answer on the page while it is being written."""

import time
from typing import Final

import streamlit as st

from frontend.chat.answering import Answering, Snapshot
from frontend.drawing.markup import answer_html, label, plain_html

_FRAME_SECONDS: Final = 0.06
_LOOK_SECONDS: Final = 0.4


def follow(answering: Answering) -> None:
    """Draw the answer as it is written, until it ends. The page can be used meanwhile: each draw gives way."""
    slot = st.empty()
    now = answering.now
    while not now.ended:
        if now.text:
            slot.html(answer_html(now.text))
        else:
            _show_steps(slot.container(), now)
        time.sleep(_FRAME_SECONDS)
        now = answering.after(now.version, _LOOK_SECONDS)


def _show_steps(place: st.delta_generator.DeltaGenerator, now: Snapshot) -> None:
    latest = now.steps[-1] if now.steps else "Reading your question"
    # not entered with `with`, which would mark it as done
    status = place.status(label(latest), type="compact")
    for step in now.steps:
        status.html(plain_html(step, "step"))
