"""The commands `dossier backup` and `dossier restore`."""

from pathlib import Path
from typing import Annotated

import typer

from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from serving.archive.backup import backup as write_backup
from serving.archive.contents import REGISTRY, Manifest
from serving.archive.restore import Restored
from serving.archive.restore import restore as put_back
from serving.people.commands import note_in_audit, opened_store
from serving.store import Action


def backup(
    file: Annotated[Path, typer.Argument(help="File to write, as dossier-2026-11-26.tar.gz.")],
    without_store: Annotated[
        bool, typer.Option("--without-store", help="Leave users and chats out, which another database keeps.")
    ] = False,
) -> None:
    """Write one file with users, chats, settings, index and promoted adapters, also while Dossier runs.

    Secret settings, sign-ins, the documents themselves and the base model aren't in it. Keep it as safe as the store.
    Example: dossier backup dossier-$(date +%F).tar.gz
    """
    settings = load_settings()
    with opened_store(settings) as store, ProgressDisplay() as display:
        manifest = write_backup(None if without_store else store, settings, file, display)
        note_in_audit(store, Action.READ, "dossier backup", "")
    print(f"Wrote {file} ({file.stat().st_size / 2**20:.1f} MiB): {_contents(manifest)}.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `dossier backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Put the state of a backup in the place of this one, after checking all of it. Dossier must not be running.

    Settings stay as they are; those that were different are told. Everybody signs in again.
    Example: dossier restore dossier-2026-11-26.tar.gz
    """
    settings = load_settings()
    if not yes:
        typer.confirm(f"Replace what is in {settings.home} by what is in {file}?", abort=True)
    with ProgressDisplay() as display:
        done = put_back(file, settings, display)
    with opened_store(settings) as store:
        note_in_audit(store, Action.CHANGE, "dossier restore", "")
    print("\n".join(_told(file, done)))


def _contents(manifest: Manifest) -> str:
    adapters = {name.split("/")[1] for name in manifest.members if name.startswith(f"{REGISTRY}/")} - {"CHAMPIONS.json"}
    adapters = {name for name in adapters if not name.startswith("reports-")}
    parts = [
        "users and chats" if manifest.schema else "no users and chats",
        f"index {manifest.generation}" if manifest.generation else "no index",
        f"{len(adapters)} adapter{'s' if len(adapters) != 1 else ''}",
    ]
    return ", ".join(parts)


def _told(file: Path, done: Restored) -> list[str]:
    lines = [f"Restored {file} of {done.manifest.created}: {_contents(done.manifest)}."]
    if done.generation != done.manifest.generation:
        lines.append(f"The index is called {done.generation} here.")
    for name, (then, now) in sorted(done.settings.items()):
        lines.append(f"Setting {name}: {then or 'default'} then, {now or 'default'} now.")
    lines.append("Keys that were revoked and people who were erased since then are back: revoke and erase them again.")
    return lines
