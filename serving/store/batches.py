"""Batches of questions. Everybody sees their own only; the worker that answers them sees all."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from dossier.errors import ConflictError, NotFoundError, QuestionError
from serving.store.batch_tables import BatchQuestionRow, BatchRow
from serving.store.database import Database
from serving.store.tables import UserRow
from serving.store.texts import storable

MOST_QUESTIONS = 2_000
NAME = 200
_MOST_RUNNING = 3
"""Batches of one person at the same time."""
_NOTHING = "There is no question in it. Write one a line, or in a column that is headed `question`."
_NO_BATCH = "You have no batch of that id. GET /v1/batches lists yours."


class BatchState(StrEnum):
    """Where a batch stands. One that is running goes on by itself when the gateway starts again."""

    RUNNING = "running"
    CANCELLED = "cancelled"
    DONE = "done"


class QuestionState(StrEnum):
    """Where one of its questions stands."""

    WAITING = "waiting"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with its counts. `seconds` is what its answers have taken so far."""

    id: str
    name: str
    state: BatchState
    total: int
    answered: int
    failed: int
    seconds: float
    created_at: datetime

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take if it goes on as until now; None: not known yet."""
        done = self.answered + self.failed
        if self.state is not BatchState.RUNNING or not done:
            return None
        return self.seconds / done * (self.total - done)


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """A question of a batch and what came of it: `sources` are those that the answer cites."""

    id: int
    question: str
    state: QuestionState = QuestionState.WAITING
    answer: str = ""
    verdict: str = ""
    note: str = ""
    sources: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """What the worker is to answer: for whom, with the groups that they are in at this moment."""

    batch: str
    question: BatchQuestion
    groups: frozenset[str]


class Batches:
    """Keeps batches. Methods that take a user raise NotFoundError for a batch that isn't that user's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, user_id: int, name: str, questions: Sequence[str]) -> Batch:
        """Keep a batch that is to be answered. Raises QuestionError for none or too many, ConflictError."""
        if not questions:
            raise QuestionError(
                "There is no question in it. Write one a line, or in a column that is headed `question`."
            )
        if len(questions) > MOST_QUESTIONS:
            raise QuestionError(
                f"It has {len(questions):,} questions; at most {MOST_QUESTIONS:,} are possible. Split it."
            )
        row = BatchRow(
            id=secrets.token_hex(16), user_id=user_id, name=storable(name)[:NAME], state=BatchState.RUNNING.value,
            seconds=0.0, created_at=datetime.now(UTC),
        )  # fmt: skip
        with self._database.writing() as session:
            _require_room(session, user_id)
            session.add(row)
            session.flush()
            session.add_all(
                BatchQuestionRow(
                    batch_id=row.id, question=storable(question), state=QuestionState.WAITING.value, answer="",
                    verdict="", note="", sources=[],
                )
                for question in questions
            )  # fmt: skip
            session.flush()
            return _as_batch(session, row)

    def list(self, user_id: int) -> Sequence[Batch]:
        """The user's batches, the latest first."""
        wanted = select(BatchRow).where(BatchRow.user_id == user_id).order_by(BatchRow.created_at.desc(), BatchRow.id)
        with self._database.reading() as session:
            return [_as_batch(session, row) for row in session.scalars(wanted)]

    def get(self, user_id: int, batch_id: str) -> Batch:
        """One batch."""
        with self._database.reading() as session:
            return _as_batch(session, _own(session, user_id, batch_id))

    def questions(
        self, user_id: int, batch_id: str, offset: int = 0, limit: int | None = None
    ) -> Sequence[BatchQuestion]:
        """The questions of a batch in order, with their answers."""
        with self._database.reading() as session:
            row = _own(session, user_id, batch_id)
            wanted = select(BatchQuestionRow).where(BatchQuestionRow.batch_id == row.id).order_by(BatchQuestionRow.id)
            return [_as_question(one) for one in session.scalars(wanted.offset(offset).limit(limit))]

    def set_running(self, user_id: int, batch_id: str, running: bool) -> Batch:
        """Cancel a batch, or let it go on: what is answered stays. Raises ConflictError for one that is done."""
        with self._database.writing() as session:
            row = _own(session, user_id, batch_id)
            if row.state == BatchState.DONE:
                raise ConflictError("This batch is done. Start another one.")
            if running and row.state != BatchState.RUNNING:
                _require_room(session, user_id)
            row.state = (BatchState.RUNNING if running else BatchState.CANCELLED).value
            session.flush()
            return _as_batch(session, row)

    def remove(self, user_id: int, batch_id: str) -> None:
        """Delete a batch with its answers."""
        with self._database.writing() as session:
            session.delete(_own(session, user_id, batch_id))

    def forget_before(self, moment: datetime) -> int:
        """Delete the batches from before a moment, with their answers; how many."""
        old = delete(BatchRow).where(BatchRow.created_at < moment)
        with self._database.writing() as session:
            return len(session.scalars(old.returning(BatchRow.id)).all())

    def next(self, after: str) -> NextQuestion | None:
        """The next question of the running batch that follows `after` (in turn, so that none waits for another's end).

        None: nothing is to be done. Batches of people who are suspended wait.
        """
        waiting = BatchQuestionRow.state == QuestionState.WAITING.value
        wanted = (
            select(BatchQuestionRow, UserRow.groups)
            .join(BatchRow, BatchRow.id == BatchQuestionRow.batch_id)
            .join(UserRow, UserRow.id == BatchRow.user_id)
            .where(BatchRow.state == BatchState.RUNNING.value, waiting, UserRow.suspended.is_(False))
            .order_by(BatchRow.id <= after, BatchRow.id, BatchQuestionRow.id)
            .limit(1)
        )
        with self._database.reading() as session:
            found = session.execute(wanted).first()
            return NextQuestion(found[0].batch_id, _as_question(found[0]), frozenset(found[1])) if found else None

    def is_running(self, batch_id: str) -> bool:
        """Whether a batch is still to be answered."""
        with self._database.reading() as session:
            row = session.get(BatchRow, batch_id)
            return row is not None and row.state == BatchState.RUNNING

    def keep(self, batch_id: str, answered: BatchQuestion, seconds: float) -> None:
        """Keep what came of a question. The last one ends the batch; one that was deleted meanwhile is forgotten."""
        with self._database.writing() as session:
            row, question = session.get(BatchRow, batch_id), session.get(BatchQuestionRow, answered.id)
            if row is None or question is None:
                return
            question.state, question.verdict = answered.state.value, answered.verdict
            question.answer, question.note = storable(answered.answer), storable(answered.note)
            question.sources = list(answered.sources)
            row.seconds += seconds
            session.flush()
            left = select(func.count()).where(
                BatchQuestionRow.batch_id == batch_id, BatchQuestionRow.state == QuestionState.WAITING.value
            )
            if not session.scalar(left):
                session.execute(update(BatchRow).where(BatchRow.id == batch_id).values(state=BatchState.DONE.value))


