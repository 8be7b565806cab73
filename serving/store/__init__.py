"""Users, sign-ins, API keys and conversations, in SQLite or any database that SQLAlchemy speaks to."""

from serving.store.opening import FirstAdmin, Store, open_store
from serving.store.people import Caller, Change, IssuedKey, KeyInfo, NewUser, Role, SignedIn, User
from serving.store.talk import Conversation, KeptAnswer, Message, NewMessage

__all__ = [
    "Caller",
    "Change",
    "Conversation",
    "FirstAdmin",
    "IssuedKey",
    "KeptAnswer",
    "KeyInfo",
    "Message",
    "NewMessage",
    "NewUser",
    "Role",
    "SignedIn",
    "Store",
    "User",
    "open_store",
]
