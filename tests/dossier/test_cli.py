import subprocess
import sys

import pytest
from typer.testing import CliRunner

from dossier.cli import JOINED, app, joined


@pytest.mark.parametrize("name", JOINED)
def test_the_line_in_the_help_is_what_the_command_says_of_itself(name: str) -> None:
    group = joined(name)
    said = group.info.help or (group.registered_commands[0].callback.__doc__ or "")
    assert said.strip().splitlines()[0] == JOINED[name][1]


def test_the_help_lists_every_command_and_loads_none() -> None:
    seen = "import sys; from dossier.cli import app; app(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    shown, _, modules = done.stdout.rpartition("[")
    assert all(f" {name} " in shown for name in (*JOINED, "run", "ui", "settings"))
    for heavy in ("fastapi", "langchain_core", "faiss", "torch", "openai", "sqlalchemy"):
        assert f"'{heavy}'" not in modules


def test_arguments_reach_the_command_as_they_were_given() -> None:
    result = CliRunner().invoke(app, ["search", "--top", "0", "--", "-1 degrees"])
    assert result.exit_code == 2
    assert "--top" in result.output
    helped = CliRunner().invoke(app, ["index", "build", "--help"])
    assert helped.exit_code == 0
    assert "--retry" in helped.output and "Usage: dossier index build" in helped.output


def test_an_unknown_command_is_refused_with_what_comes_close() -> None:
    result = CliRunner().invoke(app, ["indx"])
    assert result.exit_code == 2
    assert "index" in result.output
