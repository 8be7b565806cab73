"""The pages' logic against the scripted gateway, run by Streamlit without a browser."""

from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import ask, button, buttons, new_app, open_page, said, sign_in
from tests.frontend.processes import GatewayProcess
from tests.frontend.scripted_gateway.contents import (
    CHART,
    FIGURES,
    GENERATIONS,
    HOSTILE_FILE,
    MODELS,
    PASSWORD,
    QUESTIONS,
    REFUSAL,
)

pytestmark = pytest.mark.slow


def test_a_wrong_password_is_said_in_plain_words(app: AppTest) -> None:
    sign_in(app, password="nope")
    assert [one.value for one in app.error] == ["The name or the password is wrong\\. Try again, or ask an admin\\."]
    assert not app.exception


def test_empty_fields_are_asked_for(app: AppTest) -> None:
    sign_in(app, "", "")
    assert "Enter your name" in app.warning[0].value


def test_a_gateway_that_is_down_is_said_and_retried(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.kill()
    app.run()
    assert "The gateway isn't reachable" in app.warning[0].value
    gateway.start()
    button(app, "Try again").click()
    app.run()
    assert not app.warning
    assert not app.exception


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


def test_history_goes_along_with_the_next_question(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    ask(app, "first")
    ask(app, "second")
    roles = [message["role"] for message in gateway.scripted()["asked"][1]["messages"]]
    assert roles == ["user", "assistant", "user"]


def test_past_conversations_are_listed_opened_renamed_and_deleted(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What were the net sales?")
    button(app, "New conversation").click()
    app.run()
    assert "conversation" not in app.query_params
    assert "Today" in said(app)
    button(app, "What were the net sales?").click()
    app.run()
    assert "4.2 billion" in said(app)
    app.menu_button[0].click("Rename")
    app.run()
    title = next(one for one in app.text_input if one.label == "Title")
    title.input("Sales of 2025")
    button(app, "Rename").click()
    app.run()
    assert "Sales of 2025" in buttons(app)
    app.menu_button[0].click("Delete")
    app.run()
    button(app, "Delete").click()
    app.run()
    assert "Sales of 2025" not in buttons(app)
    assert set(QUESTIONS) <= set(buttons(app))


def test_conversations_are_searched_and_offered_as_files(app: AppTest) -> None:
    sign_in(app)
    ask(app, "What were the net sales?")
    app.text_input(key="conversation-search").input("no such words").run()
    assert "No conversation has these words." in said(app)
    assert "What were the net sales?" not in buttons(app)
    app.text_input(key="conversation-search").input("Operating").run()  # a word of the answer
    assert "What were the net sales?" in buttons(app)
    app.menu_button[0].click("Export")
    app.run()
    assert [one.label for one in app.get("download_button")][-3:] == ["Markdown", "To print, or to save as PDF", "JSON"]


def test_a_conversation_that_isnt_ones_own_isnt_shown(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    ask(app, "a secret question")
    theirs = app.query_params["conversation"]
    other = new_app()
    other.query_params["conversation"] = theirs[0] if isinstance(theirs, list) else theirs
    sign_in(other, "ben")
    assert "secret" not in said(other)
    assert "4.2 billion" not in said(other)
    assert "doesn't exist any more" in other.toast[0].value


def test_a_sign_in_that_has_ended_leads_back_to_the_form(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    gateway.script(tokens={})
    app.run()
    assert "Your sign" in app.info[0].value
    assert "has ended" in app.info[0].value
    assert "Sign in" in buttons(app)
    assert not app.exception


def test_signing_out_ends_the_sign_in_at_the_gateway(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    button(app, "Sign out").click()
    app.run()
    assert gateway.scripted()["tokens"] == {}
    assert "Sign in" in buttons(app)


def test_everybody_has_the_pages_of_their_role(app: AppTest) -> None:
    sign_in(app, "ben")
    assert [link.label for link in app.page_link] == ["Ask", "Batch", "Market", "News", "Compare", "Account"]
    admin = new_app()
    sign_in(admin)
    everything = [
        "Ask",
        "Reply",
        "Batch",
        "Market",
        "News",
        "Compare",
        "Account",
        "Documents",
        "Search",
        "Models",
        "Feedback",
        "People",
        "Audit",
        "Health",
    ]
    assert [link.label for link in admin.page_link] == everything


def test_the_documents_page_lists_files_with_reasons(app: AppTest) -> None:
    sign_in(app)
    open_page(app, "documents")
    assert "Can't be read" in said(app)
    assert "It has no text, only pictures. Run it through text recognition." in said(app)
    assert HOSTILE_FILE not in said(app)
    app.toggle(key="file-problems").set_value(True)
    app.run()
    assert "old.zip" in said(app)
    assert "travel-and-expenses" not in said(app)
    app.toggle(key="file-problems").set_value(False)
    app.text_input(key="file-find").input("TRAVEL")
    app.run()
    assert "travel-and-expenses" in said(app)
    assert "old.zip" not in said(app)


def test_a_model_is_promoted_and_rolled_back_by_one_click_each(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    open_page(app, "models")
    assert any("the base model alone" in one.value for one in app.markdown)
    assert "75%" in said(app)
    assert "before 50%, 60 questions" in said(app)
    assert "+12.5 to +37.5" in said(app)
    assert "<b>second</b>" not in said(app)
    assert "Roll back" not in buttons(app)
    button(app, "Promote first").click()
    app.run()
    assert gateway.scripted()["promoted"] == ["a" * 64]
    assert "new questions go to first" in app.success[0].value
    assert "champion of finance" in said(app)
    assert "Promote first" not in buttons(app)
    button(app, "Roll back").click()
    app.run()
    assert gateway.scripted()["promoted"] == []
    assert "the base model alone" in app.success[0].value
    assert not app.exception


def test_what_speaks_against_a_model_is_shown_and_it_cannot_be_promoted(app: AppTest) -> None:
    sign_in(app)
    open_page(app, "models")
    assert button(app, "Promote <b>second</b>").disabled
    assert "<li>it wasn&#x27;t tried</li>" in said(app)
    assert "Nothing speaks against promoting it." in said(app)
    assert "<b>second</b>" not in said(app)


def test_what_a_pack_ships_and_why_it_does_not_answer_are_said(app: AppTest, gateway: GatewayProcess) -> None:
    shipped = {**MODELS[0], "state": "registered, ships with finance", "against": ["run `dossier models` first"]}
    worse = {**MODELS[1], "figures": {**FIGURES, "low": -0.02, "audit_passed": False}}
    gateway.script(models=[shipped, worse], promoted=["b" * 64], trouble="Restart Dossier.")
    sign_in(app)
    open_page(app, "models")
    assert '<span class="state plain">registered</span><div class="reason">ships with finance</div>' in said(app)
    assert "run <code>dossier models</code> first" in said(app)
    assert "\u22122.0 to" in said(app)
    assert '<span class="state bad">failed</span>' in said(app)
    assert "Restart Dossier" in app.error[0].value
    assert any("the base model alone" in one.value for one in app.markdown)


def test_a_model_that_another_admin_took_back_is_said(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.script(promoted=["a" * 64])
    sign_in(app)
    open_page(app, "models")
    gateway.script(promoted=[])
    button(app, "Roll back").click()
    app.run()
    assert "nothing to go back from" in app.error[0].value


def test_indexing_shows_progress_and_ends_with_a_report(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    open_page(app, "documents")
    job = {"state": "running", "stage": "Embedding passages", "done": 10, "total": 40, "seconds_left": 31}
    gateway.script(job=job)
    app.run()
    progress = app.get("progress")[0]
    assert progress.proto.value == 25
    assert progress.proto.text == "Working out what the passages are about, 10 of 40, about 35 seconds left"
    report = {"documents": 5, "chunks": 445, "embedded": 14, "removed": 1}
    gateway.script(job={"state": "done", "report": report})
    app.run()
    assert not app.get("progress")
    assert any("5 documents in 445 passages, 14 new or changed, 1 removed" in one.value for one in app.markdown)


def test_an_admin_checks_the_index_and_goes_back_to_an_older_version(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.script(job={"state": "idle"}, generations=GENERATIONS[2:])
    sign_in(app)
    open_page(app, "documents")
    assert not [one for one in app.selectbox if one.key == "version-chosen"]
    gateway.script(generations=GENERATIONS)
    app.run()
    chosen = app.selectbox(key="version-chosen")
    assert chosen.options == ["g000003"]  # neither what answers nor what is damaged
    app.button(key="index-verify").click().run()
    assert any("nothing is damaged" in one.value for one in app.markdown)
    app.button(key="index-rollback").click().run()
    assert any("Answers come from version g000003 again" in one.value for one in app.markdown)
    assert app.selectbox(key="version-chosen").options == ["g000005"]


def test_an_indexing_run_that_fails_says_why(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.script(job={"state": "failed", "message": "The disk is full. Free 2 GiB and start again."})
    sign_in(app)
    open_page(app, "documents")
    assert "The disk is full" in app.error[0].value


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        (PASSWORD, "short", "short", "at least 10 characters"),
        (PASSWORD, "a long new one", "another new one", "aren't the same"),
        ("wrong", "a long new one", "a long new one", "present password is wrong"),
        (PASSWORD, "a long new one", "a long new one", "The password is changed"),
    ],
)
def test_changing_the_password(app: AppTest, old: str, new: str, again: str, sentence: str) -> None:
    sign_in(app)
    open_page(app, "account")
    fields = [one for one in app.text_input if "assword" in one.label]
    for field, value in zip(fields, (old, new, again), strict=True):
        field.input(value)
    button(app, "Change password").click()
    app.run()
    shown = [one.value for one in (*app.warning, *app.error, *app.success)]
    assert len(shown) == 1
    assert sentence in shown[0]


def test_a_key_is_shown_once_and_can_be_revoked(app: AppTest) -> None:
    sign_in(app)
    open_page(app, "account")
    next(one for one in app.text_input if one.label.startswith("What is the new key")).input("Report")
    button(app, "Create key").click()
    app.run()
    assert app.code[0].value == "dsr_a1b2c3d4e5f6g7h8"
    button(app, "I have copied it").click()
    app.run()
    assert not app.code
    button(app, "Revoke").click()
    app.run()
    next(one for one in app.button if one.key == "revoke-for-good").click()
    app.run()
    assert "Revoke" not in buttons(app)


def test_the_gateway_going_away_is_a_notice_and_no_traceback(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    gateway.kill()
    app.run()
    assert "The gateway isn't reachable" in app.warning[0].value
    assert "Try again" in buttons(app)
    assert not app.exception
