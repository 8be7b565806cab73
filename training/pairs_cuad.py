"""CUAD (Hendrycks et al. 2021): contracts and the clauses that lawyers marked in them, turned into questions."""

import ast
import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import SettingsError
from training.pairs import Asked, Examples

MOST_CONTRACTS = 70
"""Contracts that are read: enough for the kinds of clause, few enough to index in a minute."""
_LONGEST = 90_000
_QUESTIONS = {
    "Governing Law": ("Which state's law governs {it}?", "Under whose law is {it} interpreted?"),
    "Expiration Date": ("When does {it} end?", "How long is the initial term of {it}?"),
    "Renewal Term": ("Does {it} renew by itself, and for how long?", "What is the renewal term of {it}?"),
    "Notice Period To Terminate Renewal": ("How much notice stops {it} from renewing?",),
    "Most Favored Nation": ("Does anyone get most favored customer terms under {it}?",),
    "Non-Compete": ("What competing business does {it} forbid?", "Is there a non-compete in {it}?"),
    "Exclusivity": ("Is {it} exclusive?", "Who may the parties of {it} not deal with besides each other?"),
    "No-Solicit Of Employees": ("May the other side's staff be hired under {it}?",),
    "Non-Disparagement": ("Does {it} forbid speaking badly of the other party?",),
    "Termination For Convenience": ("Can {it} be ended without cause?", "How can one walk away from {it}?"),
    "Rofr/Rofo/Rofn": ("Is there a right of first refusal in {it}?",),
    "Change Of Control": ("What happens to {it} if a party is taken over?",),
    "Anti-Assignment": ("Can {it} be assigned to someone else?", "Whose consent does a transfer of {it} need?"),
    "Revenue/Profit Sharing": ("What share of revenue is paid under {it}?", "How are profits split in {it}?"),
    "Price Restrictions": ("May prices be raised under {it}?",),
    "Minimum Commitment": ("What is the least that must be bought under {it}?",),
    "Volume Restriction": ("What happens when usage goes over the limit in {it}?",),
    "Ip Ownership Assignment": ("Who owns what is developed under {it}?",),
    "Joint Ip Ownership": ("Is any intellectual property owned jointly under {it}?",),
    "License Grant": ("What licence does {it} grant?", "What may be used under the licence in {it}?"),
    "Non-Transferable License": ("Can the licence in {it} be transferred?",),
    "Irrevocable Or Perpetual License": ("Is the licence in {it} perpetual?",),
    "Source Code Escrow": ("Is source code kept in escrow under {it}?",),
    "Post-Termination Services": ("What must still be done after {it} has ended?",),
    "Audit Rights": ("Who may inspect the books under {it}?", "What audit rights are there in {it}?"),
    "Uncapped Liability": ("For what is liability unlimited in {it}?",),
    "Cap On Liability": ("What is the most that a party is liable for under {it}?", "How is liability capped in {it}?"),
    "Liquidated Damages": ("What fee is due when {it} is ended early?",),
    "Warranty Duration": ("How long does the warranty in {it} last?",),
    "Insurance": ("What insurance does {it} require?", "How much cover must be carried under {it}?"),
    "Covenant Not To Sue": ("What may the parties of {it} not challenge or sue over?",),
    "Third Party Beneficiary": ("Can third parties enforce {it}?",),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract with the row of labels that lawyers gave it."""

    file: Path
    row: Mapping[str, str]

    @property
    def party(self) -> str:
        """The first party, as the file is named."""
        return re.split(r"[_,.\- ]", self.file.stem)[0]

    @property
    def group(self) -> str:
        """The first party's letters: several contracts of one party say much the same."""
        return re.sub(r"[^a-z]", "", self.party.lower())[:10]

    @property
    def text(self) -> str:
        """What it says."""
        return self.file.read_text(encoding="utf-8", errors="replace")

    def clauses(self, category: str) -> list[str]:
        """The clauses of a category, as they stand in the text; pieces that belong together stand apart."""
        return _listed(self.row.get(category, ""))


CATEGORIES = tuple(_QUESTIONS)
"""Kinds of clause that there are questions for."""


def contracts_in(folder: Path) -> list[Contract]:
    """The contracts of `master_clauses.csv` and `contracts/*.txt`, in a fixed order.

    Raises SettingsError when they aren't there.
    """
    clauses, contracts = folder / "master_clauses.csv", folder / "contracts"
    if not clauses.is_file() or not contracts.is_dir():
        raise SettingsError(f"{folder} holds no master_clauses.csv and contracts/ folder, so it isn't CUAD.")
    try:
        with clauses.open(encoding="utf-8-sig", newline="") as stream:
            rows = {Path(row["Filename"]).stem.strip(): row for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise SettingsError(f"{clauses} can't be read as CUAD's table of clauses: {error!r}.") from error
    files = [file for file in contracts.glob("*.txt") if file.stem.strip() in rows]
    files.sort(key=lambda file: hashlib.sha256(file.name.encode()).digest())
    return [Contract(file, rows[file.stem.strip()]) for file in files]


def read_cuad(folder: Path) -> Examples:
    """Read questions about contracts that aren't too long. Raises SettingsError when there are none."""
    contracts = [item for item in contracts_in(folder) if item.file.stat().st_size < _LONGEST]
    texts: dict[str, str] = {}
    asked: list[Asked] = []
    for contract in contracts[:MOST_CONTRACTS]:
        texts[contract.file.name] = contract.text
        for category in CATEGORIES:
            evidence = tuple(_unfold(piece) for piece in contract.clauses(category))
            if evidence:
                asked.append(Asked(clause_question(contract, category), contract.file.name, evidence, contract.group))
    return Examples("cuad", tuple(asked), texts)


def clause_question(contract: Contract, category: str) -> str:
    """A question that asks for a kind of clause, as people ask; the same for the same contract and kind."""
    kind = (contract.row["Document Name-Answer"] or "agreement").strip().lower()
    number = int.from_bytes(hashlib.sha256(f"{contract.file.name}:{category}".encode()).digest()[:4])
    it = (f"the {contract.party} {kind}", f"{contract.party}'s agreement", f"the {kind} with {contract.party}")
    questions = _QUESTIONS[category]
    return questions[number // 3 % len(questions)].format(it=it[number % 3])


def _listed(cell: str) -> list[str]:
    """The clauses of a cell, which holds a list as Python writes it."""
    try:
        value = ast.literal_eval(cell or "[]")
    except (ValueError, SyntaxError):
        return []
    return [str(item) for item in value] if isinstance(value, list) else []


def _unfold(clause: str) -> str:
    """The longest part of a clause that was marked in pieces; a long clause by its first words, which tell it apart."""
    parts = clause.split("<omitted>")
    return " ".join(max(parts, key=len).split()[:40])
