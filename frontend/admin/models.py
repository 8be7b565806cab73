"""The models page for admins: what answers, how each tuned adapter was measured, promotion and the way back."""

import re
from collections.abc import Callable
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError, NotFoundError
from frontend.access import session
from frontend.drawing.markup import label, sentence
from frontend.gateway.client import Gateway
from frontend.gateway.model_records import Adapter, Answering, ModelList

_NONE: Final = "No tuned model is registered yet. `dossier models register` takes one in from a finished tuning run."
_WAY_BACK: Final = "After going back new questions go to the model before; answers under way end as they began."
_HEADS: Final = ("Right answers", "Better by (points)", "Forgotten (points)", "Bias audit")
_COMMAND, _AS_CODE = re.compile(r"`([^`]*)`"), r"<code>\1</code>"
_DONE: Final = "The change is made: new questions go to {}."


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Models", anchor=False)
    try:
        found = who.gateway.models()
    except NotFoundError as error:
        st.info(sentence(str(error)))
        return
    if problem := st.session_state.pop("model_problem", ""):
        st.error(sentence(problem), icon=":material/error:")
    if done := st.session_state.pop("model_done", ""):
        st.success(label(done), icon=":material/check_circle:")
    _show_answering(who.gateway, found)
    for problem in found.problems:
        st.error(sentence(f"A tuned model is damaged: {problem}"), icon=":material/error:")
    if not found.adapters:
        st.markdown(_NONE)
        return
    st.html(_table(found))
    for adapter in found.adapters:
        if adapter.digest != found.now.promoted:
            _show_choice(who.gateway, adapter)


def _show_answering(gateway: Gateway, found: ModelList) -> None:
    now = found.now
    with st.container(border=True, key="model-now"):
        st.markdown(label(f"Questions are answered by {_called(found, now.adapter)}."))
        if now.problem:
            wanted = _called(found, now.promoted)
            st.error(sentence(f"It should be {wanted}, but: {now.problem}"), icon=":material/error:")
        if now.against_the_gate:
            st.warning(sentence(f"It was {now.against_the_gate}"), icon=":material/warning:")
        if now.promoted:
            st.caption(_WAY_BACK)
            st.button(
                "Roll back", icon=":material/undo:", key="model-rollback", on_click=_change,
                args=(found, gateway.roll_back),
            )  # fmt: skip


def _show_choice(gateway: Gateway, adapter: Adapter) -> None:
    with st.container(border=True, key=f"model-{adapter.digest[:16]}"):
        st.html(_case(adapter))
        st.button(
            f"Promote {adapter.name}", icon=":material/publish:", key=f"model-promote-{adapter.digest[:16]}",
            disabled=bool(adapter.against), on_click=_change,
            args=(None, lambda: gateway.promote(adapter.digest), adapter.name),
        )  # fmt: skip


def _change(found: ModelList | None, what: Callable[[], Answering], name: str = "") -> None:
    """Promote or roll back, and keep for the next drawing what came of it."""
    try:
        now = what()
    except DossierError as error:
        st.session_state["model_problem"] = str(error)
        return
    if not now.problem:  # the page itself says when there is one
        st.session_state["model_done"] = _DONE.format(name or (_called(found, now.adapter) if found else ""))


def _called(found: ModelList, digest: str) -> str:
    """What people call an adapter."""
    if not digest:
        return "the base model alone"
    names = [adapter.name for adapter in found.adapters if adapter.digest == digest]
    return f"{names[0] if names else 'an adapter'} ({digest[:16]})"


def _case(adapter: Adapter) -> str:
    """A model's name, and what speaks against promoting it."""
    reasons = "".join(f"<li>{_COMMAND.sub(_AS_CODE, escape(reason))}</li>" for reason in adapter.against)
    said = (
        f"<p>It can't be promoted:</p><ul>{reasons}</ul>" if reasons else "<p>Nothing speaks against promoting it.</p>"
    )
    return f'<div class="case"><b>{escape(adapter.name)}</b> <span>{escape(adapter.digest[:16])}</span>{said}</div>'


def _table(found: ModelList) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Model", "State", *_HEADS))
    rows = "".join(map(_row, found.adapters))
    return f'<table class="files"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(adapter: Adapter) -> str:
    kind = "good" if adapter.state.startswith("champion") else "plain"
    name = f"{escape(adapter.name)}{_below(adapter.digest[:16])}"
    stands, _, more = adapter.state.partition(", ")
    state = f'<span class="state {kind}">{escape(stands)}</span>{_below(more)}'
    cells = "".join(f'<td data-head="{head}">{cell}</td>' for head, cell in zip(_HEADS, _cells(adapter), strict=True))
    return f'<tr><td class="file">{name}</td><td>{state}</td>{cells}</tr>'


def _cells(adapter: Adapter) -> tuple[str, str, str, str]:
    figures = adapter.figures
    if figures is None:
        return "not evaluated", "–", "–", "–"
    kind, audit = ("good", "passed") if figures.audit_passed else ("bad", "failed")
    return (
        f"{figures.right:.0%}{_below(f'before {figures.right_before:.0%}, {figures.questions} questions')}",
        f"{_points(figures.difference)}{_below(f'{_points(figures.low)} to {_points(figures.high)}')}",
        _points(figures.forgetting),
        f'<span class="state {kind}">{audit}</span>',
    )


def _points(share: float) -> str:
    """A share in points, with a sign: a minus, not a hyphen."""
    return f"{100 * share:+.1f}".replace("-", "\u2212")


def _below(text: str) -> str:
    return f'<div class="reason">{escape(text)}</div>' if text else ""
