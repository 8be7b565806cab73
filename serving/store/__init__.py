"""Users, sign-ins, keys, conversations, feedback and the audit log, in SQLite or any database of SQLAlchemy."""

from serving.store.audit import TERMINAL, Action, AuditFilter, AuditLine, AuditLog
from serving.store.erasure import Erased
from serving.store.opening import FirstAdmin, Store, open_store
from serving.store.opinions import Feedback, Judged, Opinion, Suggestion
from serving.store.people import Admitted, Caller, Change, Identity, IssuedKey, KeyInfo, NewUser, Role, SignedIn, User
from serving.store.talk import Conversation, KeptAnswer, Message, NewMessage

__all__ = [
    "TERMINAL",
    "Action",
    "Admitted",
    "AuditFilter",
    "AuditLine",
    "AuditLog",
    "Caller",
    "Change",
    "Conversation",
    "Erased",
    "Feedback",
    "FirstAdmin",
    "Identity",
    "IssuedKey",
    "KeptAnswer",
    "Judged",
    "KeyInfo",
    "Message",
    "NewMessage",
    "NewUser",
    "Opinion",
    "Role",
    "SignedIn",
    "Store",
    "Suggestion",
    "User",
    "open_store",
]
