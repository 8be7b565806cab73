import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.cli import JOINED, app, joined

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dossier", "retrieval", "serving", "training", "frontend", "deploy")


@pytest.mark.parametrize("name", JOINED)
def test_the_line_in_the_help_is_what_the_command_says_of_itself(name: str) -> None:
    group = joined(name)
    said = group.info.help or (group.registered_commands[0].callback.__doc__ or "")
    assert said.strip().splitlines()[0] == JOINED[name][1]


@pytest.mark.slow
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


def told() -> list[str]:
    """The commands that README, help and messages tell people to type, as `index build`."""
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in ("README.md", "docs/guide.md")]
    texts += [file.read_text(encoding="utf-8") for name in PACKAGES for file in (ROOT / name).rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"dossier ([a-z]+ [a-z]+(?:-[a-z]+)?)\b", text)}
    groups = {name for name in JOINED if joined(name).registered_callback}
    return sorted(name for name in named if name.split()[0] in groups)


@pytest.mark.parametrize("name", told())
def test_what_people_are_told_to_type_is_a_command(name: str) -> None:
    """A group with a single command was taken for that command: `dossier key create` failed."""
    group, command = name.split()
    result = CliRunner().invoke(joined(group), [command, "--help"], prog_name=f"dossier {group}")
    assert result.exit_code == 0, result.output
    assert f"dossier {name}" in result.output
