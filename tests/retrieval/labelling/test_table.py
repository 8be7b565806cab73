"""A CSV in, a CSV out; a run that was stopped goes on where it was."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dossier.cli import joined
from dossier.errors import DataError, EnvironmentProblem
from dossier.records import Progress
from retrieval.embedder import Embedder
from retrieval.labelling.head import LabelTask
from retrieval.labelling.labeller import Labeller
from retrieval.labelling.table import TableJob, label_table
from tests.retrieval.labelling.heads import head_of, labeller_with

pytestmark = pytest.mark.model
ROWS = [
    (f"{at}", text) for at, text in enumerate(["late parcel", 'refund, "now"', "line\nbreak refund", "parcel lost"] * 3)
]


class Stopped(Exception):
    """What a test ends a run with."""


@pytest.fixture
def labeller(tmp_path: Path, embedder: Embedder) -> Labeller:
    vectors = embedder.embed(["The parcel is late.", "I want a refund."])
    return labeller_with(head_of(vectors, ("delivery", "refund")), tmp_path / "home")


@pytest.fixture
def job(tmp_path: Path) -> TableJob:
    file = tmp_path / "in.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *ROWS])
    return TableJob(file, "text", LabelTask.TOPIC, tmp_path / "out.csv")


def rows_of(file: Path) -> list[list[str]]:
    with file.open(newline="") as stream:
        return list(csv.reader(stream))


def test_every_row_with_its_label(job: TableJob, labeller: Labeller) -> None:
    seen: list[Progress] = []
    found = label_table(job, labeller, seen.append, block=5)
    heads, *rows = rows_of(job.out)
    assert heads == ["id", "text", "topic", "topic_probability"]
    assert [tuple(row[:2]) for row in rows] == ROWS
    assert rows[0][2] == "delivery" and rows[1][2] == "refund" and 0.5 <= float(rows[0][3]) <= 1
    assert (found.rows, found.resumed) == (12, 0) and found.unsure == sum(not row[2] for row in rows)
    assert [(one.done, one.total) for one in seen] == [(5, 12), (10, 12), (12, 12)]
    assert sorted(file.name for file in job.out.parent.iterdir()) == ["home", "in.csv", "out.csv"]


def test_a_stopped_run_goes_on_and_gives_the_same(job: TableJob, labeller: Labeller, tmp_path: Path) -> None:
    whole = TableJob(job.file, "text", job.task, tmp_path / "whole.csv")
    label_table(whole, labeller, lambda _: None)

    def stop(progress: Progress) -> None:
        if progress.done >= 6:
            raise Stopped

    with pytest.raises(Stopped):
        label_table(job, labeller, stop, block=3)
    assert not job.out.exists()
    part = tmp_path / ".out.csv.part"
    part.write_bytes(part.read_bytes() + b'7,"half a r')  # killed in the midst of a row
    found = label_table(job, labeller, lambda _: None, block=3)
    assert (found.rows, found.resumed) == (12, 6)
    assert job.out.read_bytes() == whole.out.read_bytes()
    assert not part.exists()


def test_a_changed_file_begins_anew(job: TableJob, labeller: Labeller) -> None:
    def stop(_: Progress) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        label_table(job, labeller, stop, block=3)
    job.file.write_text("id,text\n1,refund please\n")
    found = label_table(job, labeller, lambda _: None)
    assert (found.rows, found.resumed) == (1, 0)
    assert [row[:2] for row in rows_of(job.out)[1:]] == [["1", "refund please"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("id,body\n1,x\n", "no column 'text' of its own; its heads are id, body"),
        ("text,text\n1,x\n", "no column 'text' of its own"),
        ("text,topic\n1,x\n", "has a column topic already"),
        ("id,text\n1\n", "row 1: 1 cells under 2 heads"),
        ('id,text\n1,"x\n', "can't be read as CSV"),
    ],
)
def test_a_bad_file_is_told(job: TableJob, labeller: Labeller, text: str, told: str) -> None:
    job.file.write_text(text)
    with pytest.raises(DataError) as caught:
        label_table(job, labeller, lambda _: None)
    assert told in str(caught.value)
    assert not job.out.exists()


def test_a_place_that_cant_be_written_is_told(job: TableJob, labeller: Labeller, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="can't be written"):
        label_table(TableJob(job.file, "text", job.task, tmp_path / "no" / "out.csv"), labeller, lambda _: None)


def test_the_command(job: TableJob, labeller: Labeller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    line = [str(job.file), "--column", "text", "--task", "topic", "--out", str(job.out)]
    result = CliRunner().invoke(joined("classify"), line, catch_exceptions=False)
    assert result.exit_code == 0 and "12 rows labelled" in result.output
    assert len(rows_of(job.out)) == 13


def test_vectors_of_the_fixture_differ(embedder: Embedder) -> None:
    one, other = embedder.embed(["The parcel is late.", "I want a refund."])
    assert float(np.dot(one, other)) < 0.6
