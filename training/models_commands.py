"""The `dossier models` commands: the registry of tuned adapters."""

import getpass
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from dossier.base_model import prepare_base_model
from dossier.command_group import command_group
from dossier.errors import RegistryError, TuningError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.registry import Entry, Origin, Registry
from dossier.registry.checking import RUN_FILES, Base, read_base
from dossier.registry.evaluation import Evaluation, evaluation_from
from dossier.registry.promotion import FEWEST_SERVED, judge, now, promote, retire, rollback
from dossier.reply import TargetFormat
from dossier.settings import Settings, load_settings
from training.dressing.dressed import read_dressed
from training.evaluation.audit import audit_model, verdict
from training.evaluation.candidates import registered
from training.evaluation.contexts import read_contexts
from training.evaluation.evaluate import TUNED, require_fitting
from training.evaluation.lab import BASE, Lab
from training.evaluation.served import compare_served, drawn_contexts, served_comparison_text
from training.gateway import Key, RunningGateway, Url
from training.models_text import comparison_text, entry_text, list_text, newest_report
from training.tuning.recipe import Method, Precision
from training.tuning.run_folder import RunRecord, RunState, finished_weights, read_run

models_commands = command_group("Tuned adapters: register, compare, promote, roll back.")
Name = Annotated[str, typer.Argument(help="Name of an adapter, or the first characters of its digest.")]
OfPack = Annotated[str, typer.Option("--pack", help="Pack that answers with it; empty: the pack of the settings.")]


@models_commands.command("list")
def list_command() -> None:
    """List the adapters, where each stands and how it was measured."""
    print(list_text(Registry.of(load_settings())))


@models_commands.command("show")
def show(name: Name) -> None:
    """Show where an adapter comes from, what it was measured at, and what speaks against promoting it."""
    settings = load_settings()
    registry = Registry.of(settings)
    print(entry_text(registry, registry.find(name), load_pack(settings).name))


@models_commands.command("compare")
def compare(name: Name, other: Annotated[str, typer.Argument(help="Another one.")]) -> None:
    """Set two adapters side by side: how they were tuned and measured."""
    registry = Registry.of(load_settings())
    print(comparison_text(registry, registry.find(name), registry.find(other)))


@models_commands.command("register")
def register(
    run: Annotated[Path, typer.Argument(help="Folder of a finished tuning run.")],
    half: Annotated[bool, typer.Option("--half", help="Keep its weights in bf16, half as large as float32.")] = False,
) -> None:
    """Take the adapter of a finished run into the registry, checked byte for byte.

    Example: dossier models register runs/first
    """
    settings = load_settings()
    record = read_run(run)
    folder = _adapter_folder(run, record)
    registry = Registry.of(settings)
    origin = Origin(record.base, record.base_digest, record.data, asdict(record))
    entry = registry.register(folder, RUN_FILES, origin, _base(settings, record.base), half)
    print(f"{entry.name} is registered as {entry.short}. Next: dossier models show {entry.short}")


@models_commands.command("attach")
def attach(name: Name, report: Annotated[Path, typer.Argument(help="Report of an evaluation (JSON).")]) -> None:
    """Keep an evaluation's report with its adapter; the newest one decides about promotion."""
    registry = Registry.of(load_settings())
    try:
        text = report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{report} can't be read ({error}). Name the report of an evaluation.") from error
    entry = registry.find(name)
    registry.attach(entry, evaluation_from(text, str(report)))
    print(f"The report is kept. What it says: dossier models show {entry.short}")


@models_commands.command("export")
def export(name: Name, out: Annotated[Path, typer.Argument(help="Folder that doesn't exist yet.")]) -> None:
    """Copy an adapter with its record and evaluations to a folder, as a pack ships it.

    Example: dossier models export first packs/finance/adapter
    """
    settings = load_settings()
    registry = Registry.of(settings)
    entry = registry.find(name)
    registry.export(entry, out, _base(settings, entry.origin.base))
    print(f'{_told(entry)} is in {out}. A pack.toml beside it ships it by adapter = "{out.name}" below [model].')


@models_commands.command("check-served")
def check_served(
    name: Name,
    dressed_set: Annotated[Path, typer.Option("--set", help="A dressed set (`dossier data dress`).")],
    prompts: Annotated[int, typer.Option(help="Test questions to compare at least.")] = FEWEST_SERVED,
    reply_tokens: Annotated[int, typer.Option(min=1, max=512, help="Longest reply, in tokens.")] = 32,
    url: Url = "",
    key: Key = "",
) -> None:
    """Find out whether the running model server answers as the trained model does, token by token.

    The result is kept with the adapter's newest evaluation, by which promotion judges. Needs a running Dossier.
    Example: dossier models check-served first --set data/dressed
    """
    settings = load_settings()
    registry = Registry.of(settings)
    entry = registry.find(name)
    report = _report_of(registry, entry, str(dressed_set))
    gateway = RunningGateway.of(settings, url, key)
    gateway.model()  # says at once when nobody answers
    dressed = read_dressed(dressed_set)
    contexts = drawn_contexts(read_contexts(dressed, "test"), prompts)
    with ProgressDisplay() as display:
        candidate = registered(settings, registry, entry, display)
        require_fitting(candidate, dressed)
        found = compare_served(candidate, contexts, gateway, reply_tokens, display)
    registry.attach(entry, replace(report, served=found.served, created=now()))
    print(served_comparison_text(found))
    pack = load_pack(settings).name
    if registry.champions.read().of(pack) != entry.digest:
        against = judge(registry, entry, pack).against
        print("against promoting it: " + ("".join(f"\n  - {reason}" for reason in against) or "nothing"))


