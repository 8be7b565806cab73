"""Questions and answers in the chat, run by Streamlit without a browser before the scripted gateway."""

from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import ask, button, buttons, said, sign_in
from tests.frontend.processes import GatewayProcess
from tests.frontend.scripted_gateway.contents import CHART, QUESTIONS, REFUSAL

pytestmark = pytest.mark.slow


def test_an_engine_that_starts_is_said_with_the_time_left(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.script(ready={"engine": {"state": "starting", "message": "", "seconds_left": 40}})
    app.run()
    assert app.info[0].value.startswith("The assistant is starting, about 40 seconds left")
    sign_in(app)
    assert "The assistant is starting, about 40 seconds left" in app.info[0].value
    assert app.chat_input[0].disabled
    gateway.script(ready={})
    app.run()
    assert not app.info
    assert not app.chat_input[0].disabled


def test_a_beginning_offers_the_packs_questions_and_asks_them(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    assert set(QUESTIONS) <= set(buttons(app))
    button(app, QUESTIONS[0]).click()
    app.run()
    assert gateway.scripted()["asked"][0]["messages"] == [{"role": "user", "content": QUESTIONS[0]}]
    assert app.query_params["conversation"]
    assert "4.2 billion" in said(app)
    assert not set(QUESTIONS) & {one for one in buttons(app) if one == QUESTIONS[1]}


def test_an_answer_has_its_sources_under_it(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What were the net sales?")
    labels = [one.label for one in app.expander]
    assert labels[0].replace("\\", "") == (
        "[1] **larkfield-annual-report-2025.pdf** · page 12 · Financial review › Net sales"
    )
    assert labels[-1] == "1 more passage read for this answer"
    opened = app.expander[0].html[0].value
    assert "<mark>Net sales for 2025 were $4.2 billion, up 3.5% on the year before.</mark>" in opened
    assert 'class="marker" title="larkfield-annual-report-2025.pdf, page 12" aria-label="Source 1: lark' in said(app)
    assert "Open page 12" in buttons(app)


def test_a_computed_number_opens_to_its_cells_and_an_untraced_one_stands_out(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What was the growth?")
    assert '<span class="number computed" title="computed: (4213 - 4070) / 4070">3.51</span>' in said(app)
    assert '<span class="number traced" title="sales.xlsx, page 4, Net sales, 2025, cell B2">4,213</span>' in said(app)
    assert '<span class="number untraced" title="This number stands in none' in said(app)
    assert "How **3\\.51** was computed" in [one.label for one in app.expander]
    assert "<td>4,070</td><td>sales.xlsx, page 4, Net sales, 2024, cell C2</td>" in said(app)
    app.run()  # now from what the gateway has kept
    assert "<td>4,070</td><td>sales.xlsx, page 4, Net sales, 2024, cell C2</td>" in said(app)


def test_a_follow_up_shows_what_it_was_asked_as(app: AppTest) -> None:
    sign_in(app)
    ask(app, "And the year before?")
    for _ in range(2):
        assert '<div class="asked-as">Asked as: What were sales in 2024?</div>' in said(app)
        app.run()


def test_a_sentence_that_is_not_borne_out_is_marked_with_the_reason(app: AppTest) -> None:
    sign_in(app)
    ask(app, "Is that doubtful?")
    for _ in range(2):  # as it ended, and from what the gateway has kept
        assert '<span class="doubt" title="Asia can&#x27;t be found in [2].">Profit</span>' in said(app)
        assert "<li>“Profit doubled in Asia [2].” Asia can&#x27;t be found in [2].</li>" in said(app)
        assert '<span class="doubt"' not in said(app).split("billion")[0]
        app.run()


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("a chart", ""),
        ("a bad chart", "it isn't a chart that Vega-Lite knows"),
        ("a remote chart", "it has no values of its own"),
    ],
)
def test_an_answers_chart_is_drawn_also_after_a_reload_or_said_not_to_be(
    app: AppTest, question: str, problem: str
) -> None:
    sign_in(app)
    ask(app, f"Show {question}.")
    conversation = app.query_params["conversation"]
    for _ in range(2):
        charts = app.get("vega_lite_chart")
        assert len(charts) == (0 if problem else 1)
        assert (escape("The chart can't be drawn: " + problem) in said(app)) == bool(problem)
        if charts:
            assert CHART["description"] in charts[0].proto.spec
            assert CHART["title"] in said(app)
        assert not app.exception
        app.query_params["conversation"] = conversation
        app.run()


def test_an_answer_that_was_withdrawn_is_replaced_by_the_refusal(app: AppTest) -> None:
    sign_in(app)
    ask(app, "Was that invented?")
    for _ in range(2):
        assert "Not in the documents" in said(app) and REFUSAL in said(app)
        assert "Asia" not in said(app)
        assert "withdrawn" in said(app)
        app.run()


def test_a_refusal_looks_different_and_offers_the_nearest_passages(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What is the weather tomorrow?")
    assert "Not in the documents" in said(app)
    assert REFUSAL.replace("'", "&#x27;") in said(app) or REFUSAL in said(app)
    assert [one.label for one in app.expander] == ["Show the nearest 3 passages"]
    assert not app.error


def test_an_error_in_mid_answer_keeps_the_text_and_can_be_tried_again(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    ask(app, "break please")
    assert "The model server doesn't answer" in app.warning[0].value
    assert "4.2 billion" in said(app)
    button(app, "Try again").click()
    app.run()
    assert len(gateway.scripted()["asked"]) == 2


def test_a_question_that_is_refused_at_once_is_said(app: AppTest) -> None:
    sign_in(app)
    ask(app, "busy")
    assert "Too many questions at once" in app.warning[0].value
    assert not app.exception


def test_hostile_text_stays_text(app: AppTest) -> None:
    sign_in(app)
    ask(app, "image")
    assert "&lt;img src=x onerror=" in said(app)
    assert "<img" not in said(app)
    assert "<script" not in said(app)
