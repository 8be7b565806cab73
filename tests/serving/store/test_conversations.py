"""Conversations: everybody's own, in order, as they were said."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dossier.errors import NotFoundError
from serving.store import NewMessage, NewUser, Role, Store


@pytest.fixture
def ada(store: Store) -> int:
    return store.users.add(NewUser("ada", "correct horse battery", Role.ANALYST)).id


@pytest.fixture
def ben(store: Store) -> int:
    return store.users.add(NewUser("ben", "correct horse battery", Role.SUPPORT)).id


def test_messages_are_kept_as_they_were_said(store: Store, ada: int) -> None:
    conversation = store.conversations.start(ada)
    sources = ({"number": 1, "document": "a.pdf", "page": 3, "text": "Net sales: 4.2 – “quoted”\n"},)
    answer = NewMessage("assistant", "4.2 billion [1] 🙂", sources, "answered", "a note", True, "dossier-finance@1f0c")
    store.conversations.keep(ada, conversation.id, NewMessage("user", "What were net sales?"))
    store.conversations.keep(ada, conversation.id, answer)
    found = store.conversations.get(ada, conversation.id)
    question, kept = found.messages
    assert (question.role, question.text, question.interrupted) == ("user", "What were net sales?", False)
    assert (kept.text, kept.sources, kept.verdict, kept.note) == (answer.text, sources, "answered", "a note")
    assert kept.answered_by == "dossier-finance@1f0c"
    assert kept.interrupted
    assert question.created_at <= kept.created_at == found.updated_at
    assert kept.created_at.utcoffset() is not None


def test_the_first_question_becomes_the_title(store: Store, ada: int) -> None:
    conversation = store.conversations.start(ada)
    assert conversation.title == ""
    store.conversations.keep(ada, conversation.id, NewMessage("user", "What   were\nnet sales " + "in 2025 " * 20))
    title = store.conversations.get(ada, conversation.id).title
    assert title.startswith("What were net sales in 2025") and title.endswith(" in…") and len(title) <= 80
    store.conversations.keep(ada, conversation.id, NewMessage("user", "And in 2024?"))
    assert store.conversations.get(ada, conversation.id).title == title


def test_a_given_title_stays(store: Store, ada: int) -> None:
    conversation = store.conversations.start(ada, "Sales")
    store.conversations.keep(ada, conversation.id, NewMessage("user", "What were net sales?"))
    assert store.conversations.get(ada, conversation.id).title == "Sales"
    assert store.conversations.rename(ada, conversation.id, "Net sales").title == "Net sales"
    assert store.conversations.get(ada, conversation.id).title == "Net sales"


def test_the_latest_changed_comes_first_in_pages(store: Store, ada: int) -> None:
    made = [store.conversations.start(ada, f"number {number}").id for number in range(5)]
    store.conversations.keep(ada, made[0], NewMessage("user", "Still there?"))
    listed = [conversation.id for conversation in store.conversations.list(ada)]
    assert listed[0] == made[0] and sorted(listed) == sorted(made)
    pages = [store.conversations.list(ada, offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [conversation.id for page in pages for conversation in page] == listed


def test_somebody_elses_conversation_does_not_exist(store: Store, ada: int, ben: int) -> None:
    conversation = store.conversations.start(ada, "Sales")
    assert store.conversations.list(ben) == []
    for forbidden in (
        lambda: store.conversations.get(ben, conversation.id),
        lambda: store.conversations.rename(ben, conversation.id, "mine now"),
        lambda: store.conversations.keep(ben, conversation.id, NewMessage("user", "hello")),
        lambda: store.conversations.remove(ben, conversation.id),
    ):
        with pytest.raises(NotFoundError):
            forbidden()
    found = store.conversations.get(ada, conversation.id)
    assert (found.title, found.messages) == ("Sales", ())


@pytest.mark.parametrize("name", ["", "x", "0" * 32, "\x00", "A" * 32, "é" * 32, "0" * 5000])
def test_ids_that_do_not_exist(store: Store, ada: int, name: str) -> None:
    with pytest.raises(NotFoundError):
        store.conversations.get(ada, name)


def test_a_removed_conversation_takes_its_messages_along(store: Store, ada: int) -> None:
    kept, removed = store.conversations.start(ada), store.conversations.start(ada)
    for conversation in (kept, removed):
        store.conversations.keep(ada, conversation.id, NewMessage("user", "Hello?"))
    store.conversations.remove(ada, removed.id)
    with pytest.raises(NotFoundError):
        store.conversations.get(ada, removed.id)
    with store.database.locked() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM messages").scalar() == 1


def test_text_that_databases_refuse_is_kept_with_a_sign_in_its_place(store: Store, ada: int) -> None:
    conversation = store.conversations.start(ada)
    store.conversations.keep(ada, conversation.id, NewMessage("user", "a\x00b \ud800 c", ({"text": "x\x00y"},)))
    (message,) = store.conversations.get(ada, conversation.id).messages
    assert message.text == "a\ufffdb ? c"


def test_messages_written_at_once_are_all_kept(store: Store, ada: int) -> None:
    conversation = store.conversations.start(ada)

    def keep(number: int) -> None:
        store.conversations.keep(ada, conversation.id, NewMessage("user", f"number {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(40)))
    messages = store.conversations.get(ada, conversation.id).messages
    assert sorted(message.text for message in messages) == sorted(f"number {number}" for number in range(40))
