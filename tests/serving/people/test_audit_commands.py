"""`dossier audit show` and what the other commands leave in the log."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.errors import QuestionError
from dossier.settings import load_settings
from serving.people.audit_commands import audit_commands
from serving.people.commands import key_commands, user_commands
from serving.store import Action, AuditLine, NewUser, Role, open_store
from serving.store.passwords import Passwords


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path))
    store, _ = open_store(load_settings(), Passwords(time_cost=1, memory_kib=8, lanes=1))
    store.users.add(NewUser("mira", "correct horse battery", Role.ANALYST))
    day = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    store.audit.add(
        [
            AuditLine(day, "mira", Action.ASK, "POST /v1/chat/completions", 200, "answered", "a-1", ("x [y].pdf",)),
            AuditLine(day.replace(month=5), "admin", Action.PROMOTE, "POST /p", 409, "not_promoted", "first", times=3),
        ]
    )
    store.close()


def show(*options: str) -> str:
    result = CliRunner().invoke(audit_commands, ["show", *options], env={"COLUMNS": "200"})
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.mark.slow
def test_as_a_table() -> None:
    output = show()
    assert output.index("not_promoted (409) × 3") < output.index("2026-03-04 05:06:07")
    assert "a-1, x [y].pdf" in output
    assert show("--user", "nobody-here") == "No lines.\n"


@pytest.mark.slow
def test_filtered() -> None:
    assert [json.loads(line)["name"] for line in show("--json", "--user", "MIRA").splitlines()] == ["mira"]
    assert [json.loads(line)["action"] for line in show("--json", "--since", "2026-05-01").splitlines()] == ["promote"]
    assert [json.loads(line)["name"] for line in show("--json", "--action", "ask").splitlines()] == ["mira"]
    assert len(show("--json", "--limit", "1").splitlines()) == 1
    with pytest.raises(QuestionError, match="2026-11-26"):
        show("--since", "yesterday")


def test_as_csv() -> None:
    first, second = csv.DictReader(io.StringIO(show("--csv")))
    assert (first["status"], first["times"]) == ("409", "3")
    assert (second["documents"], second["at"]) == ("x [y].pdf", "2026-03-04T05:06:07+00:00")


@pytest.mark.slow
def test_what_is_done_on_the_machine_itself_is_in_it() -> None:
    runner = CliRunner()
    password = "another good one\n" * 2
    assert runner.invoke(user_commands, ["add", "zoe"], input=password).exit_code == 0
    assert runner.invoke(user_commands, ["change", "zoe", "--suspend"]).exit_code == 0
    made = runner.invoke(key_commands, ["create", "notebook", "--user", "mira"])
    assert made.exit_code == 0
    found = [json.loads(line) for line in show("--json", "--limit", "3").splitlines()]
    assert [(line["name"], line["route"]) for line in reversed(found)] == [
        ("(terminal)", "dossier user add"),
        ("(terminal)", "dossier user change"),
        ("(terminal)", "dossier key create"),
    ]
    assert found[-1]["target"] == "zoe"
    assert made.output.strip() not in json.dumps(found)
