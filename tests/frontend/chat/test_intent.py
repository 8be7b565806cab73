"""What a customer's message wants, above the suggested reply: over the real gateway and the real embedder."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from frontend.chat.intent import Intending, in_words, intent_html
from frontend.chat.letters import matter_of
from frontend.gateway.client import Gateway
from retrieval.embedder import Embedder
from tests.frontend.driving import button, open_page, said, sign_in
from tests.retrieval.labelling.heads import head_of, labeller_with
from tests.serving.api.serving_app import PASSWORD, Served, served, until

HEADED = "What the customer wants"
LETTER = "Hello,\n\nmy parcel is late.\nWhere is it?\n\nKind regards\nOla"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    vectors = embedder.embed(["My parcel is late.", "I want my money back."])
    head = head_of(vectors, ("delivery_is_late", "Refund_wanted?"), task="intent", threshold=0.95)
    with served(home, labeller=labeller_with(head, home)) as running:
        yield running


def asked(app: AppTest, message: str) -> AppTest:
    """Send a message and wait until its reply is drawn."""
    app.text_area(key="reply-message").input(message)
    button(app, "Suggest a reply").click()
    app.run()
    intending = app.session_state.get("reply_intent")
    if intending is not None:
        until(lambda: intending.found is not None or bool(intending.problem))
    return app.run()


@pytest.mark.model
def test_it_is_told_in_plain_words_with_how_sure_it_is(app: AppTest) -> None:
    open_page(sign_in(app, "admin", PASSWORD), "reply")
    asked(app, LETTER)
    assert not app.exception and not app.error
    assert HEADED in said(app) and "<b>Delivery is late</b>" in said(app) and "% sure" in said(app)
    assert app.text_area[1].value
    asked(app, "What will the weather be in Lisbon when the whale sings?")
    assert "<b>Not sure</b>" in said(app) and "Closest: " in said(app)


@pytest.mark.model
def test_what_cant_be_told_is_said_and_keeps_no_reply_back(app: AppTest, gateway: Served) -> None:
    labeller = gateway.app.state.running.gateway.labeller
    folder = labeller._folders[0] / "intent" / "head.safetensors"
    content = folder.read_bytes()
    folder.write_bytes(content[:-1])
    try:
        open_page(sign_in(app, "admin", PASSWORD), "reply")
        asked(app, LETTER)
    finally:
        folder.write_bytes(content)
    assert "It can't be told now." in said(app)
    assert app.text_area[1].value


@pytest.mark.model
def test_a_pack_without_a_head_is_asked_for_nothing(
    app: AppTest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path_factory.mktemp("bare")) as bare:
        monkeypatch.setenv("DOSSIER_PORT", bare.address.rsplit(":", 1)[1])
        open_page(sign_in(app, "admin", PASSWORD), "reply")
        asked(app, LETTER)
        assert app.text_area[1].value
        assert HEADED not in said(app)
        assert app.session_state["reply_intent"] is None
        admin = Gateway(bare.address, bare.sign_in("admin"))
        routes = [line["route"] for line in admin.query("/admin/audit", {"limit": 100})["lines"]]
        assert "POST /v1/chat/completions" in routes and "POST /v1/classify" not in routes


def test_labels_become_words_and_stay_text() -> None:
    assert [in_words(name) for name in ("Refund_not_showing_up", "card_arrival", "reverted_card_payment?", "")] == [
        "Refund not showing up", "Card arrival", "Reverted card payment?", "",
    ]  # fmt: skip
    assert "<img" not in intent_html(Intending(problem="<img src=x>"))
    assert matter_of(LETTER) == "my parcel is late. Where is it?"
