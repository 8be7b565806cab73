"""The commands `dossier user` and `dossier key`. What they change stands in the audit log too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import SettingsError
from dossier.settings import Settings, load_settings
from serving.people.erasing import ErasedPerson, erase_person
from serving.store import TERMINAL, Action, AuditLine, Change, NewUser, Role, Store, User, open_store

user_commands = command_group("Users: list, add, change, erase.")
key_commands = command_group("API keys for programs.")


@user_commands.command("list")
def list_users() -> None:
    """List the users with their role and groups, and the identity provider that signs them in, if one does."""
    with opened_store(load_settings()) as store:
        users = store.users.all()
    for user in users:
        groups = ", ".join(sorted(user.groups)) or "no groups"
        more = ("  suspended" if user.suspended else "") + (f"  from {user.issuer}" if user.issuer else "")
        print(f"{user.name:20} {user.role:8} {groups}{more}")


@user_commands.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.ANALYST,
    group: Annotated[
        list[str] | None, typer.Option(help="Group whose documents the user may read; repeat for more.")
    ] = None,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Add a user; the password is asked for.

    Example: dossier user add mira --role analyst --group hr
    """
    with opened_store(load_settings()) as store:
        user = store.users.add(NewUser(name, password, role, frozenset(group or ())))
        note_in_audit(store, Action.CHANGE, "dossier user add", user.name)
    print(f"Added {user.name} ({user.role}).")


@user_commands.command("change")
def change_user(
    name: str,
    role: Annotated[Role | None, typer.Option(help="New role.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="All groups of the user; repeat for more.")] = None,
    suspended: Annotated[bool | None, typer.Option("--suspend/--resume", help="Shut out, or let in again.")] = None,
) -> None:
    """Change a user's role, groups or suspension. It holds from their next request on."""
    groups = None if group is None else frozenset(group)
    with opened_store(load_settings()) as store:
        user = store.users.change(name, Change(role=role, groups=groups, suspended=suspended))
        note_in_audit(store, Action.CHANGE, "dossier user change", user.name)
    print(f"{user.name}: {user.role}, groups {', '.join(sorted(user.groups)) or 'none'}.")


@user_commands.command("erase")
def erase_user(
    name: Annotated[str, typer.Argument(help="Whom to erase.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase a user and everything that is kept of them, for good.

    Conversations, messages, feedback, keys and sign-ins go; the audit log, other logs and the models' history get a
    pseudonym in the place of the name. Works beside a running gateway.
    Example: dossier user erase mira
    """
    with opened_store(load_settings()) as store:
        known = _user(store, name).name
        if not yes:
            typer.confirm(f"Erase {known} with all conversations, feedback, keys and sign-ins, for good?", abort=True)
        erased = erase_person(store, load_settings(), known)
        note_in_audit(store, Action.ERASE, "dossier user erase", erased.store.pseudonym)
    print("\n".join(_told(erased)))


def _told(erased: ErasedPerson) -> list[str]:
    gone = erased.store
    counted = (
        (gone.conversations, "conversation", "conversations"),
        (gone.messages, "message", "messages"),
        (gone.feedback, "piece of feedback", "pieces of feedback"),
        (gone.batches, "batch", "batches"),
        (gone.keys, "key", "keys"),
        (gone.sign_ins, "sign-in", "sign-ins"),
    )
    lines = [
        f"Erased {gone.name}: " + ", ".join(f"{n} {one if n == 1 else more}" for n, one, more in counted) + ".",
        f"In the audit log they are {gone.pseudonym} now ({gone.audit_lines} lines); changed were also "
        f"{erased.masked} places in logs and {erased.registry} in the models' history.",
        "Not reached: backups, exported feedback, and models that learned from it.",
    ]
    if not gone.overwritten:
        lines.append(
            "The database may keep what was removed in its files until it tidies up (PostgreSQL: VACUUM FULL)."
        )
    return lines


@key_commands.command("create")
def create_key(
    label: Annotated[str, typer.Argument(help="What the key is for.")],
    user: Annotated[str, typer.Option(help="Whose rights the key has.")] = "admin",
) -> None:
    """Make an API key and print it, this once.

    Example: export OPENAI_API_KEY=$(dossier key create notebook)
    """
    with opened_store(load_settings()) as store:
        issued = store.credentials.issue_key(_user(store, user).id, label)
        note_in_audit(store, Action.CHANGE, "dossier key create", issued.id)
    print(issued.key)


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store for a command; where it is made just now, the first admin's password is told on standard error."""
    store, first = open_store(settings)
    if first and first.password:
        print(
            f"First start: sign in as {first.name} with the password {first.password} (shown this once).",
            file=sys.stderr,
        )
    try:
        yield store
    finally:
        store.close()


def note_in_audit(store: Store, action: Action, command: str, target: str) -> None:
    """Keep in the audit log that a command was run on this machine, by whoever may do so here."""
    store.audit.add([AuditLine(datetime.now(UTC), TERMINAL, action, command, 200, "done", target)])


def _user(store: Store, name: str) -> User:
    found = [user for user in store.users.all() if user.name == name.strip().lower()]
    if not found:
        raise SettingsError(f"there is no user {name!r}. `dossier user list` shows them.")
    return found[0]
