"""Users, sign-ins, API keys, conversations and feedback, in SQLite or any database that SQLAlchemy speaks to."""

from serving.store.opening import FirstAdmin, Store, open_store
from serving.store.opinions import Feedback, Judged, Opinion, Suggestion
from serving.store.people import Caller, Change, IssuedKey, KeyInfo, NewUser, Role, SignedIn, User
from serving.store.talk import Conversation, KeptAnswer, Message, NewMessage

__all__ = [
    "Caller",
    "Change",
    "Conversation",
    "Feedback",
    "FirstAdmin",
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
