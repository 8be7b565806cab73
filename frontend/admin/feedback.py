"""The feedback page for admins: what people say about answers, which part is at fault, and who decides."""

from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from dossier.feedback import FAULTS, REASONS, Fault, FeedbackState, Thumb
from frontend.access import session
from frontend.drawing.markup import answer_html, label, plain_html
from frontend.gateway.client import Gateway
from frontend.gateway.feedback_records import Case

_AT_ONCE: Final = 20
_STATES: Final = {
    FeedbackState.NEW: "New",
    FeedbackState.TRIAGED: "Decided",
    FeedbackState.IN_TRAINING_SET: "In the training set",
    FeedbackState.REJECTED: "Put aside",
}
_KINDS: Final = {FeedbackState.IN_TRAINING_SET: "good", FeedbackState.REJECTED: "plain"}
_NAMES: Final = {
    Fault.PARSING: "Parsing",
    Fault.RETRIEVAL: "Retrieval",
    Fault.GENERATION: "Generation",
    Fault.POLICY: "Policy",
}
_HOW: Final = (
    "Decide which part is at fault. Faults of generation with a corrected answer are what the model can learn from: "
    "`dossier feedback export FILE` writes them for `dossier data prepare`."
)
_NOTHING: Final = "Nothing here. People give feedback under each answer."
_HIDDEN: Final = (
    "This answer comes from documents that are limited to groups which you aren't in, or that aren't indexed any more."
)
_PROBLEM: Final = "feedback_admin_problem"


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Feedback", anchor=False)
    st.caption(_HOW)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(label(problem), icon=":material/error:")
    state = st.segmented_control(
        "Show", list(_STATES), default=FeedbackState.NEW, format_func=_STATES.__getitem__, key="feedback-state",
        required=True, on_change=_begin, label_visibility="collapsed",
    )  # fmt: skip
    before = int(st.session_state.get("feedback_before", 0))
    found = who.gateway.feedback(state, before, _AT_ONCE + 1)
    if not found:
        st.info(_NOTHING)
    for case in found[:_AT_ONCE]:
        _show(who.gateway, case)
    with st.container(horizontal=True):
        if before:
            st.button("Newer", key="feedback-newer", on_click=_begin, args=(max(0, before - _AT_ONCE),))
        if len(found) > _AT_ONCE:
            st.button("Older", key="feedback-older", on_click=_begin, args=(before + _AT_ONCE,))


def _begin(before: int = 0) -> None:
    st.session_state["feedback_before"] = before


def _show(gateway: Gateway, case: Case) -> None:
    with st.container(border=True, key=f"case-{case.feedback.id}"):
        asked = plain_html(case.question, "asked") + answer_html(case.answer, None)
        st.html(_head(case) + (plain_html(_HIDDEN, "note") if case.hidden else asked) + _said(case))
        if case.feedback.opinion.thumb is Thumb.DOWN:
            st.html(_suggested(case))
            if case.sources:
                with st.expander(f"The {len(case.sources)} passages that the answer was made from"):
                    st.html("".join(_passage(case, at) for at in range(len(case.sources))))
        _show_choices(gateway, case)


def _show_choices(gateway: Gateway, case: Case) -> None:
    feedback = case.feedback
    decided = feedback.triage or case.suggestion
    with st.container(horizontal=True, vertical_alignment="center"):
        if feedback.opinion.thumb is Thumb.DOWN:
            if case.suggestion and feedback.triage is None:
                st.button(
                    f"Accept: {_NAMES[case.suggestion]}", key=f"case-accept-{feedback.id}", type="primary",
                    icon=":material/check:", on_click=_decide, args=(gateway, feedback.id, case.suggestion, None),
                )  # fmt: skip
            with st.popover("Another part" if decided else "Which part is at fault?"):
                for fault in Fault:
                    if fault is not decided:
                        st.button(
                            label(f"{_NAMES[fault]}: {FAULTS[fault]}"), key=f"case-{fault}-{feedback.id}",
                            type="tertiary", on_click=_decide, args=(gateway, feedback.id, fault, None),
                        )  # fmt: skip
        if feedback.state is not FeedbackState.REJECTED:
            st.button(
                "Put aside", key=f"case-reject-{feedback.id}", type="tertiary", icon=":material/archive:",
                on_click=_decide, args=(gateway, feedback.id, None, FeedbackState.REJECTED),
            )  # fmt: skip


def _decide(gateway: Gateway, number: int, fault: Fault | None, state: FeedbackState | None) -> None:
    try:
        gateway.decide_feedback(number, fault, state)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)


def _head(case: Case) -> str:
    feedback = case.feedback
    helped = feedback.opinion.thumb is Thumb.UP
    reason = REASONS[feedback.opinion.reason] if feedback.opinion.reason else "Not right"
    thumb = f'<span class="state {"good" if helped else "bad"}">{"Helpful" if helped else escape(reason)}</span>'
    state = ""
    if feedback.triage:
        kind = _KINDS.get(feedback.state, "plain")
        said = f"{_STATES[feedback.state]}: {_NAMES[feedback.triage]}"
        state = f'<span class="state {kind}">{said}</span>'
    return f'<div class="case-head">{thumb}{state}<span class="fine">{escape(case.user)}</span></div>'


def _said(case: Case) -> str:
    """What the asker wrote: data, whatever it looks like."""
    opinion = case.feedback.opinion
    place = f"{opinion.document}, page {opinion.page}" if opinion.page else opinion.document
    told = (("Right would be", opinion.correction), ("To be found in", place), ("Remark", opinion.comment))
    rows = "".join(f"<dt>{head}</dt><dd>{escape(text)}</dd>" for head, text in told if text)
    return f'<dl class="told">{rows}</dl>' if rows else ""


def _suggested(case: Case) -> str:
    suggestion = case.suggestion
    head = f"{_NAMES[suggestion]}. {FAULTS[suggestion]}." if suggestion else "Code can't tell which part is at fault."
    evidence = "".join(f"<li>{escape(sentence)}</li>" for sentence in case.evidence)
    return f'<div class="case"><p><b>Suggested:</b> {head}</p><ul>{evidence}</ul></div>'


def _passage(case: Case, at: int) -> str:
    source = case.sources[at]
    place = f"[{source.number}] {source.document}, page {source.page}{', cited' if source.cited else ''}"
    return plain_html(place, "eyebrow") + plain_html(source.text, "passage")
