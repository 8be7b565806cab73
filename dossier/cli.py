"""The `dossier` command: joins the packages' subcommands. The one module of dossier/ that names the others.

A command's module is imported when the command is called: all of them together take seconds, which `dossier settings`
and `dossier --help` needn't wait for.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from dossier.command_group import command_alone, command_group
from dossier.errors import DossierError
from dossier.packs import load_pack
from dossier.settings import PREFIX, SECRET, Settings, load_settings, origins, settings_file

JOINED = {
    "ask": ("serving.commands:ask", "Ask the documents one question and print the answer with its sources."),
    "replay": (
        "serving.answering.replay_command:replay",
        "Ask again what was answered once, of the documents as they were then, and tell what differs.",
    ),
    "index": (
        "retrieval.index_commands:index_commands",
        "The index of the documents: bring it up to date, look at it, check it, go back.",
    ),
    "search": (
        "retrieval.search_command:search",
        "Show the passages that answer a question best, and why each of them came.",
    ),
    "serve": ("serving.commands:serve", "Run the gateway (HTTP API) with the model server behind it, until stopped."),
    "evaluate": ("retrieval.evaluate_commands:evaluate_commands", "Measure quality on questions with known answers."),
    "data": ("training.data.commands:data_commands", "Examples to learn from: prepare a set, look at one."),
    "embedder": ("training.commands:embedder_commands", "Fine-tune the embedder on your own documents."),
    "reranker": ("training.commands:reranker_commands", "Train a reranker on your own documents."),
    "tune": (
        "training.tuning.commands:tune_commands",
        "Fine-tune the language model on questions and answers of your own.",
    ),
    "models": (
        "training.models_commands:models_commands",
        "Tuned adapters: register, compare, promote, roll back.",
    ),
    "market": (
        "serving.market.commands:market_commands",
        "Prices from files: how a share moved, volatility, largest fall, beta.",
    ),
    "news": (
        "retrieval.news.commands:news_commands",
        "News from RSS and Atom feeds: fetch and index what is new.",
    ),
    "ledger": (
        "serving.ledger.commands:ledger_commands",
        "Entries of a ledger: which of them are unusual, and why.",
    ),
    "classify": (
        "retrieval.labelling.command:classify",
        "Label the texts of a CSV file: sentiment, intent or topic, with how sure it is. A stopped run goes on.",
    ),
    "labels": (
        "training.labels.commands:labels_commands",
        "Heads that label texts (sentiment, intent, topic): train one, look at them.",
    ),
    "feedback": (
        "serving.feedback.commands:feedback_commands",
        "What people say about answers: export what the model can learn from.",
    ),
    "audit": (
        "serving.people.audit_commands:audit_commands",
        "Who signed in, asked, read, changed and promoted what, and when.",
    ),
    "backup": (
        "serving.archive.commands:backup",
        "Write one file with users, chats, settings, index and promoted adapters, also while Dossier runs.",
    ),
    "restore": (
        "serving.archive.commands:restore",
        "Put the state of a backup in the place of this one, after checking all of it. Dossier must not be running.",
    ),
    "user": ("serving.people.commands:user_commands", "Users: list, add, change, erase."),
    "key": ("serving.people.commands:key_commands", "API keys for programs."),
}
"""Commands of the other packages: where each is, and its line in the help."""
WITHIN = {
    "evaluate": {
        "model": "training.evaluation.commands:model",
        "answers": "training.answers.commands:answers",
        "compare": "training.answers.commands:compare",
    },
    "models": {"assess": "training.assessment.commands:assess_models"},
}
"""Commands that a group has from a package which the group's own doesn't know."""

app = command_group(
    "Ask a company's own documents and get answers with sources, on its own machines.\n\n"
    "First steps: `dossier run` prepares, indexes and starts everything; `dossier ask` asks from the terminal. "
    "`dossier COMMAND --help` explains each command."
)


class _PassedOn(TyperCommand):
    """A command that leaves all its arguments, `--help` too, to the one that it stands for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (Context is not public in Typer)
        ctx.args = list(args)
        return args


def joined(name: str) -> typer.Typer:
    """A command of another package, imported now."""
    found = _loaded(JOINED[name][0])
    if isinstance(found, typer.Typer):
        known = {command.name for command in found.registered_commands}
        for inner, place in WITHIN.get(name, {}).items():
            if inner not in known:
                found.command(inner)(_loaded(place))
        return found
    alone = command_alone()
    alone.command(name)(found)
    return alone


def _loaded(place: str) -> Any:  # noqa: ANN401 (a command or a group of them)
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def _join(name: str, purpose: str) -> None:
    @app.command(name, cls=_PassedOn, help=purpose)
    def call(context: typer.Context) -> None:
        joined(name)(args=context.args, prog_name=f"dossier {name}")


@app.command()
def run(
    docs: Annotated[Path | None, typer.Option(help="Your own documents instead of the pack's.")] = None,
) -> None:
    """Prepare the model, index, start everything, ask one question, and stay until Ctrl-C.

    Example: dossier run --docs ./contracts
    """
    from frontend.launch import command, environment
    from serving.running import Page
    from serving.running import run as run_everything

    if docs is not None:  # the processes that are started read it too
        os.environ[f"{PREFIX}DOCUMENTS"] = str(docs.resolve())
    settings = load_settings()
    run_everything(settings, load_pack(settings), Page(command(settings), environment(settings)))


for _name, (_, _purpose) in JOINED.items():
    _join(_name, _purpose)


@app.command()
def ui() -> None:
    """Run the chat page alone, for a gateway that runs elsewhere or already."""
    from frontend.launch import command, environment

    settings = load_settings()
    line = command(settings)
    os.execve(line[0], line, environment(settings))  # noqa: S606 (becoming the page is the purpose)


@app.command("settings")
def show_settings() -> None:
    """Show every setting, its value, where the value comes from and what it is for.

    Set one by the environment (DOSSIER_PORT=9000) or in dossier.toml (port = 9000).
    """
    settings = load_settings()
    where = origins(settings)
    print(f"Settings file: {settings_file()} ({'read' if settings_file().is_file() else 'not there'})\n")
    for name, field in Settings.model_fields.items():
        print(f"{name} = {_shown(settings, name)}    [{where[name]}]\n    {field.description}")


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if name in SECRET and value:
        return "(set, not shown)"
    return "(not set)" if value in (None, "") else str(value)


def main() -> None:
    """Run the command line. Problems that a person can put right end in one clear message and a status."""
    try:
        app()
    except DossierError as error:
        print(f"dossier: {error}", file=sys.stderr)
        raise SystemExit(error.exit_status) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
