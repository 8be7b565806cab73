"""`dossier data prepare`: from sources to examples that are clean, checked, split and balanced."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dossier.errors import DataError
from dossier.packs import Pack, index_folder
from dossier.records import Progress
from dossier.settings import Settings
from retrieval.build import OnProgress
from training.data.cleaning import Cleaner
from training.data.dropped import Dropped, Why
from training.data.duplicates import Repeated, without_exact, without_near
from training.data.example import Example
from training.data.importing.own_index import read_own_tables
from training.data.importing.read import read_source
from training.data.importing.source import Source
from training.data.judges import KeepOut
from training.data.labels import checked
from training.data.lengths import Measure, measure_of
from training.data.more_questions import more_questions
from training.data.readers import Limited
from training.data.splitting import Shares, balanced, split
from training.data.varying import varied


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a set is made. `window` in tokens; `most` examples of each task and kind of answer (0: all).

    `tables` adds questions about the tables of the pack's own index, `per_table` up to so many about each table of the
    contexts that are learned from, `varied` so many copies of what is learned with other figures.
    """

    window: int = 4096
    seed: int = 7
    shares: Shares = field(default_factory=Shares)
    most: int = 5000
    tables: bool = False
    per_table: int = 0
    varied: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A set before it is written: its splits, what was left out, and what was done to it.

    `lengths` are the tokens of each example by id (empty: not measured, and `unmeasured` says why); `repaired` texts,
    `masks` personal data by kind; `judges` the number of evaluation questions that were kept out.
    """

    recipe: Recipe
    sources: tuple[Source, ...]
    parts: dict[str, list[Example]]
    dropped: tuple[Dropped, ...]
    repaired: int
    masks: Counter[str]
    judges: tuple[str, ...]
    lengths: dict[str, int]
    tokenizer: str
    unmeasured: str
    pack: str

    @property
    def examples(self) -> list[Example]:
        """All examples of the set."""
        return [example for part in self.parts.values() for example in part]


class _Work:
    """The examples on their way, and what has been left out."""

    def __init__(self, examples: Sequence[Example], on_progress: OnProgress) -> None:
        self.examples = list(examples)
        self.dropped: list[Dropped] = []
        self._on_progress = on_progress
        self._started = datetime.now(UTC)

    def begin(self) -> None:
        """The next stage begins now."""
        self._started = datetime.now(UTC)

    def tell(self, stage: str, done: int) -> None:
        total = len(self.examples)
        if (done % 50 == 0 and done * 50 > total) or done >= total:  # the first few tell nothing about the rest
            self._on_progress(Progress(stage, done, total, self._started))

    def keep(self, kept: Sequence[Example], dropped: Sequence[Dropped]) -> None:
        self.examples = list(kept)
        self.dropped.extend(dropped)


def prepare(
    paths: Sequence[Path],
    keep_out: Sequence[Path],
    recipe: Recipe,
    settings: Settings,
    pack: Pack,
    on_progress: OnProgress,
) -> Made:
    """Read, clean, check, split. Raises DataError, SettingsError, IndexingError, IndexMissingError.

    What is limited to groups leaves first, and personal data is masked before anything else is looked at, so that
    neither can stand in what is reported.
    """
    sources = _read(paths, on_progress)
    if recipe.tables:
        sources += (read_own_tables(index_folder(settings, pack.documents)),)
    work = _Work([example for source in sources for example in source], on_progress)
    _limit(work, Limited(pack, settings))
    cleaner = Cleaner()
    _clean(work, cleaner)
    _without_repeats(work)
    judges = _judges(keep_out, pack)
    _without_judges(work, judges)
    measure = measure_of(settings, pack.base_model)
    lengths = _fit(work, measure, recipe.window)
    _balance(work, recipe)
    parts = split(work.examples, recipe.shares, recipe.seed)
    if recipe.per_table:
        sources += (_ask_more(work, parts, judges, recipe.per_table),)
    if recipe.varied:
        sources += (_vary(work, parts, judges, recipe),)
    return Made(
        recipe,
        sources,
        parts,
        tuple(work.dropped),
        cleaner.repaired,
        cleaner.masks,
        tuple(judge.question for judge in judges),
        lengths,
        measure.digest,
        measure.reason,
        pack.name,
    )


def _read(paths: Sequence[Path], on_progress: OnProgress) -> tuple[Source, ...]:
    started, sources = datetime.now(UTC), []
    for done, path in enumerate(paths, start=1):
        sources.append(read_source(path))
        on_progress(Progress("Reading sources", done, len(paths), started))
    return tuple(sources)


def _limit(work: _Work, limited: Limited) -> None:
    kept: list[Example] = []
    out: list[Example] = []
    for example in work.examples:
        (out if limited.holds(example) else kept).append(example)
    work.keep(kept, [Dropped(example, Why.LIMITED) for example in out])


def _clean(work: _Work, cleaner: Cleaner) -> None:
    work.begin()
    kept, dropped = [], []
    for done, raw in enumerate(work.examples, start=1):
        example, problem = checked(cleaner.clean(raw))
        if problem:
            dropped.append(Dropped(example, Why.LABEL, problem))
        else:
            kept.append(example)
        work.tell("Repairing, masking and checking", done)
    work.keep(kept, dropped)


def _without_repeats(work: _Work) -> None:
    kept, repeated = without_exact(work.examples)
    work.keep(kept, [_repeated(item, Why.DUPLICATE) for item in repeated])
    work.begin()
    kept, repeated = without_near(work.examples, lambda done: work.tell("Looking for near-duplicates", done))
    work.keep(kept, [_repeated(item, Why.NEAR) for item in repeated])


def _repeated(item: Repeated, why: Why) -> Dropped:
    return Dropped(item.example, Why.CONTRADICTION if item.contradicts else why, item.reason)


def _judges(files: Sequence[Path], pack: Pack) -> list[Example]:
    """The questions that the model will be judged by: the pack's and those of the files that are kept out."""
    own = [pack.questions] if pack.questions else []
    return [example for file in (*own, *files) for example in read_source(file)]


