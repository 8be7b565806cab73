"""Every kind of source is found by its content and read; what is wrong is named with its line."""

import json
from collections import Counter
from pathlib import Path

import pytest

from dossier.amounts import Scale
from dossier.errors import DataError, DossierError
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Turn
from tests.training.data import small_sources as small
from training.data.example import from_json, to_json
from training.data.importing.read import read_source
from training.data.importing.source import Source
from training.data.labels import checked


def kinds(found: Source) -> list[tuple[str, str]]:
    return [(example.task.value, example.answer.kind.value) for example in found]


def test_tatqa(tmp_path: Path) -> None:
    found = read_source(small.tatqa(tmp_path / "any.name"))
    assert (found.kind.title, found.kind.licence) == ("TAT-QA", "CC BY 4.0")
    assert kinds(found) == [("qa", "number"), ("qa", "spans"), ("qa", "count")]
    first = found.examples[0]
    assert (first.answer.texts, first.answer.scale, first.answer.derivation) == (("-12.6",), Scale.MILLION, "44.1-56.7")
    assert first.answer.evidence == ("Other 44.1 56.7",)
    assert first.context.rows[2] == ("Other", "44.1", "56.7")
    assert first.origin.place == "line 1, item 1, question 1"


def test_tathqa_is_told_by_its_questions_and_shares_groups_with_tatqa(tmp_path: Path) -> None:
    what_if = {
        "question": "What if it was 50 in 2019?", "answer": -6.7, "answer_type": "counterfactual", "scale": "million",
        "derivation": "50-56.7", "answer_from": "table", "rel_paragraphs": [],
    }  # fmt: skip
    found = read_source(small.tatqa(tmp_path / "a.json", what_if))
    assert found.kind.title == "TAT-HQA"
    assert kinds(found)[-1] == ("qa", "number")
    other = read_source(small.tatqa(tmp_path / "b.json"))
    assert {example.origin.group for example in found} == {example.origin.group for example in other}


def test_convfinqa_keeps_the_turns_before(tmp_path: Path) -> None:
    found = read_source(small.convfinqa(tmp_path / "c.json"))
    price, change, more = found.examples
    assert [example.answer.texts for example in found] == [("60.94",), ("35.8",), ("yes",)]
    assert not price.history
    assert change.history == (Turn("user", "what was the price in 2007?"), Turn("assistant", "60.94"))
    assert price.context.rows[2] == ("volatility", "27%", "28%")
    assert (more.origin.group, more.origin.about.ticker, more.origin.about.period) == ("MRO/2007", "MRO", "2007")
    assert [checked(example)[0].answer.expression for example in found] == [
        "60.94",
        "60.94 - 25.14",
        "60.94 - 25.14 > 25.14",
    ]


def test_convfinqa_as_published(tmp_path: Path) -> None:
    found = read_source(small.published_convfinqa(tmp_path / "c.json"))
    assert [checked(example) for example in found][1][1] == ""
    assert checked(found.examples[1])[0].answer.expression == "(93 - 103) / 103"
    assert found.examples[0].context.paragraphs


def test_cuad_answers_by_the_clause_or_not_at_all(tmp_path: Path) -> None:
    clause, absent = read_source(small.cuad(tmp_path / "cuad"))
    assert clause.answer.texts == ("It is governed by the laws of Ohio",)
    assert clause.answer.texts[0] in clause.context.text
    assert len(clause.context.text) < 2700
    assert clause.origin.document == "ACME_2001-Supply.txt"
    assert absent.answer.texts == (NOT_IN_DOCUMENTS,)
    assert absent.answer.kind == "unanswerable"


def test_intents(tmp_path: Path) -> None:
    table = small.rows(tmp_path / "t.csv", "text,category", '"Where is it, please?",card_arrival', "How?,card_linking")
    banking = read_source(table)
    assert (banking.name, banking.kind.licence) == ("BANKING77", "CC BY 4.0")
    assert banking.examples[0].question == "Where is it, please?"
    clinc = tmp_path / "c.json"
    clinc.write_text(json.dumps({"train": [["what is my balance", "balance"]], "oos_train": [["why", "oos"]]}))
    assert [example.answer.texts for example in read_source(clinc)] == [("balance",), ("oos",)]


def test_entities(tmp_path: Path) -> None:
    marks = [
        {"start": 12, "end": 17, "value": "Huhta", "label": "Negative"},
        {"start": 0, "end": 7, "value": "Siemens", "tag": "Positive"},
    ]
    file = tmp_path / "e.json"
    file.write_text(json.dumps([{"content": "Siemens and Huhta moved.", "annotations": marks}]))
    (example,) = read_source(file)
    assert example.answer.texts == ("Siemens: Positive", "Huhta: Negative")
    assert checked(example)[1] == ""


def test_own_chat_alpaca_and_tables(tmp_path: Path) -> None:
    first, second = read_source(small.chat(tmp_path / "chat.jsonl", document="faq.md", company="Acme", groups=["hr"]))
    assert (first.instruction, first.question, first.answer.texts) == (
        "Be short.",
        "Where is my card?",
        ("On its way.",),
    )
    assert second.history[-1] == Turn("assistant", "On its way.")
    assert (first.origin.document, first.origin.about.company, first.origin.readers) == ("faq.md", "Acme", {"hr"})
    alpaca = tmp_path / "alpaca.json"
    alpaca.write_text(json.dumps([{"instruction": "Sum up.", "input": "Long text.", "output": "Short."}]))
    (example,) = read_source(alpaca)
    assert (example.context.paragraphs, example.answer.texts) == (("Long text.",), ("Short.",))
    table = small.rows(tmp_path / "t.tsv", "Question\tAnswer\tExpression\tScale", "Change?\t-1\t2-3\tmillion")
    (example,) = read_source(table)
    assert checked(example)[0].answer.expression == "2 - 3"
    assert example.answer.scale is Scale.MILLION
    (example,) = read_source(small.rows(tmp_path / "q.jsonl", '{"prompt": "Who?", "completion": "Me."}'))
    assert (example.question, example.answer.texts) == ("Who?", ("Me.",))


