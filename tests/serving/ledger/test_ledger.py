"""Unusual entries of a ledger: planted ones are found and explained, usual ones are left alone."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.errors import DocumentError, EnvironmentProblem
from serving.ledger.checks import check_entries
from serving.ledger.commands import ledger_commands
from serving.ledger.entries import read_ledger

HEAD = "date,account,amount,vendor,remark\n"
PLANTED = {
    "duplicate": "2024-03-05,6000,123.45,Acme,again",
    "far": "2024-03-06,6000,98765.43,Acme,huge",
    "round": "2024-03-07,6000,1000,Acme,round",
    "weekend": "2024-03-09,6000,131.17,Acme,saturday",
}


def usual(count: int) -> list[str]:
    """Entries on weekdays with amounts around 130, whose cents are odd."""
    chance, day, lines = random.Random(3), date(2024, 1, 1), []
    while len(lines) < count:
        day += timedelta(days=1)
        if day.weekday() < 5 and day < date(2024, 12, 31):
            lines.append(f"{day},6000,{100 + len(lines) % 60}.{chance.randrange(1, 99, 2):02d},Acme,{len(lines)}")
        elif day >= date(2024, 12, 31):
            day = date(2024, 1, 1)
    return lines


def ledger(folder: Path, lines: list[str]) -> Path:
    file = folder / "ledger.csv"
    file.write_text(HEAD + "\n".join(lines) + "\n")
    return file


@pytest.mark.slow
def test_planted_entries_are_found_and_explained(tmp_path: Path) -> None:
    lines = [*usual(200), "2024-03-05,6000,123.45,acme,first", *PLANTED.values()]
    entries = read_ledger(ledger(tmp_path, lines)).entries
    found = {one.entry.cells[-1]: "; ".join(one.reasons) for one in check_entries(entries, 0.01)}
    assert "same date, account, amount and party as line 202" in found["again"]
    assert "first" not in found or "same date" not in found["first"]
    assert "amount 98,765.43 is far from account 6000's median" in found["huge"]
    assert "amount for its account" in found["huge"]
    assert "amount 1,000.00 is in round thousands, as 1 of 205" in found["round"]
    assert "2024-03-09 is a Saturday, as 1 of 205" in found["saturday"]
    assert len(found) <= 4 + 2


@pytest.mark.slow
def test_the_same_file_gives_the_same_findings(tmp_path: Path) -> None:
    entries = read_ledger(ledger(tmp_path, [*usual(150), *PLANTED.values()])).entries
    assert check_entries(entries, 0.02) == check_entries(entries, 0.02)


def test_what_is_usual_for_an_account_is_no_finding(tmp_path: Path) -> None:
    saturdays = [f"{date(2024, 1, 6) + timedelta(days=7 * at)},7000,{at + 1}000,Shop,x" for at in range(20)]
    assert not check_entries(read_ledger(ledger(tmp_path, saturdays)).entries, 0.01)


def test_csv_in_csv_out(tmp_path: Path) -> None:
    file, out = ledger(tmp_path, [*usual(20), PLANTED["far"]]), tmp_path / "unusual.csv"
    result = CliRunner().invoke(ledger_commands, ["check", str(file), "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "1 of 21 entries are worth a look" in result.stderr and "from 100 entries on" in result.stderr
    with out.open(newline="") as text:
        (row,) = csv.DictReader(text)
    assert (row["line"], row["amount"], row["remark"], row["score"]) == ("22", "98765.43", "huge", "")
    assert "far from" in row["reasons"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.csv", "unusual.csv"]
    printed = CliRunner().invoke(ledger_commands, ["check", str(file)], catch_exceptions=False)
    assert printed.stdout == out.read_text()
    with pytest.raises(EnvironmentProblem, match="can't be written"):
        CliRunner().invoke(
            ledger_commands, ["check", str(file), "--out", str(tmp_path / "no" / "x.csv")], catch_exceptions=False
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: no column date and no column account and no column amount"),
        (HEAD, "has no entries"),
        (HEAD + "2024-01-02,6000,5,Acme\n", "line 2: 4 cells under 5 heads"),
        (HEAD + "2.1.24,6000,5,Acme,x\n", "line 2: '2.1.24' isn't a date"),
        (HEAD + "2024-01-02,6000,five,Acme,x\n", "line 2: 'five' isn't an amount"),
        (HEAD + "2024-01-02,6000,inf,Acme,x\n", "line 2: the amount isn't finite"),
        (HEAD + "2024-01-02,,5,Acme,x\n", "the account is empty"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_ledger(file)
    assert told in str(caught.value) and str(file) in str(caught.value)