def _require_room(session: Session, user_id: int) -> None:
    running = select(func.count()).where(BatchRow.user_id == user_id, BatchRow.state == BatchState.RUNNING.value)
    if (session.scalar(running) or 0) >= _MOST_RUNNING:
        raise ConflictError(f"{_MOST_RUNNING} batches of yours are running. Wait for one, or cancel it.")


def _own(session: Session, user_id: int, batch_id: str) -> BatchRow:
    row = session.get(BatchRow, storable(batch_id))
    if row is None or row.user_id != user_id:
        raise NotFoundError(_NO_BATCH)
    return row


def _as_batch(session: Session, row: BatchRow) -> Batch:
    counted = select(BatchQuestionRow.state, func.count()).where(BatchQuestionRow.batch_id == row.id)
    counts: dict[str, int] = dict(session.execute(counted.group_by(BatchQuestionRow.state)).all())
    answered, failed = counts.get(QuestionState.ANSWERED, 0), counts.get(QuestionState.FAILED, 0)
    return Batch(
        row.id, row.name, BatchState(row.state), sum(counts.values()), answered, failed, row.seconds, row.created_at
    )


def _as_question(row: BatchQuestionRow) -> BatchQuestion:
    state = QuestionState(row.state)
    return BatchQuestion(row.id, row.question, state, row.answer, row.verdict, row.note, tuple(row.sources))
