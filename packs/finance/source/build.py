"""Writes all documents of the pack into a folder."""

from pathlib import Path

from .flow import TEXT
from .price_page import price_page
from .prices import daily_prices, prices_csv
from .report import annual_report, earnings_release

ANNUAL_REPORT = "larkfield-annual-report-2025.pdf"
RELEASE = "larkfield-q1-2026-release.pdf"
POLICY = "travel-and-expense-policy.md"
PRICE_PAGE = "price-history.md"
PRICES = "prices.csv"


def make_documents() -> dict[str, bytes]:
    """Return the contents of every document by file name; the same bytes every time."""
    days = daily_prices()
    return {
        ANNUAL_REPORT: annual_report(),
        RELEASE: earnings_release(),
        POLICY: (TEXT / "travel_policy.txt").read_text(encoding="utf-8").encode(),
        PRICE_PAGE: price_page(days).encode(),
        PRICES: prices_csv(days).encode(),
    }


def write_documents(folder: Path) -> list[Path]:
    """Write every document into the folder and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in make_documents().items():
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return written