@models_commands.command("audit")
def audit(name: Name) -> None:
    """Find out whether an adapter tells the same case alike of other companies, people and regions.

    The result is kept with its newest evaluation, by which promotion judges. Asks base and adapter, in float32.
    Example: dossier models audit first
    """
    settings = load_settings()
    registry = Registry.of(settings)
    entry = registry.find(name)
    report = _report_of(registry, entry, "DRESSED_SET")
    with ProgressDisplay() as display:
        candidate = registered(settings, registry, entry, display)
        lab = Lab(candidate.base_folder, {TUNED: candidate.folder}, Precision.FLOAT32)
        form = TargetFormat(candidate.form or TargetFormat.EVIDENCE)
        after, before = (audit_model(lab, one, form, display) for one in (TUNED, BASE))
    found = verdict(after, before)
    registry.attach(entry, replace(report, audit=found, created=now()))
    print(f"bias audit: {'passed' if found.passed else 'failed'}; {found.summary}")
    print("".join(f"  {one.told}\n" for one in after if not one.passed), end="")


@models_commands.command("promote")
def promote_command(
    name: Name,
    pack: OfPack = "",
    despite: Annotated[str, typer.Option(help="Reason to promote it against the gate; it is kept and shown.")] = "",
) -> None:
    """Let a pack answer with this adapter, if nothing speaks against it.

    A running Dossier takes it over at once where it was started with room for adapters, else at its next start.

    Example: dossier models promote first --pack finance
    """
    settings = _settings(pack)
    registry, chosen = Registry.of(settings), load_pack(settings)
    entry = registry.find(name)
    promote(registry, entry, _base(settings, chosen.base_model), chosen.name, _who(), despite)
    print(f"Pack {chosen.name} answers with {_told(entry)}. Back: dossier models rollback --pack {chosen.name}")


@models_commands.command("rollback")
def rollback_command(
    pack: OfPack = "",
    to_base: Annotated[bool, typer.Option("--to-base", help="To the base model alone, past earlier adapters.")] = False,
) -> None:
    """Let a pack answer with the adapter that it had before or ships, or with the base model alone if there is none."""
    settings = _settings(pack)
    registry, chosen = Registry.of(settings), load_pack(settings)
    champions = rollback(registry, _base(settings, chosen.base_model), chosen.name, _who(), to_base)
    now = champions.of(chosen.name)
    print(f"Pack {chosen.name} answers with {_told(registry.get(now)) if now else 'the base model alone'}.")


@models_commands.command("retire")
def retire_command(name: Name) -> None:
    """Put an adapter aside. It stays on the disk, and can't be promoted or gone back to without a reason."""
    registry = Registry.of(load_settings())
    entry = registry.find(name)
    retire(registry, entry, _who())
    print(f"{_told(entry)} is retired.")


def _adapter_folder(run: Path, record: RunRecord) -> Path:
    """The folder of a finished run's adapter, its files as the run wrote them. Raises TuningError."""
    if record.state is RunState.FINISHED and record.recipe.method in (Method.FULL, Method.DORA):
        raise TuningError(
            f"{run} can't be loaded beside its base model ({record.recipe.method}). Serve it merged: dossier tune "
            f"merge {run} --out MODEL_FOLDER, and the setting base_model."
        )
    return finished_weights(run, record)


def _report_of(registry: Registry, entry: Entry, dressed_set: str) -> Evaluation:
    """The newest report, which a further result is kept with. Raises RegistryError where there is none."""
    report = newest_report(registry, entry)
    if report is None:
        raise RegistryError(
            f"{_told(entry)} hasn't been evaluated yet, and the result is kept with its evaluation. First: dossier "
            f"evaluate model --adapter {entry.short} --set {dressed_set} --out FOLDER"
        )
    return report


def _settings(pack: str) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"pack": pack}) if pack else settings


def _base(settings: Settings, name: str) -> Base:
    with ProgressDisplay() as display:
        return read_base(name, prepare_base_model(settings, name, display), settings.adapter_rank)


def _told(entry: Entry) -> str:
    return f"{entry.name} ({entry.short})"


def _who() -> str:
    return f"{getpass.getuser()} at the command line"
