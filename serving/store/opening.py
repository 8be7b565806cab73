"""Opens the store: connects, brings the tables up to date and makes the first admin."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import DatabaseError

from dossier.errors import ConflictError, SettingsError
from dossier.settings import Settings
from serving.store.audit import AuditLog
from serving.store.batches import Batches
from serving.store.conversations import Conversations
from serving.store.credentials import Credentials
from serving.store.database import Database, unreachable
from serving.store.erasure import Erasure
from serving.store.feedback import FeedbackStore
from serving.store.identities import Identities
from serving.store.in_use import InUse
from serving.store.migrating import migrate
from serving.store.passwords import PasswordError, Passwords
from serving.store.people import ADMIN_NAME, NewUser, Role
from serving.store.users import Users


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept about people. Its methods block; the API calls them in threads."""

    database: Database
    users: Users
    credentials: Credentials
    identities: Identities
    conversations: Conversations
    feedback: FeedbackStore
    audit: AuditLog
    erasure: Erasure
    in_use: InUse
    batches: Batches

    def check(self) -> None:
        """Raise EnvironmentProblem when the database doesn't answer."""
        self.database.check()

    def close(self) -> None:
        """Close all connections and let others have the home folder."""
        self.database.close()
        self.in_use.close()


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The user made at the first start. `password` is to be shown once; None if the settings named it."""

    name: str
    password: str | None

    def __repr__(self) -> str:
        """Without the password, in case it is logged."""
        return f"FirstAdmin(name={self.name!r})"


def open_store(settings: Settings, passwords: Passwords | None = None) -> tuple[Store, FirstAdmin | None]:
    """Open the store that the settings name, with a first admin if it was just made.

    Raises SettingsError for a URL or a first password that can't be used, EnvironmentProblem when the database
    doesn't answer.
    """
    hasher = passwords or Passwords()
    in_use = InUse(settings.home)
    try:
        database = Database(settings.store_url)
        migrate(database)
    except DatabaseError as error:
        in_use.close()
        raise unreachable(error) from error
    except BaseException:
        in_use.close()
        raise
    store = Store(
        database=database,
        users=Users(database, hasher),
        credentials=Credentials(database, hasher, timedelta(hours=settings.session_hours)),
        identities=Identities(database, timedelta(hours=settings.session_hours)),
        conversations=Conversations(database),
        feedback=FeedbackStore(database),
        audit=AuditLog(database),
        erasure=Erasure(database),
        in_use=in_use,
        batches=Batches(database),
    )
    return store, _first_admin(store, settings)


def _first_admin(store: Store, settings: Settings) -> FirstAdmin | None:
    if store.users.count():
        return None
    given = settings.admin_password.get_secret_value() if settings.admin_password else None
    password = given or secrets.token_urlsafe(15)
    try:
        store.users.add(NewUser(ADMIN_NAME, password, Role.ADMIN))
    except ConflictError:  # another process that started at the same moment made it
        return None
    except PasswordError as error:
        raise SettingsError(f"setting admin_password: {error}") from error
    return FirstAdmin(ADMIN_NAME, None if given else password)
