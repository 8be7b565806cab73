"""Conversations and their messages. Everybody sees their own only."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from dossier.errors import NotFoundError
from serving.store.database import Database
from serving.store.tables import ConversationRow, MessageRow, UserRow
from serving.store.talk import Conversation, KeptAnswer, Message, NewMessage
from serving.store.texts import storable as _clean

TITLE = 200
"""Longest title in characters."""
MODEL = 200
"""Longest name of a model in characters."""
_FROM_QUESTION = 80
_NO_ANSWER = (
    "There is no kept answer of that id. An answer is kept when its question names a conversation; "
    "GET /conversations/{id} shows its `answer_id`."
)
_ID = re.compile(r"[0-9a-f]{32}")


class Conversations:
    """Keeps conversations. Each method raises NotFoundError for one that isn't the user's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, user_id: int, title: str = "") -> Conversation:
        """Make an empty conversation. Without a title it gets one from its first question."""
        now = datetime.now(UTC)
        row = ConversationRow(
            id=secrets.token_hex(16), user_id=user_id, title=_clean(title)[:TITLE], created_at=now, updated_at=now
        )
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return _as_conversation(row)

    def list(self, user_id: int, offset: int = 0, limit: int = 50, search: str = "") -> Sequence[Conversation]:
        """The user's conversations without their messages, the latest changed first.

        With `search` those only that have each of its words in their title or in a message.
        """
        mine = select(ConversationRow).where(ConversationRow.user_id == user_id, *map(_says, _clean(search).split()))
        newest = mine.order_by(ConversationRow.updated_at.desc(), ConversationRow.id.desc())
        with self._database.reading() as session:
            return [_as_conversation(row) for row in session.scalars(newest.offset(offset).limit(limit))]

    def get(self, user_id: int, conversation_id: str) -> Conversation:
        """One conversation with its messages, oldest first."""
        with self._database.reading() as session:
            row = _own(session, user_id, conversation_id)
            messages = select(MessageRow).where(MessageRow.conversation_id == row.id).order_by(MessageRow.id)
            return _as_conversation(row, tuple(as_message(message) for message in session.scalars(messages)))

    def kept_answer(self, answer_id: str, user_id: int | None) -> KeptAnswer:
        """The answer of this id; with `user_id` only if it is in a conversation of that user's."""
        wanted = select(MessageRow, UserRow).where(MessageRow.answer_id == _clean(answer_id))
        owned = wanted.join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        with self._database.reading() as session:
            found = session.execute(owned.join(UserRow, UserRow.id == ConversationRow.user_id)).first()
            if not answer_id or found is None or user_id not in (None, found[1].id):
                raise NotFoundError(_NO_ANSWER)
            row, owner = found
            before = select(MessageRow.text).where(
                MessageRow.conversation_id == row.conversation_id, MessageRow.id < row.id, MessageRow.role == "user"
            )
            question = session.scalar(before.order_by(MessageRow.id.desc()).limit(1)) or ""
            return KeptAnswer(as_message(row), question, owner.name, frozenset(owner.groups))

    def rename(self, user_id: int, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title."""
        with self._database.writing() as session:
            row = _own(session, user_id, conversation_id)
            row.title = _clean(title)[:TITLE]
            session.flush()
            return _as_conversation(row)

    def remove(self, user_id: int, conversation_id: str) -> None:
        """Delete a conversation with its messages."""
        with self._database.writing() as session:
            session.delete(_own(session, user_id, conversation_id))

    def forget_before(self, moment: datetime) -> int:
        """Delete the conversations in which nothing was said since a moment, with their feedback; how many."""
        with self._database.writing() as session:
            old = delete(ConversationRow).where(ConversationRow.updated_at < moment).returning(ConversationRow.id)
            return len(session.scalars(old).all())

    def keep(self, user_id: int, conversation_id: str, message: NewMessage) -> None:
        """Add a message at the end. The first question becomes the title if there is none."""
        now = datetime.now(UTC)
        with self._database.writing() as session:
            row = _own(session, user_id, conversation_id)
            row.updated_at = now
            if not row.title and message.role == "user":
                row.title = title_of(message.text)
            session.add(
                MessageRow(
                    conversation_id=row.id,
                    role=message.role,
                    text=_clean(message.text),
                    sources=list(message.sources),
                    verdict=message.verdict,
                    note=_clean(message.note),
                    interrupted=message.interrupted,
                    answered_by=message.answered_by[:MODEL],
                    traces=list(message.traces),
                    unsupported=list(message.unsupported),
                    withdrawn=_clean(message.withdrawn),
                    asked_as=_clean(message.asked_as),
                    answer_id=message.answer_id,
                    pin=message.pin,
                    chart=message.chart,
                    created_at=now,
                )
            )


def _says(word: str) -> ColumnElement[bool]:
    """Whether a conversation has a word, without regard to case (SQLite: of English letters)."""
    here = MessageRow.text.icontains(word, autoescape=True)
    said = exists().where(MessageRow.conversation_id == ConversationRow.id, here)
    return or_(ConversationRow.title.icontains(word, autoescape=True), said)


def title_of(question: str) -> str:
    """A title from a question: on one line, cut at a word after at most 80 characters."""
    line = " ".join(_clean(question).split())
    if len(line) <= _FROM_QUESTION:
        return line
    head = line[: _FROM_QUESTION - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head) + "…"


def _own(session: Session, user_id: int, conversation_id: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation_id) if _ID.fullmatch(conversation_id) else None
    if row is None or row.user_id != user_id:
        raise NotFoundError("You have no conversation of that id. GET /conversations lists yours.")
    return row


def _as_conversation(row: ConversationRow, messages: tuple[Message, ...] = ()) -> Conversation:
    return Conversation(row.id, row.title, row.created_at, row.updated_at, messages)


def as_message(row: MessageRow) -> Message:
    """The record of a row."""
    return Message(
        role=row.role,
        text=row.text,
        sources=tuple(row.sources),
        verdict=row.verdict,
        note=row.note,
        interrupted=row.interrupted,
        created_at=row.created_at,
        answered_by=row.answered_by,
        traces=tuple(row.traces),
        unsupported=tuple(row.unsupported),
        withdrawn=row.withdrawn,
        asked_as=row.asked_as,
        answer_id=row.answer_id,
        pin=row.pin,
        chart=row.chart,
        id=row.id,
    )
