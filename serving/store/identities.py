"""Users whom an identity provider signs in: found by issuer and subject, never by a name or an address of theirs."""

from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dossier.errors import ConflictError, SignInError
from serving.store.credentials import start_session
from serving.store.database import Database
from serving.store.people import ADMIN_NAME, Admitted, Identity
from serving.store.tables import UserRow
from serving.store.texts import storable

_TRIES = 3
"""Two first sign-ins at the same moment may want the same name."""


class Identities:
    """Lets in who has been proven to be somebody, and keeps role and groups as the provider says."""

    def __init__(self, database: Database, session_time: timedelta) -> None:
        self._database, self._session_time = database, session_time

    def name_of(self, issuer: str, subject: str) -> str:
        """The name of that user here; empty: there is none yet."""
        with self._database.reading() as session:
            found = _find(session, issuer, subject)
            return found.name if found else ""

    def sign_in(self, identity: Identity) -> Admitted:
        """Start a sign-in; the first one makes the user, under a name that nobody has.

        Raises SignInError for a user who is suspended, ConflictError where no name is free.
        """
        for _ in range(_TRIES):
            try:
                with self._database.writing() as session:
                    return self._admitted(session, identity)
            except IntegrityError:
                continue
        raise ConflictError("Others signed in for the first time at the same moment. Sign in again.")

    def _admitted(self, session: Session, identity: Identity) -> Admitted:
        groups = sorted(map(storable, identity.groups))
        row = _find(session, identity.issuer, identity.subject)
        added = row is None
        if row is None:
            row = UserRow(
                name=_free_name(session, identity.wished_name),
                password_hash="",
                role=identity.role.value,
                groups=groups,
                suspended=False,
                created_at=datetime.now(UTC),
                issuer=identity.issuer,
                subject=identity.subject,
            )
            session.add(row)
        elif row.suspended:
            raise SignInError("This account can't sign in at present. Try again, or ask an admin to open it.")
        changed = not added and (row.role, row.groups) != (identity.role.value, groups)
        row.role, row.groups = identity.role.value, groups
        session.flush()
        return Admitted(start_session(session, row, self._session_time), added, changed)


def _find(session: Session, issuer: str, subject: str) -> UserRow | None:
    return session.scalar(select(UserRow).where(UserRow.issuer == issuer, UserRow.subject == subject))


def _free_name(session: Session, wished: str) -> str:
    """The wished name, or with a number behind it. The first admin's is never free."""
    taken = {ADMIN_NAME, *session.scalars(select(UserRow.name).where(UserRow.name.startswith(wished, autoescape=True)))}
    return next(name for n in count(1) if (name := wished if n == 1 else f"{wished}-{n}") not in taken)
