"""The `dossier` command: joins the packages' subcommands. The one module of dossier/ that imports the others."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import DossierError
from dossier.packs import load_pack
from dossier.settings import PREFIX, SECRET, Settings, load_settings, origins, settings_file
from frontend.launch import command as page_command
from frontend.launch import environment as page_environment
from retrieval.evaluate_commands import evaluate_commands
from retrieval.index_commands import index_commands
from retrieval.search_command import search as search_command
from serving.commands import ask, key_commands, serve, user_commands
from serving.running import Page
from serving.running import run as run_everything
from training.commands import embedder_commands, reranker_commands

app = typer.Typer(
    help="Ask a company's own documents and get answers with sources, on its own machines.\n\n"
    "First steps: `dossier run` prepares, indexes and starts everything; `dossier ask` asks from the terminal. "
    "`dossier COMMAND --help` explains each command.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(ask)
app.add_typer(index_commands, name="index")
app.command("search")(search_command)
app.command()(serve)
app.add_typer(evaluate_commands, name="evaluate")
app.add_typer(embedder_commands, name="embedder")
app.add_typer(reranker_commands, name="reranker")
app.add_typer(user_commands, name="user")
app.add_typer(key_commands, name="key")


@app.command()
def run(
    docs: Annotated[Path | None, typer.Option(help="Your own documents instead of the pack's.")] = None,
) -> None:
    """Prepare the model, index, start everything, ask one question, and stay until Ctrl-C.

    Example: dossier run --docs ./contracts
    """
    if docs is not None:  # the processes that are started read it too
        os.environ[f"{PREFIX}DOCUMENTS"] = str(docs.resolve())
    settings = load_settings()
    run_everything(settings, load_pack(settings), Page(page_command(settings), page_environment(settings)))


@app.command()
def ui() -> None:
    """Run the chat page alone, for a gateway that runs elsewhere or already."""
    settings = load_settings()
    command = page_command(settings)
    os.execve(command[0], command, page_environment(settings))  # noqa: S606 (becoming the page is the purpose)


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
