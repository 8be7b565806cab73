"""Domain packs: a folder of configuration and content for one domain."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dossier.errors import SettingsError
from dossier.records import Evidence, Question
from dossier.settings import Settings

FORMULA = re.compile(
    r"(?P<left>[^/]+?) (?:(?P<less>-) (?P<right>[^/]+?)|/ (?P<base>[^/]+?) in (?P<unit>percent|times))"
)
"""How a formula of a pack is written: `gross profit / revenue in percent`, `current assets - current liabilities`."""
_PACKS = Path(__file__).resolve().parent.parent / "packs"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named part of a pack's documents, chosen by file name patterns; `groups` may read it (none: everyone)."""

    name: str
    title: str
    files: tuple[str, ...]
    groups: frozenset[str] = frozenset()

    def holds(self, source: str) -> bool:
        """Whether a document (path relative to the documents folder) belongs to this collection."""
        return any(fnmatch(source, pattern) for pattern in self.files)


@dataclass(frozen=True, slots=True)
class PackPrices:
    """A pack's own prices: their file (absolute; `source` is its path in the documents folder), and whose they are."""

    file: Path
    source: str
    symbol: str
    company: str


@dataclass(frozen=True, slots=True)
class Pack:
    """What `pack.toml` says.

    `documents`, `questions` and `adapter` are absolute paths; `adapter` is the folder of the adapter that the pack
    ships for its base model, None where it ships none or another base model is set; `synonyms` gives what the documents
    call a term, `formulas` how a figure comes about that they may not state: by its names (bars between), in FORMULA's
    form; `prices` are None for a pack without prices and where other documents are set; `heads` is the folder of what
    labels texts, None where the pack ships none.
    """

    name: str
    title: str
    description: str
    tone: str
    documents: Path
    starter_questions: tuple[str, ...]
    opening_question: str
    base_model: str
    adapter: Path | None
    collections: tuple[Collection, ...]
    questions: Path | None
    synonyms: Mapping[str, str]
    formulas: Mapping[str, str]
    prices: PackPrices | None = None
    heads: Path | None = None

    @property
    def model_name(self) -> str:
        """Name under which the API serves this pack."""
        return f"dossier-{self.name}"


def load_pack(settings: Settings) -> Pack:
    """Read the pack that the settings name. Raises SettingsError.

    With `documents` set, that folder replaces the pack's own documents and the pack's questions, which are about
    those, are left out.
    """
    folder = _pack_folder(settings.pack)
    file = folder / "pack.toml"
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        own = settings.documents is None
        model = raw.get("model", {})
        return Pack(
            name=raw["name"],
            title=raw["title"],
            description=raw["description"],
            tone=raw["tone"],
            documents=(folder / raw["documents"] if settings.documents is None else settings.documents).resolve(),
            starter_questions=tuple(raw["starter_questions"]) if own else (),
            opening_question=raw["opening_question"] if own else "",
            base_model=settings.base_model or model["base"],
            adapter=_adapter_folder(folder, model, settings.base_model),
            collections=tuple(_collection(item) for item in raw.get("collections", [])) if own else (),
            questions=folder / raw["questions"] if own and "questions" in raw else None,
            synonyms={str(term).lower(): str(words) for term, words in raw.get("synonyms", {}).items()},
            formulas=_formulas(raw.get("formulas", {}), file),
            prices=_prices(folder / raw["documents"], raw["market"]) if own and "market" in raw else None,
            heads=folder / raw["heads"] if "heads" in raw else None,
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} can't be read: {error}. Correct it and start again.") from error
    except KeyError as error:
        raise SettingsError(f"{file} lacks {error}. Add it; packs/finance/pack.toml shows how.") from error


def index_folder(settings: Settings, documents: Path) -> Path:
    """Where the index of one documents folder is: each folder keeps its own, so that switching embeds nothing again."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", documents.name).strip("-") or "documents"
    return settings.home / "index" / f"{name}-{hashlib.sha256(str(documents.resolve()).encode()).hexdigest()[:8]}"


def load_questions(file: Path) -> list[Question]:
    """Read an evaluation set (one JSON object a line). Raises SettingsError naming the line that is wrong."""
    questions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            evidence = tuple(Evidence(item["document"], item["page"], item["text"]) for item in raw["evidence"])
            rest = (raw.get("expression"), raw.get("unit"), _before(raw))
            questions.append(Question(raw["id"], raw["question"], raw["kind"], raw["answer"], evidence, *rest))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"{file}, line {number}: {error!r}. packs/finance/questions.jsonl shows how."
            ) from error
    return questions


def _before(raw: Mapping[str, object]) -> tuple[str, ...]:
    """The questions before a follow-up. Raises TypeError where they are no list."""
    before = raw.get("before", [])
    if not isinstance(before, list):
        raise TypeError("`before` isn't a list of questions")
    return tuple(map(str, before))


def _pack_folder(name: str) -> Path:
    for folder in (Path(name), Path("packs") / name, _PACKS / name):
        if (folder / "pack.toml").is_file():
            return folder.resolve()
    known = sorted(file.parent.name for file in _PACKS.glob("*/pack.toml"))
    raise SettingsError(f"there is no pack {name!r} (setting pack). Known packs: {', '.join(known) or 'none'}.")


def _adapter_folder(folder: Path, model: Mapping[str, str], base_model: str) -> Path | None:
    """What the pack ships belongs to the pack's own base model."""
    name = model.get("adapter", "")
    return folder / name if name and base_model in ("", model["base"]) else None


def _prices(documents: Path, market: Mapping[str, str]) -> PackPrices:
    source = market["prices"]
    return PackPrices((documents / source).resolve(), source, market["symbol"].upper(), market.get("company", ""))


def _formulas(raw: Mapping[str, object], file: Path) -> dict[str, str]:
    found = {str(names).lower(): str(formula) for names, formula in raw.items()}
    for names, formula in found.items():
        if not FORMULA.fullmatch(formula):
            raise SettingsError(
                f"{file}: the formula of {names!r} is {formula!r}. Write two names of rows with / or - between, "
                "and `in percent` or `in times` after a ratio."
            )
    return found


def _collection(raw: dict[str, object]) -> Collection:
    files, groups = raw["files"], raw.get("groups", [])
    if not isinstance(files, list) or not isinstance(groups, list):
        raise KeyError("files and groups as lists in [[collections]]")
    return Collection(str(raw["name"]), str(raw.get("title", raw["name"])), tuple(files), frozenset(groups))
