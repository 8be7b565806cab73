"""Sign-ins and API keys: what a request may carry to say who makes it."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Update, delete, select, update
from sqlalchemy.orm import Session

from dossier.errors import NotFoundError, SignInError
from serving.store.database import Database
from serving.store.passwords import PasswordError, Passwords
from serving.store.people import Caller, IssuedKey, KeyInfo, Role, SignedIn
from serving.store.tables import KeyRow, SessionRow, UserRow
from serving.store.users import as_user, find

KEY_START = "dsr_"
TOKEN_START = "dst_"  # noqa: S105 (what tokens begin with, not one of them)
_SHOWN = 10
"""Characters of a key that the list shows, so that its owner can tell it from others."""
_USED_STEP = timedelta(minutes=1)
"""A key's last use is written at most this often: reading must not write at every request."""


class Credentials:
    """Issues, checks and ends sign-ins and API keys."""

    def __init__(self, database: Database, passwords: Passwords, session_time: timedelta) -> None:
        self._database = database
        self._passwords = passwords
        self._session_time = session_time

    def sign_in(self, name: str, password: str) -> SignedIn:
        """Start a sign-in. Raises SignInError when the name or the password is wrong, or the user is suspended."""
        with self._database.reading() as session:
            row = find(session, name)
            # who signs in at an identity provider has none, which takes as long to find wrong
            user_id, stored = (row.id, row.password_hash or None) if row else (None, None)
        # outside any transaction: it takes a noticeable part of a second, whether the user exists or not
        right = self._passwords.right(password, stored)
        if not right or stored is None:
            raise SignInError("The name or the password is wrong. Try again, or ask an admin to set a new password.")
        renewed = self._passwords.hash(password) if self._passwords.outdated(stored) else stored
        with self._database.writing() as session:
            row = session.get(UserRow, user_id)
            if row is None or row.suspended or row.password_hash != stored:
                raise SignInError("This account can't sign in at present. Try again, or ask an admin to open it.")
            row.password_hash = renewed
            return start_session(session, row, self._session_time)

    def sign_out(self, caller: Caller) -> None:
        """End the caller's sign-in. A caller with an API key has none; nothing happens then."""
        with self._database.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == caller.session))

    def caller(self, secret: str) -> Caller:
        """Who the token or key belongs to. Raises SignInError if it is unknown, over, revoked or its user suspended."""
        now = datetime.now(UTC)
        with self._database.reading() as session:
            found = _by_key(session, secret) if secret.startswith(KEY_START) else _by_token(session, secret, now)
        if found is None:
            raise SignInError("The sign-in is over or the key isn't valid. Sign in again, or use another key.")
        caller, key = found
        if key is not None and (key.last_used_at is None or now - key.last_used_at >= _USED_STEP):
            with self._database.writing() as session:
                session.execute(update(KeyRow).where(KeyRow.id == key.id).values(last_used_at=now))
        return caller

    def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Set a new password and end the user's other sign-ins. Raises PasswordError if either can't be used."""
        with self._database.reading() as session:
            stored = session.scalar(select(UserRow.password_hash).where(UserRow.id == caller.user_id)) or None
        if caller.issuer:
            raise PasswordError(f"You sign in at {caller.issuer} and have no password here. Change it there.")
        if not self._passwords.right(old, stored):
            raise PasswordError("The old password is wrong. Nothing was changed.")
        hashed = self._passwords.hash(new)
        with self._database.writing() as session:
            session.execute(update(UserRow).where(UserRow.id == caller.user_id).values(password_hash=hashed))
            others = delete(SessionRow).where(SessionRow.user_id == caller.user_id)
            session.execute(others if caller.session is None else others.where(SessionRow.id != caller.session))

    def keys(self, caller: Caller) -> Sequence[KeyInfo]:
        """The caller's valid keys, oldest first."""
        with self._database.reading() as session:
            return _valid_keys(session, caller.user_id)

    def keys_of(self, name: str) -> Sequence[KeyInfo]:
        """A user's valid keys, oldest first. Raises NotFoundError for an unknown name."""
        with self._database.reading() as session:
            return _valid_keys(session, _require(session, name).id)

    def issue_key(self, user_id: int, label: str) -> IssuedKey:
        """Make a key of 256 random bits for a user."""
        key = KEY_START + secrets.token_urlsafe(32)
        row = KeyRow(
            id=secrets.token_hex(16),
            user_id=user_id,
            label=label,
            prefix=key[:_SHOWN],
            key_digest=_digest(key),
            created_at=datetime.now(UTC),
        )
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return IssuedKey(row.id, row.label, key)

    def revoke_key(self, caller: Caller, key_id: str) -> None:
        """End a key of the caller's. Raises NotFoundError if the caller has no such valid key."""
        valid = [key.id for key in self.keys(caller)]
        if key_id not in valid:
            raise NotFoundError("You have no valid key of that id. GET /auth/keys lists yours.")
        with self._database.writing() as session:
            session.execute(_revoking(key_id))

    def revoke_key_of(self, name: str, key_id: str) -> None:
        """End a key of a user's. Raises NotFoundError for an unknown name, or if the user has no such valid key."""
        with self._database.writing() as session:
            if key_id not in [key.id for key in _valid_keys(session, _require(session, name).id)]:
                raise NotFoundError(f"{name} has no valid key of that id. GET /admin/users/{name}/keys lists them.")
            session.execute(_revoking(key_id))


def start_session(session: Session, row: UserRow, lasting: timedelta) -> SignedIn:
    """A fresh sign-in of a user; those that are over are forgotten."""
    token, now = TOKEN_START + secrets.token_urlsafe(32), datetime.now(UTC)
    expires = now + lasting
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    session.add(SessionRow(user_id=row.id, token_digest=_digest(token), created_at=now, expires_at=expires))
    return SignedIn(token, expires, as_user(row))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _require(session: Session, name: str) -> UserRow:
    row = find(session, name)
    if row is None:
        raise NotFoundError(f"There is no user {name!r}. GET /admin/users lists them.")
    return row


def _valid_keys(session: Session, user_id: int) -> list[KeyInfo]:
    valid = select(KeyRow).where(KeyRow.user_id == user_id, KeyRow.revoked_at.is_(None))
    rows = session.scalars(valid.order_by(KeyRow.created_at, KeyRow.id))
    return [KeyInfo(row.id, row.label, row.prefix, row.created_at, row.last_used_at) for row in rows]


def _revoking(key_id: str) -> Update:
    return update(KeyRow).where(KeyRow.id == key_id).values(revoked_at=datetime.now(UTC))


def _by_token(session: Session, token: str, now: datetime) -> tuple[Caller, None] | None:
    row = session.execute(
        select(UserRow, SessionRow.id)
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(SessionRow.token_digest == _digest(token), SessionRow.expires_at > now, UserRow.suspended.is_(False))
    ).one_or_none()
    return None if row is None else (_caller(row[0], row[1]), None)


def _by_key(session: Session, key: str) -> tuple[Caller, KeyRow] | None:
    row = session.execute(
        select(UserRow, KeyRow)
        .join(KeyRow, KeyRow.user_id == UserRow.id)
        .where(KeyRow.key_digest == _digest(key), KeyRow.revoked_at.is_(None), UserRow.suspended.is_(False))
    ).one_or_none()
    return None if row is None else (_caller(row[0], None), row[1])


def _caller(user: UserRow, session: int | None) -> Caller:
    return Caller(user.id, user.name, Role(user.role), frozenset(user.groups), session, user.issuer or "")
