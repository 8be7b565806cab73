"""The `dossier feedback` commands."""

import shlex
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import DataError
from dossier.feedback import FeedbackState
from dossier.packs import index_folder, load_pack
from dossier.settings import Settings, load_settings
from dossier.weights import replace_file
from retrieval import generation
from retrieval.chunk_store import ChunkStore
from retrieval.readers import readers_of
from serving.feedback.export import Export, export, teaching
from serving.feedback.public_words import PublicWords
from serving.store import Store, open_store

feedback_commands = command_group("What people say about answers: export what the model can learn from.")


@feedback_commands.callback()
def _group() -> None:
    """Keep `export` a subcommand, though it is the only one."""


@feedback_commands.command("export")
def export_feedback(file: Annotated[Path, typer.Argument(help="File to write, as JSON lines.")]) -> None:
    """Write corrected answers for `dossier data prepare`: those whose fault is decided to lie in the generation.

    What is limited to groups stays here. What was written counts as in the training set from then on, and the askers
    see it.

    Example: dossier feedback export feedback.jsonl
    """
    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    store, _ = open_store(settings)
    with closing(store):
        found = _exported(settings, store)
        if not found.lines:
            raise DataError(f"there is no feedback to export.{_left_out(found)} Decide on some on the Feedback page.")
        try:
            replace_file(file, "".join(found.lines))
        except OSError as error:
            raise DataError(f"{file} can't be written: {error.strerror}. Name another file.") from error
        for number in found.taken:
            store.feedback.change(number, FeedbackState.IN_TRAINING_SET, None)
    print(f"{len(found.lines)} corrected answer{'s' if len(found.lines) != 1 else ''} written to {file}.", end="")
    print(_left_out(found) or "\n", end="")
    print(f"Prepare a set with it: dossier data prepare {shlex.quote(str(file))} --out SET_FOLDER")


def _exported(settings: Settings, store: Store) -> Export:
    pack = load_pack(settings)
    index = index_folder(settings, pack.documents)
    manifest, _ = generation.newest_intact(index)
    groups_now = readers_of(settings, pack).groups
    with closing(ChunkStore(index / manifest.name / generation.CHUNKS)) as chunks:
        return export(teaching(store.feedback), PublicWords(chunks, groups_now))


def _left_out(found: Export) -> str:
    reasons = Counter(reason for _, reason in found.left_out)
    told = "".join(f"\n  {count} left out: {reason}" for reason, count in reasons.most_common())
    return f"{told}\n" if told else ""
