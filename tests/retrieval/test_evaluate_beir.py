"""BEIR folders: malformed ones are refused by name and line; a whole one is indexed and asked by the real product."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.cli import app
from dossier.errors import DossierError, SettingsError
from retrieval.evaluation.beir import read_beir, write_documents
from retrieval.evaluation.cases import Level

CORPUS = [
    {"_id": "d1", "title": "Leave rules", "text": "Everyone has 27 days of annual leave a year. Sick leave is extra."},
    {"_id": "d2", "title": "Leave rules", "text": "Sales of pumps in 2024 were 412 million euros, up 3 percent."},
    {"_id": "d3", "title": "", "text": "# Canteen\n\n| Dish | Price |\n| --- | --- |\n| Soup | 4.20 |\n"},
    {"_id": "d4", "title": "../../etc/passwd", "text": "The fire drill takes place on the first Monday of May."},
]
CORPUS[2]["metadata"] = {"format": "md"}
QUERIES = [
    {"_id": "q1", "text": "How many days of annual leave are there?"},
    {"_id": "q2", "text": "What were pump sales?"},
    {"_id": "q3", "text": "What does the soup cost?"},
    {"_id": "q4", "text": "When is the fire drill?"},
]
QUERIES[0]["metadata"] = {"evidence": [{"document": "d1", "page": 1, "text": "27 days of annual leave"}]}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\nq3\td3\t1\nq4\td4\t1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "small"
    (place / "qrels").mkdir(parents=True)
    (place / "corpus.jsonl").write_text("\n".join(map(json.dumps, CORPUS)))
    (place / "queries.jsonl").write_text("\n".join(map(json.dumps, QUERIES)))
    (place / "qrels" / "test.tsv").write_text(QRELS)
    return place


def test_a_whole_folder_is_read(folder: Path) -> None:
    beir = read_beir(folder)
    assert [entry.id for entry in beir.corpus] == ["d1", "d2", "d3", "d4"]
    first = beir.cases[0]
    assert [(target.places[0].document, target.gain) for target in first.targets[Level.DOCUMENT]] == [("d1", 2)]
    assert first.targets[Level.PASSAGE][0].places[0].text == "27 days of annual leave"
    assert Level.PAGE not in beir.cases[1].targets


def test_each_document_becomes_one_file_inside_the_folder(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "written"
    place.mkdir()
    (place / "left over.txt").write_text("of an earlier run")
    names = write_documents(read_beir(folder), place)
    assert sorted(names.values()) == ["d1", "d2", "d3", "d4"]
    assert sorted(file.name for file in place.iterdir()) == sorted(names)
    assert {file.parent for file in place.rglob("*")} == {place}
    assert not (tmp_path / "etc").exists()
    before = {file.name: file.stat().st_mtime_ns for file in place.iterdir()}
    write_documents(read_beir(folder), place)
    assert {file.name: file.stat().st_mtime_ns for file in place.iterdir()} == before


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n{"_id": "d2"}', r"corpus\.jsonl, line 2: text missing"),
        ("corpus.jsonl", "{oops", r"corpus\.jsonl, line 1: not JSON"),
        ("corpus.jsonl", '["d1"]', r"corpus\.jsonl, line 1: _id and text missing"),
        ("corpus.jsonl", "", r"corpus\.jsonl is empty"),
        ("corpus.jsonl", '{"_id": "d", "text": ""}\n{"_id": "d", "text": ""}', r"line 2: the _id 'd' is there twice"),
        ("corpus.jsonl", '{"_id": "d", "text": "", "metadata": {"format": "exe"}}', r"line 1: format 'exe'"),
        ("queries.jsonl", '{"_id": "q1"}', r"queries\.jsonl, line 1: text missing"),
        ("qrels/test.tsv", "q1\td1", r"test\.tsv, line 1: 2 columns"),
        ("qrels/test.tsv", f"{QRELS}q9\td1\t1", r"test\.tsv, line 7: there is no query 'q9'"),
        ("qrels/test.tsv", f"{QRELS}q1\td9\t1", r"test\.tsv, line 7: there is no document 'd9'"),
        ("qrels/test.tsv", f"{QRELS}q1\td2\tyes", r"test\.tsv, line 7: the score 'yes'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t0", r"names no relevant document"),
    ],
)
def test_a_malformed_folder_is_refused(folder: Path, file: str, content: str, says: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(SettingsError, match=says):
        read_beir(folder)


def test_missing_parts_and_splits_are_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no split 'dev'.*: test"):
        read_beir(folder, "dev")
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "train.tsv")
    assert read_beir(folder).split == "train"
    (folder / "qrels" / "dev.tsv").write_text(QRELS)
    with pytest.raises(SettingsError, match="several splits.*dev, train"):
        read_beir(folder)
    (folder / "corpus.jsonl").write_bytes(b'{"_id": "\xff"}')
    with pytest.raises(SettingsError, match="isn't UTF-8"):
        read_beir(folder, "dev")
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(SettingsError, match=r"corpus\.jsonl can't be read"):
        read_beir(folder, "dev")
    with pytest.raises(SettingsError, match="isn't a folder"):
        read_beir(folder / "nowhere")


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `dossier evaluate retrieval` in a home of its own."""
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(app, ["evaluate", "retrieval", *map(str, arguments)], catch_exceptions=True)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


