"""Question sets as pairs: what is read, which chunk is right, how the split falls, how differences are judged."""

import json
from pathlib import Path

import pytest

from dossier.errors import SettingsError
from training.embedder_tune import decide
from training.pairs import Asked, Examples, holds, is_held_out
from training.pairs_corpus import write_documents
from training.pairs_import import read_examples
from training.pairs_measure import Comparison, compare, ndcg
from training.pairs_names import company_of, with_name

TABLE = [["", "2019", "2018"], ["Fixed Price", "$  1,452.4", "$  1,146.2"], ["Other", "44.1", "56.7"]]
PARAGRAPH = "Sales by contract type follow in the table below. We are paid our costs. Nothing else is due."


def tatqa(file: Path) -> Path:
    def question(text: str, answer: object, **rest: object) -> dict[str, object]:
        return {"question": text, "answer": answer, "derivation": "", "rel_paragraphs": [], **rest}

    questions = [
        question("What was the change in Other?", -12.6, derivation="44.1-56.7", answer_from="table"),
        question("What is paid?", ["our costs"], answer_from="text", rel_paragraphs=["1"]),
        question("Which years are shown?", ["2019", "2018"], answer_from="table"),
    ]
    context = {"table": {"table": TABLE}, "paragraphs": [{"order": 1, "text": PARAGRAPH}], "questions": questions}
    file.write_text(json.dumps([context]))
    return file


def test_tatqa_names_the_row_or_the_sentence_that_answers(tmp_path: Path) -> None:
    found = read_examples(tatqa(tmp_path / "dev.json"))
    assert [item.evidence for item in found.asked] == [("Other 44.1 56.7",), ("We are paid our costs",)]
    (text,) = found.texts.values()
    assert text.index("table below") < text.index("Fixed Price $ 1,452.4 $ 1,146.2".replace("$ ", "$"))


def test_the_same_table_is_the_same_document_and_group_in_every_set(tmp_path: Path) -> None:
    first, second = read_examples(tatqa(tmp_path / "a.json")), read_examples(tatqa(tmp_path / "b.json"))
    assert first.texts == second.texts
    assert {item.group for item in first.asked} == {item.group for item in second.asked}


def test_convfinqa_keeps_questions_that_stand_alone_and_one_report_together(tmp_path: Path) -> None:
    item = {
        "questions": ["what was the exercise price per share in 2007?", "and in 2005?"],
        "text": "the plan grants options . in 2007 , it did .",
        "table": "- | 2007 | 2005\nexercise price per share | $ 60.94 | $ 25.14\nvolatility | 27% ( 27 % ) | 28%\n",
        "golden_table": "- | 2007 | 2005\nexercise price per share | $ 60.94 | $ 25.14\n",
        "golden_text": "",
    }
    pages = [{**item, "id": f"Single_MRO/2007/page_{page}.pdf-1"} for page in (1, 2)]
    file = tmp_path / "conv.json"
    file.write_text(json.dumps(pages))
    found = read_examples(file)
    assert [question.question for question in found.asked] == [item["questions"][0]] * 2
    assert {question.group for question in found.asked} == {"MRO/2007"}
    assert found.asked[0].evidence == ("exercise price per share $60.94 $25.14",)
    text = found.texts["MRO/2007/page_1/MRO_2007_annual_report.txt"]
    assert "volatility 27% 28%" in text
    assert "in 2007, it did." in text


def test_cuad_asks_for_clauses_that_lawyers_marked(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "ACME_2001-Supply.txt").write_text("This Agreement is governed by the laws of Ohio.")
    (tmp_path / "master_clauses.csv").write_text(
        "Filename,Document Name-Answer,Governing Law,Insurance\n"
        "ACME_2001-Supply.pdf,Supply Agreement,\"['governed by the laws of Ohio']\",[]\n"
    )
    (asked,) = read_examples(tmp_path).asked
    assert "ACME" in asked.question
    assert asked.evidence == ("governed by the laws of Ohio",)


def test_unknown_files_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('[{"a": 1}]')
    with pytest.raises(SettingsError, match="other.json isn't of a known kind"):
        read_examples(file)
    file.write_text("{")
    with pytest.raises(SettingsError, match="other.json can't be read"):
        read_examples(file)


def test_documents_never_land_outside_their_folder(tmp_path: Path) -> None:
    bad = Examples("bad", (Asked("q", "../x.txt", ("e",), "g"),), {"../x.txt": "text"})
    with pytest.raises(SettingsError, match="outside"):
        write_documents([bad], tmp_path / "documents")
    assert not (tmp_path / "x.txt").exists()


def test_evidence_needs_all_its_numbers() -> None:
    page = "Notes\nOther    44.1   56.7  70.8\nTotal sales 1,496.5"
    assert holds(page, "Other 44.1 56.7")
    assert not holds(page, "Other 44.1 56.9")
    assert not holds(page, "Other 4.1")
    prose = "The company had eight leases in the northern region with a total cost of 15 million dollars"
    assert holds(prose, prose.replace("eight", "several"))
    assert not holds(prose, prose.replace("15", "16"))
    assert not holds(page, "")


def test_the_split_depends_on_the_name_alone() -> None:
    groups = [f"table-{number}" for number in range(2000)]
    held = [group for group in groups if is_held_out(group, 0.25)]
    assert held == [group for group in reversed(groups) if is_held_out(group, 0.25)][::-1]
    assert 430 < len(held) < 570
    assert set(held) <= {group for group in groups if is_held_out(group, 0.5)}


def test_half_of_the_questions_name_the_invented_company() -> None:
    named = [with_name(f"What was the revenue of unit {number}?", "g") for number in range(400)]
    share = sum(company_of("g") in question for question in named) / 400
    assert 0.4 < share < 0.6


def test_ndcg_counts_a_page_once() -> None:
    assert ndcg(["a", "b"], frozenset("a")) == 1.0
    assert ndcg(["b", "b", "b", "a"], frozenset("a")) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg([str(number) for number in range(20)], frozenset(["15"])) == 0.0


def test_an_interval_tells_chance_from_gain() -> None:
    chance = compare("x", [0.0, 1.0] * 20, [1.0, 0.0] * 20)
    assert not chance.is_better
    assert chance.low < 0 < chance.high
    gain = compare("x", [0.2] * 40, [0.3, 0.4] * 20)
    assert gain.is_better
    assert gain.difference == pytest.approx(0.15)
    assert not compare("x", [], []).is_better
    with pytest.raises(ValueError, match="same questions"):
        compare("x", [1.0], [])


@pytest.mark.parametrize(
    ("low", "general_after", "installed"), [(0.01, 0.70, True), (-0.01, 0.70, False), (0.01, 0.685, False)]
)
def test_only_a_certain_gain_without_forgetting_is_installed(low: float, general_after: float, installed: bool) -> None:
    full = Comparison("documents @384", 50, 0.4, 0.45, low, 0.09)
    short = Comparison("documents @128", 50, 0.4, 0.3, -0.2, -0.05)
    general = Comparison("general questions @384", 50, 0.70, general_after, -0.1, 0.1)
    assert decide([full, short], general)[1] is installed
    assert not decide([], general)[1]
