"""What `dossier market` prints."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dossier.errors import MarketDataError, NotFoundError, QuestionError
from serving.market.commands import market_commands


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "acme.csv").write_text("date,close\n2024-01-02,100\n2024-01-03,120\n2024-01-04,60\n2024-01-05,90\n")
    (tmp_path / "idx.csv").write_text("date,close\n2024-01-02,10\n2024-01-03,11\n2024-01-04,9\n2024-01-05,10\n")
    (tmp_path / "bad.csv").write_text("date,close\nx,1\n")
    (tmp_path / "symbols.csv").write_text("symbol,company\nACME,Acme \x1b[31mWorks\n")
    monkeypatch.setenv("DOSSIER_MARKET_DATA", str(tmp_path))
    return tmp_path


def output(*line: str) -> str:
    result = CliRunner().invoke(market_commands, line, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_table_in_plain_words(folder: Path) -> None:
    text = output("show", "acme", "--against", "idx")
    assert text.startswith("ACME (Acme [31mWorks), 2024-01-02 to 2024-01-05, 4 closing prices from acme.csv\n")
    assert "-50.00%, from 120.00 on 2024-01-03 to 60.00 on 2024-01-04; not back at the high since" in text
    assert any(line.split() == ["Change", "-10.00%"] for line in text.splitlines())
    assert "Beta to IDX" in text and "Correlation with IDX" in text
    assert "Volatility: sample standard deviation of the 3 log returns" in text
    assert text.rstrip().endswith("not investment advice.")


def test_a_part_as_json(folder: Path) -> None:
    found = json.loads(output("show", "ACME", "--from", "2024-01-03", "--to", "2024-01-04", "--json"))
    assert (found["first"], found["last"], found["observations"]) == ("2024-01-03", "2024-01-04", 2)
    assert found["volatility"] is None and found["relation"] is None
    assert found["drawdown"]["depth"] == -0.5
    assert "advice" in found
    whole = json.loads(output("show", "ACME", "--json"))
    assert whole["volatility"]["definition"].startswith("sample standard deviation")


def test_symbols_are_listed_with_what_was_left_out(folder: Path) -> None:
    lines = output("list").splitlines()
    assert lines[1] == "IDX: 4 prices, 2024-01-02 to 2024-01-05, idx.csv"
    assert lines[-1].startswith("Left out: bad.csv, line 2: 'x' isn't a date")


@pytest.mark.slow
def test_a_projection_in_words_as_json_and_as_a_chart(folder: Path) -> None:
    close = 50 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 128)))
    lines = [f"{np.datetime64('2024-01-01') + at},{price:.2f}" for at, price in enumerate(close)]
    (folder / "wave.csv").write_text("date,close\n" + "\n".join(lines) + "\n")
    chart = folder / "chart.json"
    found = json.loads(output("project", "wave", "--days", "1", "--json", "--chart", str(chart)))
    assert found["model"] in {"naive", "ARIMA", "ETS", "Theta"} and len(found["dates"]) == 1
    assert json.loads(chart.read_text())["$schema"].endswith("/v5.json")
    chart.unlink()
    with pytest.raises(MarketDataError, match="has 4 closing prices"):
        output("project", "acme", "--days", "1")


def test_risk_of_a_list(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("lists") / "holdings.csv"
    file.write_text("symbol,quantity\nACME,2\nIDX,10\n")
    assert output("risk", str(file), "--against", "idx").startswith("2 holdings worth 280.00 on 2024-01-05")
    found = json.loads(output("risk", str(file), "--from", "2024-01-03", "--json"))
    assert (found["first"], found["returns"], found["market"]) == ("2024-01-03", 2, "")


def test_what_cant_be_shown_is_told(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="Known symbols: ACME, IDX"):
        output("show", "nope")
    with pytest.raises(QuestionError, match="--from is '1.2.24'"):
        output("show", "ACME", "--from", "1.2.24")
