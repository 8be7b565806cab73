"""The whole way from files to a set: what stays out, what is masked, and who decides."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dossier.errors import DataError, IndexingError
from dossier.packs import Pack, index_folder, load_pack
from dossier.settings import Settings
from retrieval.choices import CHOICES_FILE, choose
from tests.training.data import small_sources as small
from training.data.dropped import Why
from training.data.prepare import Made, Recipe, prepare
from training.data.splitting import Shares

SECRET = "The salary band of grade seven ends at 98,400 euros."


@pytest.fixture
def pack(settings: Settings) -> Pack:
    """The pack with the small documents folder, in which hr/ is limited."""
    return load_pack(settings)


def made(settings: Settings, pack: Pack, *files: Path, **recipe: object) -> Made:
    return prepare(files, (), replace(Recipe(), **recipe), settings, pack, lambda progress: None)


def why(found: Made) -> dict[str, int]:
    return dict(Counter(item.why.value for item in found.dropped))


def line(question: str, answer: str = "yes", **more: object) -> str:
    return json.dumps({"question": question, "answer": answer, **more})


@pytest.mark.parametrize(
    "document",
    [
        "hr/salaries.txt",
        "./hr/salaries.txt",
        "hr\\salaries.txt",
        "salaries.txt",
        "Salaries",
        "hr/gone-since.pdf",
        "hr/x.jsonl#3",
    ],
)
def test_documents_limited_to_groups_never_enter(settings: Settings, pack: Pack, tmp_path: Path, document: str) -> None:
    file = small.rows(
        tmp_path / "q.jsonl",
        line("How high is grade seven?", SECRET, document=document),
        line("How many days of leave?", "27", document="leave.md"),
    )
    found = made(settings, pack, file)
    assert [example.question for example in found.examples] == ["How many days of leave?"]
    (dropped,) = found.dropped
    assert dropped.why is Why.LIMITED
    assert "98,400" not in dropped.to_line()
    assert "grade" not in dropped.to_line()


def test_an_absolute_path_and_an_examples_own_groups_count_too(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    file = small.rows(
        tmp_path / "q.jsonl",
        line("One?", document=str(pack.documents / "hr" / "other.txt")),
        line("Two?", groups=["board"]),
        line("Three?", groups="board, hr"),
        line("Four?"),
    )
    found = made(settings, pack, file)
    assert [example.question for example in found.examples] == ["Four?"]
    assert why(found) == {"limited to groups": 3}


def test_what_an_admin_limited_never_enters_and_what_he_opened_does(
    settings: Settings, pack: Pack, tmp_path: Path
) -> None:
    index = index_folder(settings, pack.documents)
    choose(index, "leave.md", frozenset({"board"}), {})
    choose(index, "hr/salaries.txt", frozenset(), {})
    file = small.rows(
        tmp_path / "q.jsonl",
        line("How high is grade seven?", SECRET, document="hr/salaries.txt"),
        line("How many days of leave?", "27", document="leave.md"),
    )
    found = made(settings, pack, file)
    assert [example.question for example in found.examples] == ["How high is grade seven?"]
    assert why(found) == {"limited to groups": 1}
    (index / CHOICES_FILE).write_text("{")
    with pytest.raises(IndexingError, match="damaged"):
        made(settings, pack, file)


def test_another_packs_groups_dont_count(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    (pack.documents / "groups.toml").write_text("[groups]\n")
    file = small.rows(tmp_path / "q.jsonl", line("How high?", document="hr/salaries.txt"))
    assert len(made(settings, pack, file).examples) == 1


def test_wrong_labels_duplicates_and_contradictions_are_left_out(
    settings: Settings, pack: Pack, tmp_path: Path
) -> None:
    wrong = {
        "question": "What was the sum of Other?", "answer": 99, "answer_type": "arithmetic", "scale": "million",
        "derivation": "44.1+56.7", "answer_from": "table", "rel_paragraphs": [],
    }  # fmt: skip
    first, second = small.tatqa(tmp_path / "a.json", wrong), small.tatqa(tmp_path / "b.json")
    found = made(settings, pack, first, second)
    assert why(found) == {"wrong label": 1, "duplicate": 3}
    assert "gives 100.8, the answer says 99" in next(item.detail for item in found.dropped if item.why is Why.LABEL)
    assert [example.answer.expression for example in found.examples if example.answer.expression] == ["44.1 - 56.7"]


@pytest.mark.slow
def test_questions_that_judge_are_left_out(settings: Settings, tmp_path: Path) -> None:
    pack = load_pack(replace_documents(settings))
    assert pack.questions
    question = "What was Larkfield's total revenue in fiscal 2025"
    file = small.rows(tmp_path / "q.jsonl", line(question.upper()), line(f"So: {question}, please?"), line("Else?"))
    found = made(settings, pack, file)
    assert why(found) == {"evaluation question": 2}
    own = small.rows(tmp_path / "own.jsonl", line("Else!", "no"))
    with pytest.raises(DataError, match="no example is left .evaluation question 3"):
        prepare([file], [own], Recipe(), settings, pack, lambda progress: None)


def replace_documents(settings: Settings) -> Settings:
    return settings.model_copy(update={"documents": None})


def test_personal_data_is_masked_also_in_what_was_dropped(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    said = "Call (201) 842-6049 or write to jane@example.org"
    file = small.rows(tmp_path / "q.jsonl", line("Whom?", said), line("whom", said), line("Where?", "here"))
    found = made(settings, pack, file)
    assert found.masks == {"phone number": 1, "e-mail address": 1}
    lines = "".join(item.to_line() for item in found.dropped) + "".join(map(repr, found.examples))
    assert "842-6049" not in lines
    assert "jane@" not in lines
    assert "[phone number]" in lines


def test_one_table_under_two_names_is_on_one_side(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    files = []
    for number in range(40):
        table = [["", "2019", "2018"], [f"Row {number}", f"{number}44.1", f"{number}56.7"]]
        files.append(small.tatqa(tmp_path / f"a{number}.json", table=table))
        what_if = {
            "question": "What if there was more?", "answer": number, "answer_type": "counterfactual", "scale": "",
            "derivation": f"{number} + 0", "answer_from": "table", "rel_paragraphs": [],
        }  # fmt: skip
        files.append(small.tatqa(tmp_path / f"b{number}.json", what_if, table=table))
    found = made(settings, pack, *files, shares=Shares(50, 25, 25))
    side = {}
    for name, part in found.parts.items():
        for example in part:
            assert side.setdefault(example.context.rows, name) == name
    assert len(side) == 40
    assert {"train", "dev", "test"} == set(side.values())
    assert {example.origin.set for example in found.examples} == {"TAT-QA", "TAT-HQA"}


def test_the_cap_is_reported(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    file = small.rows(tmp_path / "t.csv", "text,label", *(f"text number {n * 7919},{n % 3}" for n in range(30)))
    found = made(settings, pack, file, most=12)
    assert why(found) == {"over the cap of its kind": 18}
    assert Counter(example.answer.texts[0] for example in found.examples) == {"0": 4, "1": 4, "2": 4}


def test_without_a_model_lengths_are_skipped_and_said(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    found = made(settings, pack, small.tatqa(tmp_path / "a.json"), window=210)
    assert "isn't prepared" in found.unmeasured
    assert not found.lengths
    assert len(found.examples) == 3


def test_what_is_longer_than_the_window_is_left_out(settings: Settings, pack: Pack, tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    folder = settings.models_folder / pack.base_model
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    file = small.rows(tmp_path / "q.jsonl", line("a b c", "d"), line("a b c d", "e " * 10))
    found = made(settings, pack, file, window=210)
    assert list(found.lengths.values()) == [204]
    assert why(found) == {"longer than the window": 1}
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(DataError, match="isn't a tokenizer"):
        made(settings, pack, file)


@pytest.mark.slow
def test_the_public_sets_make_a_clean_set(settings: Settings, pack: Pack, shared_data: Path) -> None:
    names = ("tatqa/tatqa_dataset_dev.json", "tathqa/tatqa_and_hqa_dataset_dev.json", "convfinqa/convfinqa_dev.json")
    found = made(settings, pack, *(shared_data / name for name in names))
    assert why(found)["duplicate"] > 1500
    assert why(found)["wrong label"] == 6
    assert len(found.examples) > 3900
    tables = {name: {example.context.rows for example in part} for name, part in found.parts.items()}
    assert all(len(rows) > 30 for rows in tables.values())
    assert not tables["train"] & (tables["dev"] | tables["test"])
    assert not tables["dev"] & tables["test"]
    told = {name: {text for item in part for text in item.context.paragraphs} for name, part in found.parts.items()}
    assert not [text for text in told["train"] & told["test"] if len(text) > 150]
    computed = [example for example in found.examples if example.answer.kind == "number"]
    assert all(example.answer.expression for example in computed)
