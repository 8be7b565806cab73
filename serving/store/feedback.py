"""Feedback on answers. Askers see and give their own only; admins see all."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dossier.errors import ConflictError, NotFoundError
from dossier.feedback import Fault, FeedbackState, Reason, Thumb
from dossier.prompt import NOT_IN_DOCUMENTS
from serving.store.conversations import as_message
from serving.store.database import Database
from serving.store.opinions import Feedback, Judged, Opinion, Suggestion
from serving.store.tables import ConversationRow, FeedbackRow, MessageRow, UserRow
from serving.store.texts import storable

_LARGEST = (1 << 31) - 1
_NO_ANSWER = "You have no answer of that id. GET /conversations/{id} lists the messages with theirs."


class FeedbackStore:
    """Keeps what people say about answers, one piece for an answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def judged(self, user_id: int, message_id: int) -> Judged:
        """An answer of the user's own with what came before it. Raises NotFoundError for any other."""
        with self._database.reading() as session:
            return _judged(session, _own_answer(session, user_id, message_id))

    def keep(self, user_id: int, opinion: Opinion, suggestion: Suggestion) -> Feedback:
        """Keep an opinion; one that there was on the same answer is replaced and begins anew.

        Raises NotFoundError when the answer isn't the user's own.
        """
        now = datetime.now(UTC)
        with self._database.writing() as session:
            # locked, so that two opinions on one answer at the same moment follow each other in PostgreSQL too
            answer = _own_answer(session, user_id, opinion.message, lock=True)
            row = session.scalar(select(FeedbackRow).where(FeedbackRow.message_id == answer.id))
            if row is None:
                row = FeedbackRow(message_id=answer.id, created_at=now)
                session.add(row)
            row.user_id, row.changed_at = user_id, now
            row.thumb, row.reason = opinion.thumb.value, opinion.reason.value if opinion.reason else ""
            row.comment, row.correction = storable(opinion.comment), storable(opinion.correction)
            row.document, row.page = storable(opinion.document), opinion.page
            row.state, row.triage = FeedbackState.NEW.value, ""
            row.suggestion = suggestion.fault.value if suggestion.fault else ""
            row.evidence = [storable(sentence) for sentence in suggestion.evidence]
            session.flush()
            return _as_feedback(session, row)

    def of_conversation(self, user_id: int, conversation_id: str) -> Sequence[Feedback]:
        """What the user said about the answers of one conversation, oldest answer first."""
        wanted = (
            select(FeedbackRow)
            .join(MessageRow, MessageRow.id == FeedbackRow.message_id)
            .where(FeedbackRow.user_id == user_id, MessageRow.conversation_id == storable(conversation_id))
            .order_by(FeedbackRow.message_id)
        )
        return self._found(wanted)

    def list(
        self, states: Sequence[FeedbackState] = (), fault: Fault | None = None, offset: int = 0, limit: int = 50
    ) -> Sequence[Feedback]:
        """Everybody's feedback, the latest first: of these states (none given: of all), decided to be this fault."""
        wanted = select(FeedbackRow).order_by(FeedbackRow.changed_at.desc(), FeedbackRow.id.desc())
        if states:
            wanted = wanted.where(FeedbackRow.state.in_([state.value for state in states]))
        if fault is not None:
            wanted = wanted.where(FeedbackRow.triage == fault.value)
        return self._found(wanted.offset(offset).limit(limit))

    def change(self, feedback_id: int, state: FeedbackState | None, fault: Fault | None) -> Feedback:
        """Decide which part is at fault, or how far a piece of feedback has come. None: stays as it is.

        A fault that is decided makes what was new triaged. Raises NotFoundError, ConflictError for what can't be.
        """
        with self._database.writing() as session:
            row = session.get(FeedbackRow, feedback_id, with_for_update=True) if feedback_id <= _LARGEST else None
            if row is None:
                raise NotFoundError("There is no feedback of that id. GET /admin/feedback lists it.")
            if fault is not None:
                row.triage = fault.value
                # decided anew: what had been taken into a set or put aside starts again from here
                row.state = FeedbackState.TRIAGED.value
            if state is not None:
                row.state = state.value
            _require_possible(row)
            row.changed_at = datetime.now(UTC)
            session.flush()
            return _as_feedback(session, row)

    def _found(self, wanted: Select[FeedbackRow]) -> Sequence[Feedback]:
        with self._database.reading() as session:
            return [_as_feedback(session, row) for row in session.scalars(wanted)]


def right_answer(opinion: Opinion) -> str:
    """What the answer should have been: as corrected, or that there is none in the documents; empty if not said."""
    if opinion.correction.strip() or opinion.reason is not Reason.SHOULD_HAVE_REFUSED:
        return opinion.correction.strip()
    return NOT_IN_DOCUMENTS


def _require_possible(row: FeedbackRow) -> None:
    state = FeedbackState(row.state)
    if row.thumb == Thumb.UP and (row.triage or state in (FeedbackState.TRIAGED, FeedbackState.IN_TRAINING_SET)):
        raise ConflictError("This feedback says that the answer helped: no part is at fault.")
    if state is FeedbackState.TRIAGED and not row.triage:
        raise ConflictError("Feedback is triaged when it is decided which part is at fault. Send `triage` too.")
    if state is FeedbackState.IN_TRAINING_SET:
        if row.triage != Fault.GENERATION:
            raise ConflictError("Only faults of generation train the model. Decide so first with `triage`.")
        if not right_answer(_opinion(row)):
            raise ConflictError("This feedback doesn't say what the right answer is, so that nothing can be learned.")


def _own_answer(session: Session, user_id: int, message_id: int, lock: bool = False) -> MessageRow:
    wanted = (
        select(MessageRow)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(MessageRow.id == message_id, MessageRow.role == "assistant", ConversationRow.user_id == user_id)
    )
    row = session.scalar(wanted.with_for_update(of=MessageRow) if lock else wanted) if message_id <= _LARGEST else None
    if row is None:
        raise NotFoundError(_NO_ANSWER)
    return row


def _judged(session: Session, answer: MessageRow) -> Judged:
    earlier = (
        select(MessageRow)
        .where(MessageRow.conversation_id == answer.conversation_id, MessageRow.id < answer.id)
        .order_by(MessageRow.id)
    )
    return Judged(as_message(answer), tuple(map(as_message, session.scalars(earlier))))


def _opinion(row: FeedbackRow) -> Opinion:
    reason = Reason(row.reason) if row.reason else None
    return Opinion(row.message_id, Thumb(row.thumb), reason, row.comment, row.correction, row.document, row.page)


def _as_feedback(session: Session, row: FeedbackRow) -> Feedback:
    user, answer = session.get(UserRow, row.user_id), session.get(MessageRow, row.message_id)
    if user is None or answer is None:
        raise NotFoundError(_NO_ANSWER)
    return Feedback(
        id=row.id,
        user=user.name,
        judged=_judged(session, answer),
        opinion=_opinion(row),
        suggestion=Suggestion(Fault(row.suggestion) if row.suggestion else None, tuple(row.evidence)),
        state=FeedbackState(row.state),
        triage=Fault(row.triage) if row.triage else None,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
