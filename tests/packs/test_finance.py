"""The finance pack: reproducible documents, statements that foot, and questions proved by the documents."""

import csv
import json
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dossier.adapters import ADAPTER, sha256_of
from dossier.packs import load_pack
from dossier.registry import Registry
from dossier.registry.entries import CARD
from dossier.settings import load_settings
from packs.finance.source import figures as figures_module
from packs.finance.source.build import ANNUAL_REPORT, PRICE_PAGE, PRICES, RELEASE, write_documents
from packs.finance.source.evidence import Evidence, EvidenceNotFound, read_pages
from packs.finance.source.expression import evaluate
from packs.finance.source.figures import InconsistentFigures, check, load_figures
from packs.finance.source.flow import read_blocks
from packs.finance.source.questions import build_questions, show, to_jsonl
from packs.finance.source.report import make_wording

PACK = Path(__file__).resolve().parents[2] / "packs" / "finance"
DOCUMENTS = PACK / "documents"
QUESTIONS = [json.loads(line) for line in (PACK / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
PAGES = {path.name: read_pages(path) for path in DOCUMENTS.iterdir() if path.suffix != ".csv"}
# Numbers that a question itself brings into its arithmetic: three nights, the two ends of an average.
CONSTANTS = {"fin-032": {"2"}, "fin-042": {"3"}}
ABSENT = ("credit rating", "price target", "market share", "relocation", "fiscal 2019", "salary of", "compensation of")


def amounts(document: str, heading: str, label: str) -> list[Decimal]:
    """Return the amounts behind a label in the statement with the heading, as a reader would take them."""
    lines = next(lines for lines in PAGES[document] if heading in lines)
    lines = lines[lines.index(heading) :]
    line = next(line for line in lines if re.fullmatch(re.escape(label) + r"( [$(]*[\d.,—]+\)?)+", line))
    words = line[len(label) :].replace("$", "").replace(",", "").replace("—", "0").split()
    return [Decimal(word.replace("(", "-").strip(")")) for word in words]


def added(document: str, heading: str, labels: str) -> list[Decimal]:
    """Add up the rows of a statement; a label after a minus sign is taken off."""
    rows = [(label.lstrip("-"), -1 if label.startswith("-") else 1) for label in labels.split("; ")]
    columns = [[sign * amount for amount in amounts(document, heading, label)] for label, sign in rows]
    return [sum(column, Decimal(0)) for column in zip(*columns, strict=True)]


@pytest.mark.slow
def test_rebuilding_gives_the_committed_bytes(tmp_path: Path) -> None:
    written = write_documents(tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in DOCUMENTS.iterdir())
    for path in written:
        assert path.read_bytes() == (DOCUMENTS / path.name).read_bytes(), path.name


def test_rebuilding_the_questions_gives_the_committed_file() -> None:
    assert to_jsonl(build_questions(DOCUMENTS)) == (PACK / "questions.jsonl").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_script_runs_from_any_folder(tmp_path: Path) -> None:
    copy = tmp_path / "packs" / "finance"
    shutil.copytree(PACK, copy, ignore=shutil.ignore_patterns("documents", "__pycache__"))
    subprocess.run([sys.executable, copy / "make_documents.py"], cwd=tmp_path, check=True, capture_output=True)
    for path in DOCUMENTS.iterdir():
        assert (copy / "documents" / path.name).read_bytes() == path.read_bytes(), path.name


def test_size_and_number_of_pages() -> None:
    assert 28 <= len(PAGES[ANNUAL_REPORT]) <= 40
    assert 4 <= len(PAGES[RELEASE]) <= 6
    assert sum(path.stat().st_size for path in DOCUMENTS.iterdir()) < 1_500_000


def test_no_page_is_nearly_empty_or_shows_a_placeholder() -> None:
    for document, pages in PAGES.items():
        for number, lines in enumerate(pages, start=1):
            assert len(lines) > 10, (document, number)
            assert not re.search(r"[{}\ufffe]", " ".join(lines)), (document, number)


def test_contents_page_names_the_right_pages() -> None:
    entries = [line.rsplit(" ", 1) for line in PAGES[ANNUAL_REPORT][1] if re.search(r" \d+$", line)]
    assert len(entries) > 25
    for heading, printed in entries:
        lines = PAGES[ANNUAL_REPORT][int(printed) + 1]
        assert heading in lines and printed in lines, heading


def test_all_equalities_between_figures_hold() -> None:
    assert check(load_figures()) > 100


@pytest.mark.parametrize(
    ("item", "column"), [("cash", "2025"), ("rev_lab", "2024"), ("cf_capex", "2023"), ("inventories", "Q1-26")]
)
def test_a_changed_figure_is_noticed(item: str, column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = figures_module.derive

    def derive_from_wrong(figures: figures_module.Figures, rules: dict[str, object]) -> None:
        figures.put(item, column, figures.get(item, column) + 1)
        original(figures, rules)

    monkeypatch.setattr(figures_module, "derive", derive_from_wrong)
    with pytest.raises(InconsistentFigures):
        load_figures()


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        ("Total revenue", "Products; Services"),
        ("Gross profit", "Total revenue; -Total cost of revenue"),
        ("Operating income", "Gross profit; -Total operating expenses"),
        (
            "Income before income taxes",
            "Operating income; Interest expense; Interest income; Other income (expense), net",
        ),
        ("Net income", "Income before income taxes; -Provision for income taxes"),
    ],
)
@pytest.mark.parametrize(
    ("document", "heading"),
    [
        (ANNUAL_REPORT, "CONSOLIDATED STATEMENTS OF INCOME"),
        (RELEASE, "CONDENSED CONSOLIDATED STATEMENTS OF INCOME (unaudited)"),
    ],
)
def test_printed_income_statements_foot(document: str, heading: str, total: str, parts: str) -> None:
    assert amounts(document, heading, total) == added(document, heading, parts)


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (
            "Total current assets",
            "Cash and cash equivalents; Short-term investments; Accounts receivable, net; Inventories; "
            "Prepaid expenses and other current assets",
        ),
        (
            "Total assets",
            "Total current assets; Property, plant and equipment, net; Operating lease right-of-use assets; Goodwill; "
            "Intangible assets, net; Deferred tax assets; Other assets",
        ),
        ("Total assets", "Total liabilities; Total shareholders’ equity"),
        ("Total assets", "Total liabilities and shareholders’ equity"),
    ],
)
def test_printed_balance_sheet_balances(total: str, parts: str) -> None:
    heading = "CONSOLIDATED BALANCE SHEETS"
    assert amounts(ANNUAL_REPORT, heading, total) == added(ANNUAL_REPORT, heading, parts)


