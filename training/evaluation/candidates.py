"""Which adapter is judged: a registered one or that of a finished run, and what it has to beat."""

from pathlib import Path

from dossier.base_model import prepare_base_model
from dossier.errors import NotFoundError, TuningError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.registry import Entry, Registry
from dossier.registry.checking import RUN_FILES, Base, read_base, read_contents
from dossier.settings import Settings
from training.evaluation.evaluate import Candidate
from training.tuning.recipe import Method
from training.tuning.run_folder import RUN, finished_weights, read_run


def candidate_of(settings: Settings, registry: Registry, name: str, display: ProgressDisplay) -> Candidate:
    """The adapter of a name or of a run's folder, checked byte for byte. Raises NotFoundError, TuningError."""
    run = Path(name)
    if not (run / RUN).is_file():
        try:
            return registered(settings, registry, registry.find(name), display)
        except NotFoundError as error:
            if run.is_dir():
                raise TuningError(f"{run} isn't the folder of a tuning run (no {RUN}).") from error
            raise
    record = read_run(run)
    if record.recipe.method is Method.FULL:
        raise TuningError(f"{run} trained all weights, which isn't evaluated beside its base yet. Tune an adapter.")
    folder = finished_weights(run, record)
    base_folder, base = _base(settings, record.base, display)
    digest = read_contents(folder, RUN_FILES, base).digest
    try:
        entry = registry.get(digest)
    except NotFoundError:
        entry = None
    if entry is not None:
        return registered(settings, registry, entry, display)
    if base.digest != record.base_digest:
        raise TuningError(f"{run} was tuned on other weights than {base_folder} has. Restore that base model.")
    in_use = _in_use(settings, registry, digest, base)
    name = run.resolve().name
    return Candidate(name, folder, digest, base, base_folder, record.data, record.form, record.prompt, None, in_use)


def registered(settings: Settings, registry: Registry, entry: Entry, display: ProgressDisplay) -> Candidate:
    """The candidate that a registered adapter is, checked byte for byte. Raises AdapterError, RegistryError."""
    base_folder, base = _base(settings, entry.origin.base, display)
    registry.verify(entry, base)
    run = entry.origin.run
    return Candidate(
        entry.name,
        entry.folder,
        entry.digest,
        base,
        base_folder,
        entry.origin.data,
        str(run.get("form", "")),
        str(run.get("prompt", "")),
        entry,
        _in_use(settings, registry, entry.digest, base),
    )


def _in_use(settings: Settings, registry: Registry, candidate: str, base: Base) -> Entry | None:
    """The adapter that answers now, which a candidate has to beat; None: the base model alone, or the candidate."""
    champion = registry.champions.read().of(load_pack(settings).name)
    if not champion or champion == candidate:
        return None
    entry = registry.get(champion)
    registry.verify(entry, base)
    return entry


def _base(settings: Settings, name: str, display: ProgressDisplay) -> tuple[Path, Base]:
    folder = prepare_base_model(settings, name, display)
    return folder, read_base(name, folder, settings.adapter_rank)
