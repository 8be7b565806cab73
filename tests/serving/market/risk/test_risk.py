"""Risk of holdings against values computed by hand and by pandas, and what is said about bad lists."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import MarketDataError, NotFoundError
from serving.market.provider import Catalogue, FolderPrices
from serving.market.risk.holdings import Holding, checked_holdings, prices_of_holdings, read_holdings
from serving.market.risk.measuring import risk_of, tail_loss
from serving.market.risk.telling import risk_lines, risk_record
from tests.serving.market.test_measures import prices_of

A = prices_of([100, 110, 99, 108.9], symbol="A")  # +10%, -10%, +10%
B = prices_of([50, 45, 54, 48.6, 60], symbol="B")  # -10%, +20%, -10%, and a later day
MARKET = prices_of([10, 10.5, 9.975, 10.47375], symbol="M")  # +5%, -5%, +5%
HOLDINGS = (Holding("A", 10), Holding("B", 20))


def test_values_weights_and_worst_days_by_hand() -> None:
    found = risk_of(HOLDINGS, (A, B))
    first, second = found.positions
    assert found.total == pytest.approx(1089 + 972) and found.last == date(2024, 1, 4) and found.returns == 3
    assert (first.value, second.value) == (pytest.approx(1089), pytest.approx(972))
    assert first.weight == pytest.approx(1089 / 2061) and first.weight + second.weight == pytest.approx(1)
    assert (first.worst, first.worst_on) == (pytest.approx(-0.1), date(2024, 1, 3))
    assert (second.worst, second.worst_on) == (pytest.approx(-0.1), date(2024, 1, 2))
    assert first.beta is None and found.market == ""
    assert any("B has later ones" in note for note in found.notes)
    assert found.correlation[0][1] == pytest.approx(-1) and found.correlation[0][0] == pytest.approx(1)


def test_volatility_of_all_by_hand() -> None:
    found = risk_of(HOLDINGS, (A, B))
    one, other = (position.weight for position in found.positions)
    together = [0.1 * one - 0.1 * other, -0.1 * one + 0.2 * other, 0.1 * one - 0.1 * other]
    assert found.volatility == pytest.approx(np.std(together, ddof=1) * 252**0.5)


def test_scenarios_go_through_beta() -> None:
    found = risk_of((Holding("A", 10),), (A,), MARKET)
    assert found.positions[0].beta == pytest.approx(2)
    by_name = {one.name: one for one in found.scenarios}
    assert by_name["M -10%, through beta"].change == pytest.approx(-0.2)
    assert by_name["M -20%, through beta"].amount == pytest.approx(-0.4 * 1089)
    assert by_name["M +10%, through beta"].change == pytest.approx(0.2)
    assert by_name["A's worst day again (-10.0%, 2024-01-03)"].amount == pytest.approx(-108.9)


def test_tail_losses_by_hand() -> None:
    returns = np.array([-0.05, -0.03, -0.02, *[0.01] * 37])  # 40 returns: the worst 5% are two
    found = tail_loss(returns, 0.95, 1000)
    assert found is not None
    assert (found.at_risk, found.shortfall) == (pytest.approx(0.02), pytest.approx(0.04))
    assert (found.at_risk_amount, found.shortfall_amount) == (pytest.approx(20), pytest.approx(40))
    part = tail_loss(returns[:30], 0.95, 1)  # one and a half returns
    assert part is not None and part.shortfall == pytest.approx((0.05 + 0.5 * 0.03) / 1.5)
    assert part.at_risk == pytest.approx(0.03)
    assert tail_loss(returns, 0.99, 1) is None
    gains = tail_loss(np.full(40, 0.01), 0.95, 1)
    assert gains is not None and (gains.at_risk, gains.shortfall) == (0, 0)


@pytest.mark.slow
@given(st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=200), st.sampled_from([0.95, 0.99]))
def test_value_at_risk_is_exceeded_seldom_enough_and_the_shortfall_is_no_smaller(
    given: list[float], level: float
) -> None:
    returns = np.array(given)
    found = tail_loss(returns, level, 1)
    if found is None:
        assert len(returns) * (1 - level) < 1
        return
    assert np.mean(-returns > found.at_risk) <= 1 - level + 1e-9
    assert found.shortfall >= found.at_risk - 1e-12 or found.at_risk == 0
    assert found.shortfall <= max(-returns.min(), 0) + 1e-12


def test_words_and_record() -> None:
    found = risk_of(HOLDINGS, (A, B), MARKET)
    text = "\n".join(risk_lines(found))
    assert text.startswith(
        "2 holdings worth 2,061.00 on 2024-01-04, measured over 3 returns from 2024-01-01, beta to M"
    )
    assert "Too few returns (3) for a 95% value-at-risk" in text and text.endswith("not investment advice.")
    assert "M -20%, through beta" in text and "beta times the market's move" in text
    record = json.loads(json.dumps(risk_record(found), default=str, allow_nan=False))
    assert record["total"] == pytest.approx(2061) and record["definitions"]["Value-at-risk"]
    alone = "\n".join(risk_lines(risk_of(HOLDINGS[:1], (A,))))
    assert "--against" in alone and "correlation  " not in alone


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,quantity\nA,1\n", "line 1: it needs the heads symbol and quantity"),
        ("symbol,quantity\n", "has 0 holdings"),
        ("symbol,quantity\nA,1\na,2\n", "has A twice"),
        ("symbol,quantity\nA,-1\n", "quantity of A is -1"),
        ("symbol,quantity\nA,nan\n", "quantity of A is nan"),
        ("symbol,quantity\nA,many\n", "line 2: the quantity 'many' isn't a number"),
        ("symbol,quantity\n?!,1\n", "line 2: '?!' isn't a symbol"),
        ("symbol,quantity\nA\n", "line 2: 1 cells under 2 heads"),
        ("", "line 1: it needs the heads"),
    ],
)
def test_a_bad_list_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "holdings.csv"
    file.write_text(text)
    with pytest.raises(MarketDataError) as caught:
        read_holdings(file)
    assert told in str(caught.value)


def test_a_list_in_several_spellings(tmp_path: Path) -> None:
    file = tmp_path / "holdings.csv"
    file.write_text('Ticker;Shares;Note\nacme;"1,200.5";x\n')
    assert read_holdings(file) == (Holding("ACME", 1200.5),)


def test_unknown_symbols_are_all_named() -> None:
    known = Catalogue({"A": A})
    with pytest.raises(NotFoundError, match="no prices of X, Y"):
        prices_of_holdings([Holding("X", 1), Holding("A", 1), Holding("Y", 1)], known)
    with pytest.raises(NotFoundError, match=r"no prices of X\. Known symbols: A"):
        prices_of_holdings([Holding("X", 1)], known)


def test_what_cant_be_measured_is_told() -> None:
    with pytest.raises(MarketDataError, match="2 days on which all holdings have a price"):
        risk_of(HOLDINGS, (A, prices_of([1, 2, 3], start="2024-01-03", symbol="B")))
    with pytest.raises(MarketDataError, match="B's returns are all the same"):
        risk_of(HOLDINGS, (A, prices_of([5, 5, 5, 5], symbol="B")))
    with pytest.raises(MarketDataError, match="has 201 holdings"):
        checked_holdings([Holding(f"S{at}", 1) for at in range(201)], "the list")


@pytest.mark.slow
def test_public_prices_give_what_pandas_gives(shared_data: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas isn't installed")
    file = shared_data / "market" / "stockdata.csv"
    if not file.is_file():
        pytest.skip(f"the public prices {file} aren't there")
    frame = pandas.read_csv(file, parse_dates=["Date"]).set_index("Date")[["IBM", "SBUX"]]
    catalogue = FolderPrices(file.parent).catalogue()
    holdings = (Holding("IBM", 3), Holding("SBUX", 40))
    found = risk_of(holdings, prices_of_holdings(holdings, catalogue), catalogue.of("GSPC"))
    values = frame.iloc[-1] * [3, 40]
    together = (frame.pct_change().dropna() * (values / values.sum())).sum(axis=1)
    assert found.total == pytest.approx(values.sum())
    assert found.volatility == pytest.approx(together.std() * 252**0.5)
    assert found.correlation[0][1] == pytest.approx(frame.pct_change().corr().iloc[0, 1])
    losses = {one.level: one for one in found.losses}
    for level in (0.95, 0.99):
        assert losses[level].at_risk == pytest.approx((-together).quantile(level, interpolation="lower"), abs=5e-4)
        assert losses[level].shortfall == pytest.approx(
            -together.nsmallest(round(len(together) * (1 - level))).mean(), rel=0.02
        )
    assert all(one.beta is not None and 0 < one.beta < 2 for one in found.positions)