def test_printed_cash_flow_ends_with_the_cash_of_the_balance_sheet() -> None:
    heading = "CONSOLIDATED STATEMENTS OF CASH FLOWS"
    closing = amounts(ANNUAL_REPORT, heading, "Cash and cash equivalents, end of year")
    assert closing == added(
        ANNUAL_REPORT,
        heading,
        "Net cash provided by operating activities; Net cash used in investing activities; "
        "Net cash used in financing activities; Effect of exchange rates on cash; "
        "Cash and cash equivalents, beginning of year",
    )
    assert closing[:2] == amounts(ANNUAL_REPORT, "CONSOLIDATED BALANCE SHEETS", "Cash and cash equivalents")
    release = amounts(RELEASE, "CONDENSED CONSOLIDATED BALANCE SHEETS (unaudited)", "Cash and cash equivalents")
    assert release[1] == closing[0]


def test_printed_earnings_per_share_follow_from_income_and_shares() -> None:
    heading = "CONSOLIDATED STATEMENTS OF INCOME"
    income = amounts(ANNUAL_REPORT, heading, "Net income")
    lines = next(lines for lines in PAGES[ANNUAL_REPORT] if heading in lines)
    per_share, shares = ([line.replace("$", "").split()[1:] for line in lines if line.startswith("Diluted")])[:2]
    for net, eps, count in zip(income, per_share, shares, strict=True):
        assert abs(net / Decimal(count) - Decimal(eps)) <= Decimal("0.005")


def test_release_repeats_the_prior_year_quarter_of_the_annual_report() -> None:
    quarter = amounts(RELEASE, "CONDENSED CONSOLIDATED STATEMENTS OF INCOME (unaudited)", "Net income")[1]
    assert quarter == amounts(ANNUAL_REPORT, "Quarterly results, fiscal 2025 (unaudited)", "Net income")[0]


def test_prices_agree_with_the_annual_report() -> None:
    with (DOCUMENTS / PRICES).open(encoding="utf-8", newline="") as file:
        closes = {date.fromisoformat(row["date"]): Decimal(row["close"]) for row in csv.DictReader(file)}
    spring = [close for day, close in closes.items() if date(2025, 4, 1) <= day <= date(2025, 6, 30)]
    row = f"Fourth quarter (April to June 2025) ${max(spring)} ${min(spring)} $0.22"
    assert any(row in lines for lines in PAGES[ANNUAL_REPORT])
    year = [close for day, close in closes.items() if day >= date(2024, 11, 1)]
    page = " ".join(PAGES[PRICE_PAGE][0])
    assert f"52-week high: ${max(year)}" in page and f"52-week low: ${min(year)}" in page


