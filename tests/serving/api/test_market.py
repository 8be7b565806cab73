"""The market routes over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.serving.api.serving_app import Served, served


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("prices")
    (folder / "acme.csv").write_text(
        "date,close,volume\n2024-01-02,100,5\n2024-01-03,120,\n2024-01-04,60,7\n2024-01-05,90,8\n"
    )
    (folder / "idx.csv").write_text("date,close\n2024-01-02,10\n2024-01-03,11\n2024-01-04,9\n2024-01-05,10\n")
    close = 50 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 128)))
    lines = [f"{np.datetime64('2024-01-01') + at},{price:.2f}" for at, price in enumerate(close)]
    (folder / "wave.csv").write_text("date,close\n" + "\n".join(lines) + "\n")
    (folder / "bad.csv").write_text("date,close\nx,1\n")
    with served(tmp_path_factory.mktemp("home"), market_data=folder) as running:
        yield running


def get(gateway: Served, path: str, **params: object):
    with gateway.signed_in("mira") as client:
        return client.get(f"/v1/market/{path}", params=params)


def test_symbols(gateway: Served) -> None:
    body = get(gateway, "symbols").json()
    assert [one["symbol"] for one in body["symbols"]] == ["ACME", "IDX", "WAVE"]
    assert body["symbols"][0]["observations"] == 4
    assert body["problems"][0].startswith("bad.csv, line 2")


def test_prices_with_averages(gateway: Served) -> None:
    body = get(gateway, "acme/prices", simple=[2], exponential=[3], **{"from": "2024-01-03"}).json()
    assert body["dates"] == ["2024-01-03", "2024-01-04", "2024-01-05"]
    assert body["close"] == [120, 60, 90]
    assert body["more"] == {"volume": [None, 7, 8]}
    assert body["averages"] == [
        {"window": 2, "kind": "simple", "values": [None, 90, 75]},
        {"window": 3, "kind": "exponential", "values": [120, 90, 90]},
    ]


def test_measures(gateway: Served) -> None:
    body = get(gateway, "ACME/measures", against="idx").json()
    assert body["drawdown"]["depth"] == -0.5 and body["drawdown"]["peak"] == "2024-01-03"
    assert body["volatility"]["periods_a_year"] == 252
    assert body["relation"]["against"] == "IDX" and body["relation"]["returns"] == 3
    assert body["change"] == pytest.approx(-0.1)
    assert "not investment advice" in body["advice"]
    short = get(gateway, "ACME/measures", to="2024-01-03").json()
    assert short["volatility"] is None and short["relation"] is None


@pytest.mark.parametrize("kind", ["prices", "drawdown", "returns"])
def test_charts(gateway: Served, kind: str) -> None:
    body = get(gateway, f"ACME/charts/{kind}", simple=[2]).json()
    assert body["$schema"].endswith("/v5.json") and len(body["data"]["values"]) >= 3


@pytest.mark.parametrize(
    ("path", "params", "status", "told"),
    [
        ("NOPE/measures", {}, 404, "Known symbols: ACME, IDX, WAVE"),
        ("BAD/measures", {}, 404, "bad.csv, line 2"),
        ("ACME/measures", {"from": "2030-01-01"}, 422, "go from 2024-01-02 to 2024-01-05"),
        ("ACME/measures", {"from": "soon"}, 422, "from"),
        ("ACME/measures", {"against": "nope"}, 404, "no prices of nope"),
        ("ACME/measures", {"against": "IDX", "to": "2024-01-03"}, 422, "Beta needs 3 closing prices"),
        ("ACME/prices", {"simple": 0}, 422, "simple"),
        ("ACME/charts/pie", {}, 422, "kind"),
    ],
)
def test_what_cant_be_given_is_told(gateway: Served, path: str, params: dict, status: int, told: str) -> None:
    reply = get(gateway, path, **params)
    assert reply.status_code == status, reply.text
    assert told in reply.json()["error"]["message"]
    assert str(gateway.home) not in reply.text


@pytest.mark.slow
def test_a_projection(gateway: Served) -> None:
    body = get(gateway, "wave/projection", days=1).json()
    assert body["symbol"] == "WAVE" and body["observations"] == 128
    assert len(body["dates"]) == len(body["middle"]) == len(body["intervals"][0]["low"]) == 1
    assert {one["model"] for one in body["backtest"]["models"]} == {"naive", "ARIMA", "ETS", "Theta"}
    assert body["backtest"]["origins"] >= 8 and "investment advice" in body["advice"]
    assert body["chart"]["$schema"].endswith("/v5.json")


@pytest.mark.parametrize(
    ("path", "days", "status", "told"),
    [
        ("ACME/projection", 5, 422, "needs 139"),
        ("WAVE/projection", 61, 422, "days"),
        ("NOPE/projection", 5, 404, "NOPE"),
    ],
)
def test_projections_that_cant_be_made(gateway: Served, path: str, days: int, status: int, told: str) -> None:
    reply = get(gateway, path, days=days)
    assert reply.status_code == status, reply.text
    assert told in reply.json()["error"]["message"]


def test_risk_of_holdings(gateway: Served) -> None:
    holdings = [{"symbol": "acme", "quantity": 2}, {"symbol": "IDX", "quantity": 10}]
    with gateway.signed_in("mira") as client:
        body = client.post("/v1/market/risk", json={"holdings": holdings, "against": "IDX"}).json()
        assert body["total"] == 280 and [one["symbol"] for one in body["positions"]] == ["ACME", "IDX"]
        assert body["positions"][1]["beta"] == pytest.approx(1) and body["market"] == "IDX"
        assert body["scenarios"][0]["name"].startswith("IDX -20%") and body["definitions"]["Value"]
        bad = (
            ([{"symbol": "nope", "quantity": 2}], 404, "no prices of NOPE"),
            ([{"symbol": "acme", "quantity": 0}], 422, "quantity"),
            ([*holdings, holdings[0]], 422, "ACME twice"),
            ([], 422, "holdings"),
        )
        for wrong, status, told in bad:
            reply = client.post("/v1/market/risk", json={"holdings": wrong})
            assert reply.status_code == status and told in reply.json()["error"]["message"], reply.text


def test_the_packs_own_prices_without_a_folder(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        body = get(running, "symbols").json()
    assert [(one["symbol"], one["company"]) for one in body["symbols"]] == [("LKFD", "Larkfield")]
