"""Prices read from files in their several forms, and what is said about bad ones."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dossier.errors import MarketDataError
from serving.market.reading import read_prices
from serving.market.series import gaps

PLAIN = "date,close\n2024-01-02,10\n2024-01-03,11\n2024-01-04,12.5\n"


def read(folder: Path, text: str, name: str = "acme.csv"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_prices(file, name)


def test_a_file_of_one_symbol_is_named_by_the_file(tmp_path: Path) -> None:
    (prices,) = read(tmp_path, PLAIN).values()
    assert (prices.symbol, prices.source, len(prices)) == ("ACME", "acme.csv", 3)
    assert (prices.first, prices.last) == (date(2024, 1, 2), date(2024, 1, 4))
    assert prices.close.tolist() == [10, 11, 12.5]
    assert not prices.notes


def test_newest_first_is_turned_round(tmp_path: Path) -> None:
    lines = PLAIN.splitlines()
    turned = read(tmp_path, "\n".join([lines[0], *reversed(lines[1:])]))["ACME"]
    assert turned.close.tolist() == [10, 11, 12.5]
    assert turned.first == date(2024, 1, 2)


def test_other_columns_are_found_by_their_heads(tmp_path: Path) -> None:
    text = 'Volume;Date;Open;Closing Price;Remark\n"1,200";2024/01/02;9.5;10;x\n;20240103;n/a;11;y\n'
    prices = read(tmp_path, text)["ACME"]
    assert prices.close.tolist() == [10, 11]
    assert prices.more["volume"][0] == 1200 and np.isnan(prices.more["volume"][1])
    assert prices.more["open"][0] == 9.5 and np.isnan(prices.more["open"][1])
    assert set(prices.more) == {"open", "volume"}


def test_long_wide_and_prefixed_files(tmp_path: Path) -> None:
    long = read(tmp_path, "symbol,date,close\nAAA,2024-01-02,1\nbbb,2024-01-02,5\nAAA,2024-01-03,2\n", "all.csv")
    assert {name: one.close.tolist() for name, one in long.items()} == {"AAA": [1, 2], "BBB": [5]}
    wide = read(tmp_path, "AAA,BBB,Date\n1,,2024-01-02\n2,7,2024-01-03\n", "wide.csv")
    assert {name: one.close.tolist() for name, one in wide.items()} == {"AAA": [1, 2], "BBB": [7]}
    assert wide["BBB"].notes == ("1 day of the file without a price.",)
    own = read(tmp_path, "Date,AAPL.Open,AAPL.Close,AAPL.Adjusted,dn\n2024-01-02,1,2,3,4\n", "x y.csv")
    assert own["AAPL"].close.tolist() == [2] and own["AAPL"].more["open"].tolist() == [1]


def test_adjusted_closes_are_taken_where_there_are_no_others_and_told(tmp_path: Path) -> None:
    both = read(tmp_path, "date,Adj Close,close\n2024-01-02,1,2\n")["ACME"]
    assert both.close.tolist() == [2] and not both.notes
    alone = read(tmp_path, "date,Adj Close\n2024-01-02,1\n")["ACME"]
    assert alone.close.tolist() == [1] and "adjusted" in alone.notes[0]


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    csv, file = tmp_path / "acme.csv", tmp_path / "acme.parquet"
    csv.write_text(PLAIN)
    with duckdb.connect() as connection:
        connection.read_csv(str(csv)).write_parquet(str(file))
    from_csv, from_parquet = read_prices(csv, "a")["ACME"], read_prices(file, "b")["ACME"]
    assert from_csv.close.tolist() == from_parquet.close.tolist()
    assert from_csv.dates.tolist() == from_parquet.dates.tolist()
    file.write_bytes(b"PAR1 no")
    with pytest.raises(MarketDataError, match=r"acme\.parquet isn't a Parquet file"):
        read_prices(file, "b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("date,close\n", "has heads and no prices"),
        ("when,close\n2024-01-02,1\n", "line 1: no column of dates"),
        ("date,day,close\n", "line 1: 2 columns of dates"),
        ("date,open\n2024-01-02,1\n", "line 1: no column of closing prices"),
        ("date,a price!\n2024-01-02,1\n", "line 1: the column 'a price!'"),
        ("date,aaa,AAA\n2024-01-02,1,2\n", "line 1: no price column, or two of the same symbol"),
        ("date,close\n02/01/2024,1\n", "line 2: '02/01/2024' isn't a date"),
        ("date,close\n2024-01-02,1\n2024-01-02,2\n", "line 3: 2024-01-02 has a second price; the first is on line 2"),
        ("date,close\n2024-01-02,1\n2024-01-04,2\n2024-01-03,2\n", "line 4: 2024-01-03 isn't in order behind"),
        ("date,close\n2024-01-04,1\n2024-01-03,2\n2024-01-05,2\n", "line 4: 2024-01-05 isn't in order behind"),
        ("date,close\n2024-01-02,0\n", "line 2: close is 0; it must be above 0"),
        ("date,close\n2024-01-02,-3.5\n", "line 2: close is -3.5; it must be above 0"),
        ("date,close\n2024-01-02,1e999\n", "line 2: close is 1e999"),
        ('date,close\n2024-01-02,"1,5"\n', "line 2: close is '1,5', which isn't a number"),
        ("date,close\n2024-01-02,$5\n", "line 2: close is '$5', which isn't a number"),
        ("date,close,volume\n2024-01-02,5,-1\n", "line 2: volume is -1; it must be 0 or more"),
        ("date,close\n2024-01-02\n", "line 2: 1 cells under 2 heads"),
        ("symbol,date,close\na b,2024-01-02,1\n", "line 2: 'a b' isn't a symbol"),
        ('date,close\n2024-01-02,"5\n', "line 2: unexpected end of data"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(MarketDataError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value) and str(tmp_path / "acme.csv") in str(caught.value)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    file = tmp_path / "acme.csv"
    file.write_bytes(b"date,close,remark\n2024-01-02,1,\xe9\n")
    with pytest.raises(MarketDataError, match="isn't UTF-8"):
        read_prices(file, "acme.csv")


def test_gaps_are_told_and_long_weekends_are_none() -> None:
    def told(*days: str) -> str:
        return " ".join(gaps(np.array(days, dtype="datetime64[D]")))

    assert not told("2024-03-27", "2024-03-28", "2024-04-02", "2024-04-03")  # Easter
    found = told("2001-09-07", "2001-09-10", "2001-09-17", "2001-09-18")
    assert "between 2001-09-10 and 2001-09-17" in found
    assert not told("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
    assert "between 2024-02-29 and 2024-04-30" in told("2024-01-31", "2024-02-29", "2024-04-30", "2024-05-31")
    weeks = [str(day) for day in np.arange("2024-01-01", "2025-01-01", 7, dtype="datetime64[D]")]
    assert not told(*weeks)
    assert "and 1 times more" in told(*(day for at, day in enumerate(weeks) if at not in (5, 10, 15, 20)))


def test_a_part_of_the_prices(tmp_path: Path) -> None:
    prices = read(tmp_path, PLAIN)["ACME"]
    assert prices.between(date(2024, 1, 3)).close.tolist() == [11, 12.5]
    assert prices.between(None, date(2024, 1, 3)).close.tolist() == [10, 11]
    with pytest.raises(MarketDataError, match="go from 2024-01-02 to 2024-01-04"):
        prices.between(date(2025, 1, 1))
