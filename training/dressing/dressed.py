"""A dressed set on disk: written whole or not at all, with what it was made of; checked when it is read."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dossier.adapters import sha256_of
from dossier.errors import DataError
from dossier.prompt import PROMPT_VERSION
from training.data.building import build_folder
from training.data.example import json_line
from training.data.prepared import Prepared
from training.data.splitting import SPLITS
from training.dressing.dress import DressedSplit, LeftOut, counts_of
from training.dressing.recipe import DressRecipe

MANIFEST, LEFT_OUT = "dressed.json", "left_out.jsonl"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Dressed:
    """A dressed set whose files are what they were when it was written."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def form(self) -> str:
        """How its replies are written, one of `dossier.reply.TargetFormat`."""
        return str(self.manifest["recipe"]["form"])

    @property
    def prompt(self) -> str:
        """The version of the prompts that it was rendered by."""
        return str(self.manifest["prompt version"])

    def file(self, split: str) -> Path | None:
        """The items of `train`, `dev` or `test`; None when that split has none."""
        return self.folder / f"{split}.jsonl" if self.manifest["figures"][split]["items"] else None


def write_dressed(
    splits: Mapping[str, DressedSplit], folder: Path, prepared: Prepared, recipe: DressRecipe, tokenizer: str
) -> tuple[Dressed, bool]:
    """Write the items, the manifest and what was left out; returns the set and whether it is new.

    A folder that holds the same stays as it is. Raises DataError when it holds anything else or can't be written.
    """
    manifest, is_new = build_folder(
        folder, MANIFEST, lambda building: _write_files(splits, building, prepared, recipe, tokenizer)
    )
    return (Dressed(folder, manifest) if is_new else _same(folder, manifest)), is_new


def read_dressed(folder: Path) -> Dressed:
    """Open a dressed set after checking the digest of every file. Raises DataError naming what isn't right."""
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
        named = dict(manifest["files"])
        intact = manifest["format"] == _FORMAT and manifest["digest"] == _digest(manifest)
        intact = intact and set(named) == {*(f"{name}.jsonl" for name in SPLITS), LEFT_OUT}
        changed = [name for name, digest in named.items() if sha256_of(folder / name) != digest] if intact else []
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} holds no dressed set, or not all of it. Make one: dossier data dress SET --out FOLDER."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} can't be read ({error!r}). Dress the set again.") from error
    if not intact or changed:
        what = folder / changed[0] if changed else file
        raise DataError(f"{what} was changed or is of another version of Dossier. Dress the set again.")
    return Dressed(folder, manifest)


def refuse_foreign(folder: Path) -> None:
    """Raises DataError when a folder holds something that isn't a dressed set, before any work is done."""
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already and isn't a dressed set. Name another folder.")


def summary(dressed: Dressed) -> str:
    """What the set holds and what was left out, for a terminal."""
    manifest = dressed.manifest
    lines = [f"{manifest['source']['name']} dressed as {manifest['recipe']['form']}"]
    for name in SPLITS:
        figures = manifest["figures"][name]
        told = f"  {name}: {figures['questions']:,} questions in {figures['items']:,} items"
        if figures["tokens"]:
            share = figures["tokens"] / figures["tokens without sharing"]
            told += f"; {figures['tokens']:,} tokens, {share:.0%} of what they are one by one"
            told += f", {figures['tokens of replies']:,} learned"
        lines.append(told)
        if figures["left out"]:
            lines.append("    left out: " + ", ".join(f"{why} {count:,}" for why, count in figures["left out"].items()))
    if reasons := manifest["reasons"]:
        lines.append("  why answers couldn't be written or fitted:")
        lines += [f"    {count:,}: {reason}" for reason, count in list(reasons.items())[:8]]
    return "\n".join(lines)


def _write_files(
    splits: Mapping[str, DressedSplit], building: Path, prepared: Prepared, recipe: DressRecipe, tokenizer: str
) -> dict[str, Any]:
    for name in SPLITS:
        with (building / f"{name}.jsonl").open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.writelines(item.line for item in splits[name].items)
    left = [(name, item) for name in SPLITS for item in splits[name].left_out]
    with (building / LEFT_OUT).open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(_told(name, item) for name, item in left)
    reasons = Counter(f"{item.why.value}: {item.detail}" for _, item in left if item.detail)
    manifest: dict[str, Any] = {
        "format": _FORMAT,
        "source": {"name": prepared.name, "digest": prepared.manifest["digest"]},
        "recipe": dict(recipe.as_json()),
        "prompt version": PROMPT_VERSION,
        "tokenizer": tokenizer,
        "figures": {name: counts_of(splits[name]) for name in SPLITS},
        "reasons": dict(reasons.most_common(20)),
        "files": {name: sha256_of(building / name) for name in (*(f"{one}.jsonl" for one in SPLITS), LEFT_OUT)},
    }
    manifest["digest"] = _digest(manifest)
    (building / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _told(split: str, item: LeftOut) -> str:
    """A line of `left_out.jsonl`; of the example nothing but its place and id."""
    body = {"split": split, "why": item.why, "detail": item.detail, "id": item.example.id, "where": item.example.where}
    return json_line(body)


def _same(folder: Path, manifest: Mapping[str, Any]) -> Dressed:
    there = read_dressed(folder)
    if there.manifest["digest"] != manifest["digest"]:
        raise DataError(
            f"{folder} holds another dressed set. Sets aren't overwritten, since a trained model may name them: give "
            "another folder."
        )
    return there


def _digest(manifest: Mapping[str, Any]) -> str:
    body = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