@pytest.mark.model
def test_a_folder_is_indexed_and_asked_and_compared(folder: Path, tmp_path: Path, evaluate) -> None:
    earlier = json.loads(evaluate("--beir", folder, "--json", "--per-question", tmp_path / "per.jsonl"))
    assert earlier["questions"] == 4
    assert earlier["figures"]["document"]["recall@3"]["value"] == 1
    assert set(earlier["figures"]) == {"document", "page", "passage"}
    seen = [json.loads(line) for line in (tmp_path / "per.jsonl").read_text().splitlines()]
    best = {line["id"]: line["found"][0] for line in seen}
    assert (best["q1"]["document"], best["q1"]["right"]) == ("d1", ["document", "passage", "page"])
    assert "27 days" in best["q1"]["text"]
    index = list((tmp_path / "home").rglob("manifest.json"))
    assert len(index) == 1
    assert (tmp_path / "home" / "evaluation") in index[0].parents
    (folder / "qrels" / "test.tsv").write_text("q1\td3\t1\nq2\td2\t1\nq3\td3\t1\nq4\td4\t1\n")
    (tmp_path / "earlier.json").write_text(json.dumps(earlier))
    later = json.loads(evaluate("--beir", folder, "--json", "--compare", tmp_path / "earlier.json"))
    assert later["comparison"]["differences"]["document"]["recall@1"]["value"] == -0.25
    assert len(list((tmp_path / "home").rglob("manifest.json"))) == 1, "nothing changed, so nothing is indexed again"


@pytest.mark.model
def test_own_questions_are_asked_of_the_own_index(documents: Path, tmp_path: Path, evaluate) -> None:
    questions = tmp_path / "mine.jsonl"
    evidence = [{"document": "leave.md", "page": 1, "text": "27 days of annual leave"}]
    common = {"kind": "lookup", "answer": "27"}
    asked = [
        {"id": "a", "question": "How much annual leave is there?", "evidence": evidence, **common},
        {"id": "b", "question": "Who won the cup in 1974?", "evidence": [], **common},
    ]
    questions.write_text("\n".join(map(json.dumps, asked)))
    CliRunner().invoke(app, ["index", "--docs", str(documents)], catch_exceptions=False)
    result = json.loads(evaluate("--questions", questions, "--docs", documents, "--json"))
    assert result["questions"] == 1
    assert result["figures"]["passage"]["found@1"]["value"] == 1
    assert result["reading"]["unanswerable"] == 1
    assert result["reading"]["refused"]["value"] == 1
    assert "passage" in evaluate("--questions", questions, "--docs", documents)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--split", "dev"), "--split chooses"),
        (("--beir", "x", "--docs", "y"), "--beir brings its own"),
        (("--beir", "nowhere"), "nowhere isn't a folder"),
        (("--questions", "nowhere.jsonl"), "no question file nowhere.jsonl"),
    ],
)
def test_options_that_do_not_fit_are_refused(evaluate, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(DossierError, match=says):
        evaluate(*arguments)