def test_number_of_questions_of_each_kind() -> None:
    kinds = [question["kind"] for question in QUESTIONS]
    assert set(kinds) == {"lookup", "arithmetic", "span", "comparison", "list", "unanswerable"}
    assert len(kinds) == 60
    assert kinds.count("unanswerable") == 10
    assert kinds.count("arithmetic") >= 20
    assert [question["id"] for question in QUESTIONS] == [f"fin-{number:03d}" for number in range(1, 61)]
    assert len({question["question"] for question in QUESTIONS}) == 60


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_evidence_stands_on_the_named_page(question: dict) -> None:
    assert bool(question["evidence"]) == (question["kind"] != "unanswerable")
    for evidence in question["evidence"]:
        assert evidence["text"] in PAGES[evidence["document"]][evidence["page"] - 1]


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q["expression"]], ids=lambda question: question["id"])
def test_expressions_give_the_answers_from_the_evidence(question: dict) -> None:
    assert show(evaluate(question["expression"]), question["unit"]) == question["answer"]
    shown = " ".join(evidence["text"] for evidence in question["evidence"]).replace(",", "")
    numbers = set(re.findall(r"[\d.]+", question["expression"])) - CONSTANTS.get(question["id"], set())
    assert numbers <= set(re.findall(r"\d+(?:\.\d+)?", shown))


def test_only_arithmetic_questions_have_expressions() -> None:
    assert all(bool(question["expression"]) == (question["kind"] == "arithmetic") for question in QUESTIONS)


def test_what_the_unanswerable_questions_ask_for_is_nowhere() -> None:
    everything = " ".join(line for pages in PAGES.values() for lines in pages for line in lines).lower()
    assert "net income" in everything
    assert not [phrase for phrase in ABSENT if phrase in everything]


def test_missing_or_ambiguous_evidence_is_refused() -> None:
    evidence = Evidence(DOCUMENTS)
    with pytest.raises(EvidenceNotFound):
        evidence.find(ANNUAL_REPORT, "Total revenue 1,284.7")
    with pytest.raises(EvidenceNotFound):
        evidence.find(ANNUAL_REPORT, "Larkfield Instruments, Inc.")


def test_texts_with_the_wrong_direction_stop_the_build() -> None:
    wording = make_wording(load_figures())
    assert wording.fill("{growth revenue 2025}") == "7.4%"
    with pytest.raises(ValueError, match="wrong direction"):
        wording.fill("{growth rev_china 2025}")
    with pytest.raises(KeyError):
        wording.fill("{no_such_fact}")
    assert read_blocks("release.txt", wording)[0].kind == "heading"


def test_expression_refuses_anything_but_arithmetic() -> None:
    assert evaluate("(1 + 2) * -3 / 4") == Decimal("-2.25")
    for text in ("print(1)", "'a' + 'b'", "2 ** 9"):
        with pytest.raises(ValueError, match="not arithmetic"):
            evaluate(text)


def test_settings_of_the_pack() -> None:
    pack = tomllib.loads((PACK / "pack.toml").read_text(encoding="utf-8"))
    assert (pack["name"], pack["documents"], pack["questions"]) == ("finance", "documents", "questions.jsonl")
    assert pack["model"] == {"base": "smollm2-135m-instruct", "adapter": "adapter"}
    assert len(pack["starter_questions"]) == 4
    assert any(question["question"] == pack["opening_question"] for question in QUESTIONS)
    matched = [path for entry in pack["collections"] for name in entry["files"] for path in DOCUMENTS.glob(name)]
    assert sorted(matched) == sorted(DOCUMENTS.iterdir())


def test_the_adapter_that_ships_is_whole_and_reads_as_this_version_asks() -> None:
    pack = load_pack(load_settings())
    if pack.adapter is None:
        pytest.skip("the pack ships no adapter")
    entry = Registry.of(load_settings()).shipped()[pack.name]
    assert {name: sha256_of(pack.adapter / name) for name in entry.files} == entry.files
    assert entry.origin.base == pack.base_model
    assert entry.reads is not None
    assert (pack.adapter / CARD).is_file()
    assert (pack.adapter / ADAPTER).stat().st_size < 12_000_000