def _without_judges(work: _Work, judges: Sequence[Example]) -> None:
    keep_out = KeepOut(judges)
    work.begin()
    kept: list[Example] = []
    dropped: list[Dropped] = []
    for done, example in enumerate(work.examples, start=1):
        if conflict := keep_out.conflict(example):
            dropped.append(Dropped(example, Why.KEPT_OUT, conflict))
        else:
            kept.append(example)
        work.tell("Comparing with evaluation questions", done)
    work.keep(kept, dropped)


def _balance(work: _Work, recipe: Recipe) -> None:
    """Leave out what is over the cap of its kind. Raises DataError where nothing is left."""
    kept, surplus = balanced(work.examples, recipe.most, recipe.seed)
    work.keep(kept, [Dropped(example, Why.SURPLUS) for example in surplus])
    if not work.examples:
        counts = Counter(item.why.value for item in work.dropped)
        reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
        raise DataError(f"no example is left ({reasons or 'the sources are empty'}). Add sources or change settings.")


def _ask_more(work: _Work, parts: dict[str, list[Example]], judges: Sequence[Example], most: int) -> Source:
    """Add questions on the tables that are learned from; what an evaluation asks isn't taught by them either."""
    more = more_questions(parts["train"], most)
    work.examples = list(more)
    _without_judges(work, judges)
    parts["train"] += work.examples
    return more


def _vary(work: _Work, parts: dict[str, list[Example]], judges: Sequence[Example], recipe: Recipe) -> Source:
    """Add copies of what is learned with other figures, by the same rules."""
    copies = varied(parts["train"], recipe.varied, recipe.seed)
    work.examples = list(copies)
    _without_judges(work, judges)
    parts["train"] += work.examples
    return copies


def _fit(work: _Work, measure: Measure, window: int) -> dict[str, int]:
    """Leave out what doesn't fit the window; returns the tokens of what does, by id."""
    work.begin()
    lengths = measure.lengths(
        work.examples, lambda share: work.tell("Counting tokens", round(share * len(work.examples)))
    )
    if not lengths:
        return {}
    dropped = [
        Dropped(example, Why.LONG, f"{length} tokens, the window has {window}")
        for example, length in zip(work.examples, lengths, strict=True)
        if length > window
    ]
    fitting = [(item, length) for item, length in zip(work.examples, lengths, strict=True) if length <= window]
    work.keep([example for example, _ in fitting], dropped)
    return {example.id: length for example, length in fitting}
