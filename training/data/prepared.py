"""A prepared set on disk: written whole or not at all, named by what it holds, checked when it is read."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dossier.adapters import sha256_of
from dossier.errors import DataError
from dossier.records import Progress
from retrieval.build import OnProgress
from training.data.building import build_folder
from training.data.example import Example, Task, from_json, to_line
from training.data.figures import figures_of
from training.data.importing.source import Source
from training.data.prepare import Made
from training.data.sheet import sheet_of
from training.data.splitting import SPLITS

MANIFEST, DROPPED, SHEET = "manifest.json", "dropped.jsonl", "sheet.html"
_FORMAT = 1
_UNNAMED = frozenset({"name", "digest", "sheet"})
"""Fields of the manifest that take no part in the digest: the sheet only shows what the other files hold."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A set whose files are what they were when it was written."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """`data-` and the first 12 digits of the digest."""
        return str(self.manifest["name"])

    @property
    def figures(self) -> dict[str, Any]:
        """What the sheet tells."""
        return dict(self.manifest["figures"])

    @property
    def labels(self) -> dict[str, list[str]]:
        """The intents that each source's examples may have."""
        return dict(self.manifest["labels"])

    def examples(self, split: str) -> Iterator[Example]:
        """The examples of `train`, `dev` or `test`, in the order of the file. Raises DataError."""
        if split not in SPLITS:
            raise DataError(f"there is no split {split!r}. Choose one of {', '.join(SPLITS)}.")
        file = self.folder / f"{split}.jsonl"
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    yield from_json(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise DataError(f"{file}, line {number}: {error!r}. Prepare the set again.") from error


def read_prepared(folder: Path) -> Prepared:
    """Open a prepared set after checking the digest of every file. Raises DataError naming what isn't right."""
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
        named = dict(manifest["files"])
        fitting = manifest["format"] == _FORMAT and _digest(manifest) == manifest["digest"]
        fitting = fitting and manifest["name"] == _name(manifest["digest"])
        sheet = str(manifest["sheet"])
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} holds no prepared set. Make one: dossier data prepare SOURCE --out FOLDER."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} can't be read ({error!r}). Prepare the set again.") from error
    if not fitting:
        raise DataError(f"{file} was changed or is of another version of Dossier. Prepare the set again.")
    if set(named) != {*(f"{name}.jsonl" for name in SPLITS), DROPPED}:
        raise DataError(f"{file} names other files than a set has. Prepare the set again.")
    for name, expected in {**named, SHEET: sheet}.items():
        _check(folder / name, expected)
    return Prepared(folder, manifest)


def write_prepared(made: Made, folder: Path, on_progress: OnProgress) -> tuple[Prepared, bool]:
    """Write a set: built aside, flushed, renamed; returns it and whether it is new.

    A folder that holds the same set stays as it is. Raises DataError when it holds anything else or can't be written.
    """
    manifest, is_new = build_folder(folder, MANIFEST, lambda building: _write_files(made, building, on_progress))
    return (Prepared(folder, manifest) if is_new else _same(folder, manifest)), is_new


def refuse_foreign(folder: Path) -> None:
    """Raises DataError when a folder holds something that isn't a prepared set, before any work is done."""
    there = not folder.is_dir() or any(folder.iterdir())
    if folder.exists() and there and not (folder / MANIFEST).is_file():
        raise DataError(f"{folder} is there already and isn't a prepared set. Name another folder.")


def _same(folder: Path, manifest: dict[str, Any]) -> Prepared:
    there = read_prepared(folder)
    if there.manifest["digest"] != manifest["digest"]:
        raise DataError(
            f"{folder} holds the set {there.name}; these sources and settings make {manifest['name']}. Sets aren't "
            "overwritten, since a trained model may name them: give another folder."
        )
    return there


def _write_files(made: Made, building: Path, on_progress: OnProgress) -> dict[str, Any]:
    lines: dict[str, Iterator[str]] = {f"{name}.jsonl": map(to_line, made.parts[name]) for name in SPLITS}
    lines[DROPPED] = (item.to_line() for item in made.dropped)
    started, done, total = datetime.now(UTC), 0, len(made.examples) + len(made.dropped)
    for name, told in lines.items():
        with (building / name).open("w", encoding="utf-8", newline="\n") as stream:
            for line in told:
                stream.write(line)
                done += 1
                if done % 500 == 0 or done == total:
                    on_progress(Progress("Writing examples", done, total, started))
    manifest = _manifest(made, building)
    (building / SHEET).write_text(sheet_of(made, manifest), encoding="utf-8", errors="replace")
    manifest["sheet"] = sha256_of(building / SHEET)
    (building / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _manifest(made: Made, building: Path) -> dict[str, Any]:
    files = {name: sha256_of(building / name) for name in (*(f"{name}.jsonl" for name in SPLITS), DROPPED)}
    manifest = {
        "format": _FORMAT,
        "settings": _settings(made),
        "sources": [_source(source) for source in made.sources],
        "labels": _labels(made),
        "figures": figures_of(made),
        "files": files,
    }
    manifest["digest"] = _digest(manifest)
    manifest["name"] = _name(str(manifest["digest"]))
    return manifest


def _labels(made: Made) -> dict[str, list[str]]:
    """The intents that each source knows, whatever the split: what a model may choose from."""
    found: dict[str, set[str]] = {}
    for example in made.examples:
        if example.task is Task.INTENT:
            found.setdefault(example.origin.set, set()).add(example.answer.texts[0])
    return {name: sorted(labels) for name, labels in sorted(found.items())}


def _settings(made: Made) -> dict[str, Any]:
    recipe = made.recipe
    judges = hashlib.sha256("\n".join(made.judges).encode("utf-8", "surrogatepass")).hexdigest()
    more = {"per table": recipe.per_table} if recipe.per_table else {}
    more |= {"varied": recipe.varied} if recipe.varied else {}
    return {
        **more,
        "pack": made.pack,
        "window": recipe.window,
        "seed": recipe.seed,
        "split": str(recipe.shares),
        "most": recipe.most,
        "tables": recipe.tables,
        "tokenizer": made.tokenizer,
        "kept out": judges,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind.title,
        "licence": source.kind.licence,
        "sha256": source.digest,
        "examples": len(source.examples),
    }


def _digest(manifest: dict[str, Any]) -> str:
    body = {name: value for name, value in manifest.items() if name not in _UNNAMED}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _name(digest: str) -> str:
    return f"data-{digest[:12]}"


def _check(file: Path, expected: str) -> None:
    try:
        intact = sha256_of(file) == expected
    except OSError as error:
        raise DataError(f"{file} can't be opened ({error.strerror}). Prepare the set again.") from error
    if not intact:
        raise DataError(f"{file} was changed after the set was prepared. Prepare the set again.")