def test_a_packs_questions() -> None:
    found = read_source(Path("packs/finance/questions.jsonl"))
    assert Counter(example.answer.kind.value for example in found)["unanswerable"] == 10
    assert all(checked(example)[1] == "" for example in found)
    growth = next(example for example in found if example.answer.derivation == "(1284.6 - 1196.3) / 1196.3")
    assert (growth.answer.texts, growth.answer.scale) == (("7.4",), Scale.PERCENT)


def test_examples_read_back_as_they_were_written(tmp_path: Path) -> None:
    for source in (
        small.tatqa(tmp_path / "a"),
        small.convfinqa(tmp_path / "b"),
        small.chat(tmp_path / "c", groups="hr"),
    ):
        for example in read_source(source):
            assert from_json(json.loads(json.dumps(to_json(example)))) == example


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", "", "is empty"),
        ("x.json", "[]", "no examples"),
        ("x.json", '[\n{"a": 1}\n]', "line 2, item 1: examples of this form"),
        ("x.json", "[\n1\n]", "line 2, item 1: it isn't an object"),
        ("x.json", '[\n{"a": 1},\n{"a" 2}]', r"line 3: it isn't JSON"),
        ("x.json", '[{"a": 1} {"a": 2}]', "a comma or the list's end is missing after item 1"),
        ("x.json", "[" * 100_000, "nested too deep"),
        ("x.json", '{"train": [["only text"]]}', "line 1: part train, item 1 isn't a pair"),
        ("x.jsonl", '{"prompt": "a", "completion": "b"}\n\n{"prompt": "a"}', "line 3: 'completion' is missing"),
        ("x.jsonl", '{"prompt": "a", "completion": "b"}\n{"prompt"', "line 2: it isn't JSON"),
        ("x.jsonl", '{"messages": [{"role": "robot", "content": "x"}]}', "line 1: the role 'robot'"),
        ("x.jsonl", '{"messages": [{"role": "user", "content": "x"}]}', "no reply of the assistant"),
        ("x.jsonl", '{"messages": [{"role": "assistant", "content": "x"}]}', "doesn't follow a user's message"),
        ("x.jsonl", '{"instruction": "a", "output": 5}\n{}', "line 1: 5 isn't text"),
        ("x.csv", "question,answer\na,b\nc\n", "line 3: it hasn't the 2 columns"),
        ("x.md", "# Notes\n\nAs text, with a comma", "line 1: it is neither JSON nor JSON lines"),
        ("x.csv", "question,remarks\na,b\n", "line 1: no columns of questions and answers among question, remarks"),
        ("x.csv", 'question,answer\n"a,b\n', "line 2: it isn't a row"),
        ("x.csv", "question,answer,scale\na,b,dozen\n", "line 2: 'dozen' is not a valid Scale"),
        ("x.json", '[{"table": {}, "paragraphs": [], "questions": [{}]}]', "item 1: 'table' is missing"),
        ("x.json", '[{"table": {}, "paragraphs": [], "questions": 5}]', "its questions: "),
        ("x.json", '[{"golden_table": "", "questions": [], "programs": [], "answer": 1}]', "item 1: 'id' is missing"),
    ],
)  # fmt: skip
def test_broken_files_are_named_with_their_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(DataError, match=message) as error:
        read_source(file)
    assert str(file) in str(error.value)


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"question,answer\n\xff\xfe,x\n")
    with pytest.raises(DataError, match="line 2: it isn't UTF-8"):
        read_source(tmp_path / "b")
    with pytest.raises(DataError, match="can't be opened"):
        read_source(tmp_path / "missing.json")
    with pytest.raises(DataError, match="not CUAD"):
        read_source(tmp_path)


def test_a_broken_question_file_names_its_line(tmp_path: Path) -> None:
    good = '{"id": "a", "question": "q", "kind": "lookup", "answer": "x", "evidence": []}'
    file = small.rows(tmp_path / "q.jsonl", good, '{"id": "b"}')
    with pytest.raises(DossierError, match="line 2"):
        read_source(file)


@pytest.mark.slow
def test_the_public_sets_are_read_whole(shared_data: Path) -> None:
    files = {
        "tatqa/tatqa_dataset_dev.json": 1668,
        "tathqa/tatqa_and_hqa_dataset_dev.json": 2468,
        "convfinqa/convfinqa_dev.json": 1490,
        "banking77/train.csv": 10_003,
        "clinc150/clinc_train_val.json": 18_200,
        "finentity/finentity_train.json": 783,
    }
    for file, count in files.items():
        found = read_source(shared_data / file)
        assert len(found.examples) == count
        wrong = sum(bool(checked(example)[1]) for example in found)
        assert wrong <= 5, file
    for example in read_source(shared_data / "cuad"):
        assert example.answer.kind == "unanswerable" or example.answer.texts[0] in example.context.text
