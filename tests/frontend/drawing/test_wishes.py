"""A press outlives the drawing that it was made for."""

import pytest
from streamlit.testing.v1 import AppTest


def interrupted() -> None:
    """A page whose first drawing after the press is cut short by another one, in the middle of what was pressed for."""
    import streamlit as st

    from dossier.errors import QuestionError
    from frontend.drawing.wishes import fulfil, press

    def do() -> None:
        st.session_state["tries"] = st.session_state.get("tries", 0) + 1
        if st.session_state["tries"] == 1:
            st.rerun()
        if st.session_state.get("against"):
            raise QuestionError("It can't be.")
        st.session_state["made"] = st.session_state["tries"]

    st.button("Do it", key="do", on_click=press, args=("it",))
    fulfil("it", do)
    st.markdown(f"made {st.session_state.get('made')}")


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_function(interrupted, default_timeout=60).run()


def test_what_is_cut_short_is_done_by_the_next_drawing_and_then_no_more(page: AppTest) -> None:
    assert page.markdown[0].value == "made None"
    page.button(key="do").click().run()
    assert page.markdown[0].value == "made 2"
    page.run()
    assert page.session_state["tries"] == 2
    page.button(key="do").click().run()
    assert page.markdown[0].value == "made 3"
    assert not page.exception


def test_what_is_against_it_stays_to_be_read_and_can_be_tried_again(page: AppTest) -> None:
    page.session_state["against"] = True
    page.button(key="do").click().run()
    for _ in range(2):
        assert page.error[0].value.replace("\\", "") == "It can't be."
        page.run()
    page.session_state["against"] = False
    page.button(key="again-it").click().run()
    assert not page.error and page.markdown[0].value.startswith("made ")
    assert page.session_state["made"] == page.session_state["tries"]
