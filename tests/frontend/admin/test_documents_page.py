"""The page of documents and the index, run by Streamlit without a browser before the scripted gateway."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import open_page, said, sign_in
from tests.frontend.processes import GatewayProcess
from tests.frontend.scripted_gateway.contents import GENERATIONS, HOSTILE_FILE

pytestmark = pytest.mark.slow


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
