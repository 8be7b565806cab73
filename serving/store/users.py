"""The users of the store."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dossier.errors import ConflictError, NotFoundError, QuestionError
from serving.store.database import Database
from serving.store.passwords import Passwords
from serving.store.people import Change, NewUser, Role, User
from serving.store.tables import SessionRow, UserRow

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Users:
    """Adds, lists and changes users. Names are compared without regard to case."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    def add(self, new: NewUser) -> User:
        """Add a user. Raises ConflictError if the name is taken, QuestionError if it can't be a name."""
        name = new.name.strip().lower()
        if not NAME.fullmatch(name):
            raise QuestionError(
                f"{new.name!r} can't be a user's name. Use up to 64 letters a-z, digits and . _ @ + -, "
                "beginning with a letter or digit."
            )
        row = UserRow(
            name=name,
            password_hash=self._passwords.hash(new.password),
            role=new.role.value,
            groups=sorted(new.groups),
            suspended=False,
            created_at=datetime.now(UTC),
        )
        try:
            with self._database.writing() as session:
                session.add(row)
                session.flush()
                return as_user(row)
        except IntegrityError as error:
            raise ConflictError(f"There is a user {name} already. Choose another name.") from error

    def all(self) -> Sequence[User]:
        """Every user, by name."""
        with self._database.reading() as session:
            return [as_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]

    def count(self) -> int:
        """How many users there are, suspended ones included."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(UserRow)) or 0

    def change(self, name: str, change: Change) -> User:
        """Change a user. A new password and a suspension end all of the user's sign-ins.

        Raises NotFoundError for an unknown name, ConflictError when no active admin would be left or an identity
        provider decides about it, PasswordError.
        """
        new_hash = None if change.password is None else self._passwords.hash(change.password)
        with self._database.writing() as session:
            row = find(session, name)
            if row is None:
                raise NotFoundError(f"There is no user {name!r}. GET /admin/users lists them.")
            _leave_to_the_provider(row, change)
            _keep_an_admin(session, row, change)
            row.role = row.role if change.role is None else change.role.value
            row.groups = row.groups if change.groups is None else sorted(change.groups)
            row.suspended = row.suspended if change.suspended is None else change.suspended
            row.password_hash = new_hash or row.password_hash
            if new_hash or row.suspended:
                session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
            session.flush()
            return as_user(row)


def find(session: Session, name: str) -> UserRow | None:
    """The user of that name, or None; also for what can't be a name."""
    name = name.strip().lower()
    return session.scalar(select(UserRow).where(UserRow.name == name)) if NAME.fullmatch(name) else None


def as_user(row: UserRow) -> User:
    """The record of a row."""
    role, groups = Role(row.role), frozenset(row.groups)
    return User(row.id, row.name, role, groups, row.suspended, row.created_at, row.issuer or "")


def require_another_admin(session: Session, row: UserRow) -> None:
    """Raise ConflictError if this user is the only active admin with a password.

    Admins of an identity provider don't count: they come and go with the provider.
    """
    if row.role != Role.ADMIN or row.suspended or row.issuer is not None:
        return
    # the rows stay locked until the end, or two admins could suspend each other at the same moment
    local = (UserRow.role == Role.ADMIN.value, UserRow.suspended.is_(False), UserRow.issuer.is_(None))
    active = select(UserRow).where(*local).order_by(UserRow.id)
    remaining = [admin for admin in session.scalars(active.with_for_update()) if admin.id != row.id]
    if not remaining:
        raise ConflictError(
            f"{row.name} is the last active admin with a password. Make another user with a password an admin first."
        )


def _leave_to_the_provider(row: UserRow, change: Change) -> None:
    if row.issuer is not None and (change.role, change.groups, change.password) != (None, None, None):
        raise ConflictError(
            f"{row.name} signs in at {row.issuer}, and has no password here: role and groups come from there with each "
            "sign-in. Change them there. Suspending works here, too."
        )


def _keep_an_admin(session: Session, row: UserRow, change: Change) -> None:
    if change.suspended is True or (change.role is not None and change.role is not Role.ADMIN):
        require_another_admin(session, row)
