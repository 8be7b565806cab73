"""The models page for admins: what answers, how each tuned adapter was measured, promotion and the way back."""

from collections.abc import Callable
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError, NotFoundError
from frontend import session
from frontend.client import Gateway
from frontend.markup import label
from frontend.model_records import Adapter, Answering, Figures, ModelList

_NONE: Final = "No tuned model is registered yet. `dossier models register` takes one in from a finished tuning run."
_WAY_BACK: Final = "New questions go to the model before; answers under way end as they began."
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
        st.info(label(str(error)))
        return
    if problem := st.session_state.pop("model_problem", ""):
        st.error(label(problem), icon=":material/error:")
    if done := st.session_state.pop("model_done", ""):
        st.success(label(done), icon=":material/check_circle:")
    _show_answering(who.gateway, found)
    for problem in found.problems:
        st.error(label(f"A tuned model is damaged: {problem}"), icon=":material/error:")
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
            st.error(label(f"It should be {_called(found, now.promoted)}, but: {now.problem}"), icon=":material/error:")
        if now.against_the_gate:
            st.warning(label(f"It was {now.against_the_gate}"), icon=":material/warning:")
        if now.promoted:
            st.caption(_WAY_BACK)
            st.button(
                "Roll back", icon=":material/undo:", key="model-rollback", on_click=_change,
                args=(found, gateway.roll_back),
            )  # fmt: skip


def _show_choice(gateway: Gateway, adapter: Adapter) -> None:
    with st.container(border=True, key=f"model-{adapter.digest[:16]}"):
        st.markdown(label(f"{adapter.name} ({adapter.digest[:16]})"))
        if adapter.against:
            st.markdown("It can't be promoted:")
            st.markdown("\n".join(f"- {label(reason)}" for reason in adapter.against))
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


def _table(found: ModelList) -> str:
    names = ("Model", "State", "Right answers", "Better by", "Forgotten", "Bias audit")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(map(_row, found.adapters))
    return f'<table class="files"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(adapter: Adapter) -> str:
    kind = "good" if adapter.state.startswith("champion") else "plain"
    name = f'{escape(adapter.name)}<div class="reason">{escape(adapter.digest[:16])}</div>'
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in _cells(adapter.figures))
    state = f'<span class="state {kind}">{escape(adapter.state)}</span>'
    return f'<tr><td class="file">{name}</td><td>{state}</td>{cells}</tr>'


def _cells(figures: Figures | None) -> tuple[str, str, str, str]:
    if figures is None:
        return "not evaluated", "–", "–", "–"
    gain = f"{100 * figures.difference:+.1f} ({100 * figures.low:+.1f} to {100 * figures.high:+.1f}) points"
    return (
        f"{figures.right:.0%} of {figures.questions} (before {figures.right_before:.0%})",
        gain,
        f"{100 * figures.forgetting:+.1f} points",
        "passed" if figures.audit_passed else "failed",
    )
