"""The development sets made from public data: whole, true to their sources, and split by document."""

import json
from pathlib import Path

import pytest

from benchmarks import dev_sets
from benchmarks.dev_sets import is_specific, markdown_table, write
from retrieval.evaluation.beir import read_beir
from retrieval.evaluation.cases import Level, holds
from retrieval.evaluation.splits import Side, side_of, table_identity


@pytest.mark.parametrize(("name", "documents", "questions"), [("tatqa", 278, 1668), ("convfinqa", 218, 421)])
def test_every_question_is_on_the_side_of_its_document(
    shared_data: Path, tmp_path: Path, name: str, documents: int, questions: int
) -> None:
    made = {"tatqa": dev_sets.tatqa, "convfinqa": dev_sets.convfinqa}[name](shared_data)
    write(made, tmp_path)
    halves = {side: read_beir(tmp_path, side) for side in ("dev", "held-out")}
    assert {len(beir.corpus) for beir in halves.values()} == {documents}
    assert sum(len(beir.cases) for beir in halves.values()) == questions
    for side, beir in halves.items():
        asked = {case.targets[Level.DOCUMENT][0].places[0].document for case in beir.cases}
        assert {made.side_of(document).value for document in asked} == {side}
        specific = read_beir(tmp_path, f"{side}-specific").cases
        assert {case.id for case in specific} == {case.id for case in beir.cases if is_specific(case.question)}
        assert 0 < len(specific) < len(beir.cases)


def test_evidence_stands_in_its_document(shared_data: Path, tmp_path: Path) -> None:
    write(dev_sets.tatqa(shared_data), tmp_path)
    beir = read_beir(tmp_path, "dev")
    texts = {entry.id: entry.text for entry in beir.corpus}
    with_evidence = [case for case in beir.cases if Level.PASSAGE in case.targets]
    assert len(with_evidence) > 100
    for case in with_evidence:
        assert all(holds(texts[place.document], place.text) for place in case.targets[Level.PASSAGE][0].places)


def test_tables_that_two_sets_share_are_on_one_side(shared_data: Path) -> None:
    file = shared_data / "tathqa" / "tatqa_and_hqa_dataset_dev.json"
    contexts = json.loads(file.read_text(encoding="utf-8"))
    other = {table_identity(context["table"]["table"]) for context in contexts}
    made = dev_sets.tatqa(shared_data)
    shared = [uid for uid, identity in made.identities.items() if identity in other]
    assert len(shared) == 273
    assert {made.side_of(uid) for uid in shared} == set(Side)
    assert all(made.side_of(uid) is side_of(made.identities[uid]) for uid in shared)


@pytest.mark.slow
def test_contracts_are_asked_about_labelled_clauses(shared_data: Path) -> None:
    made = dev_sets.cuad(shared_data)
    assert len(made.corpus) == 410
    assert len({query.document for query in made.queries}) > 350
    query = made.queries[0]
    assert query.text.startswith("What does the ")
    for query in made.queries[::50]:
        text = str(made.corpus[query.document]["text"])
        assert all(holds(text, clause) for clause in query.evidence[:1])


def test_a_question_is_specific_when_it_says_what_it_is_about() -> None:
    assert not is_specific("What was the total in 2019?")
    assert not is_specific("What is the percentage change in the average balance between 2018 and 2019?")
    assert is_specific("How will this acquisition benefit Proofpoint's messaging customers?")


def test_a_table_is_drawn_whole() -> None:
    drawn = markdown_table([["", "2019"], ["Sales | net", "1", "extra"]])
    assert drawn.splitlines() == ["|  | 2019 |  |", "| --- | --- | --- |", "| Sales / net | 1 | extra |"]
