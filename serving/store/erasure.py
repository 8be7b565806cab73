"""Removes everything that is kept about one person."""

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from dossier.errors import NotFoundError
from serving.store.audit import NOBODY
from serving.store.batch_tables import BatchQuestionRow, BatchRow
from serving.store.database import Database
from serving.store.tables import (
    AuditRow,
    ConversationRow,
    FeedbackRow,
    KeyRow,
    MessageRow,
    SessionRow,
    UserRow,
)
from serving.store.users import find, require_another_admin


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed, and the pseudonym that lines of the audit log now have in the place of the name.

    `ids` are those that logs may name: of conversations, answers, batches, keys. `overwritten`: nothing is left in the
    database's file either.
    """

    name: str
    pseudonym: str
    conversations: int
    messages: int
    feedback: int
    batches: int
    keys: int
    sign_ins: int
    audit_lines: int
    ids: tuple[str, ...]
    overwritten: bool


class Erasure:
    """Erases people from the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, name: str) -> Erased:
        """Remove a user with conversations, messages, feedback, batches, keys and sign-ins, all or nothing.

        Raises NotFoundError for an unknown name, ConflictError for the last active admin.
        """
        with self._database.writing() as session:
            row = find(session, name)
            if row is None:
                raise NotFoundError(f"There is no user {name!r}. `dossier user list` and GET /admin/users show them.")
            require_another_admin(session, row)
            pseudonym = f"erased-{secrets.token_hex(4)}"
            ids = _ids(session, row.id)
            removed = _remove_all(session, row.id)
            lines = _rename_lines(session, row.name, pseudonym)
            known = row.name
            session.execute(delete(UserRow).where(UserRow.id == row.id))
        overwritten = self._database.overwrite_removed()
        return Erased(known, pseudonym, **removed, audit_lines=lines, ids=ids, overwritten=overwritten)


def _ids(session: Session, user: int) -> tuple[str, ...]:
    talks = select(ConversationRow.id).where(ConversationRow.user_id == user)
    answers = select(MessageRow.answer_id).where(MessageRow.conversation_id.in_(talks), MessageRow.answer_id != "")
    keys = session.execute(select(KeyRow.id, KeyRow.prefix).where(KeyRow.user_id == user))
    batches = select(BatchRow.id).where(BatchRow.user_id == user)
    return (
        *session.scalars(talks),
        *session.scalars(answers),
        *session.scalars(batches),
        *(one for key in keys for one in key),
    )


def _remove_all(session: Session, user: int) -> dict[str, int]:
    talks = select(ConversationRow.id).where(ConversationRow.user_id == user)
    theirs = select(MessageRow.id).where(MessageRow.conversation_id.in_(talks))
    batches = select(BatchRow.id).where(BatchRow.user_id == user)
    session.execute(delete(BatchQuestionRow).where(BatchQuestionRow.batch_id.in_(batches)))
    about = or_(FeedbackRow.user_id == user, FeedbackRow.message_id.in_(theirs))
    removing = {
        "feedback": delete(FeedbackRow).where(about).returning(FeedbackRow.id),
        "messages": delete(MessageRow).where(MessageRow.conversation_id.in_(talks)).returning(MessageRow.id),
        "conversations": delete(ConversationRow).where(ConversationRow.user_id == user).returning(ConversationRow.id),
        "batches": delete(BatchRow).where(BatchRow.user_id == user).returning(BatchRow.id),
        "keys": delete(KeyRow).where(KeyRow.user_id == user).returning(KeyRow.id),
        "sign_ins": delete(SessionRow).where(SessionRow.user_id == user).returning(SessionRow.id),
    }
    return {what: len(session.execute(statement).all()) for what, statement in removing.items()}


def _rename_lines(session: Session, name: str, pseudonym: str) -> int:
    if name == NOBODY:
        return 0
    by = update(AuditRow).where(AuditRow.name == name).values(name=pseudonym).returning(AuditRow.id)
    about = update(AuditRow).where(AuditRow.target == name).values(target=pseudonym).returning(AuditRow.id)
    return len({*session.scalars(by), *session.scalars(about)})
