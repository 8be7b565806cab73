"""A prepared set as tuning items: shared, shuffled, with near misses and refusals, the same for the same."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dossier.amounts import Scale
from dossier.errors import DataError, SettingsError
from dossier.excerpts import table_excerpt
from dossier.packs import index_folder, load_pack
from dossier.reply import NOT_HERE, TargetFormat
from dossier.settings import Settings, load_settings
from retrieval.embedder import Embedder
from retrieval.search import Searcher
from tests.training.data import small_sources as small
from tests.training.tuning.tiny import write_model
from training.data.commands import data_commands
from training.data.prepare import Recipe, prepare
from training.data.prepared import Prepared, write_prepared
from training.data.readers import Limited
from training.data.splitting import SPLITS, Shares
from training.dressing.composing import speaks_of
from training.dressing.dress import DressedSplit, dress
from training.dressing.dressed import LEFT_OUT, MANIFEST, read_dressed, write_dressed
from training.dressing.items import excerpts_from
from training.dressing.nearness import IndexNearness
from training.dressing.recipe import DressRecipe
from training.pairs_corpus import index_corpus
from training.scoring import Expected, Outcome, score_reply
from training.tuning.commands import tune_commands
from training.tuning.items import read_items
from training.tuning.run_folder import read_run

NAMES = ("Wholesale", "Freight", "Leases", "Grants", "Audits", "Tariffs", "Refunds", "Pensions")


def source(folder: Path) -> list[Path]:
    """Eight contexts of three questions, a conversation, a chat and two intents."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, name in enumerate(NAMES, start=1):
        table = [["(in millions)", "2019", "2018"], [name, f"{number}1.1", f"{number}2.7"], ["Other", "44.1", "56.7"]]
        item = json.loads(small.tatqa(folder / "x.json", table=table).read_text())[0]
        item["paragraphs"][0]["text"] = f"{name} by contract type follow below. We are paid our {name.lower()} in cash."
        for question in item["questions"]:
            question["question"] = f"{question['question'].rstrip('?')} beside {name}?"
        item["questions"][1]["answer"] = [name, "Other"]
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps([item]))
    return [
        *files,
        small.convfinqa(folder / "c.json"),
        small.chat(folder / "chat.jsonl"),
        small.rows(folder / "intents.csv", "text,intent", "I lost it,lost", "open an account,open"),
    ]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A set that no test changes."""
    folder, recipe = tmp_path_factory.mktemp("prepared"), Recipe(shares=Shares(100, 0, 0))
    settings = load_settings(home=folder / "home")
    made = prepare(source(folder / "in"), (), recipe, settings, load_pack(settings), lambda progress: None)
    return write_prepared(made, folder / "set", lambda progress: None)[0]


def dressed(prepared: Prepared, settings: Settings, recipe: DressRecipe | None = None) -> dict[str, DressedSplit]:
    limited = Limited(load_pack(settings), settings)
    return dress(prepared, recipe or DressRecipe(without_gold=0), limited, None, None, lambda progress: None)


def lines(split: DressedSplit) -> list[dict[str, Any]]:
    return [json.loads(item.line) for item in split.items]


def scored(line: Mapping[str, Any], turn: Mapping[str, Any]) -> Outcome:
    asked = "\n".join(message["content"] for message in turn["question"])
    expected = Expected(tuple(turn["expected"]), Scale(turn["scale"]))
    return score_reply(turn["answer"], excerpts_from(line), expected, asked).outcome


def test_questions_of_a_context_share_their_excerpts(prepared: Prepared, settings: Settings) -> None:
    split = dressed(prepared, settings)["train"]
    read = [line for line in lines(split) if line.get("excerpts")]
    assert sorted(len(line["turns"]) for line in read) == [3] * 9
    for line in read:
        assert all(message["role"] == "system" for message in line["context"])
        assert all(turn["question"][-1]["role"] == "user" for turn in line["turns"])
    assert len({tuple(line["gold"]) for line in read}) > 1
    assert {len(line["excerpts"]) - len(line["gold"]) for line in read} == {0, 1, 2}
    assert not split.left_out


@pytest.mark.parametrize("form", TargetFormat)
def test_every_reply_is_right_by_the_measure_that_will_judge(
    prepared: Prepared, settings: Settings, form: TargetFormat
) -> None:
    split = dressed(prepared, settings, DressRecipe(form, without_gold=0.4))["train"]
    outcomes = [scored(line, turn) for line in lines(split) if "gold" in line for turn in line["turns"]]
    assert len(outcomes) >= 27
    assert set(outcomes) == {Outcome.RIGHT}


def test_where_nothing_answers_the_reply_is_a_refusal(prepared: Prepared, settings: Settings) -> None:
    split = dressed(prepared, settings, DressRecipe(without_gold=0.45))["train"]
    refused = [line for line in lines(split) if "excerpts" in line and not line["gold"]]
    assert refused
    for line in refused:
        said = json.dumps(line["excerpts"])
        for turn in line["turns"]:
            assert (turn["answer"], turn["kind"], turn["expected"]) == (NOT_HERE, "unanswerable", [])
            own = turn["question"][-1]["content"].rstrip("?").split()[-1]
            assert f'["{own}"' not in said


@pytest.mark.slow
def test_the_same_set_and_seed_dress_the_same(prepared: Prepared, settings: Settings, tmp_path: Path) -> None:
    recipe = DressRecipe(without_gold=0.3)
    names = []
    for name in ("a", "b"):
        splits = dressed(prepared, settings, recipe)
        names.append(write_dressed(splits, tmp_path / name, prepared, recipe, "")[0].manifest["digest"])
    other = replace(recipe, seed=2)
    third, new = write_dressed(dressed(prepared, settings, other), tmp_path / "c", prepared, other, "")
    assert names[0] == names[1] != third.manifest["digest"]
    assert new
    assert (tmp_path / "a" / "train.jsonl").read_bytes() == (tmp_path / "b" / "train.jsonl").read_bytes()
    assert not write_dressed(dressed(prepared, settings, other), tmp_path / "c", prepared, other, "")[1]
    with pytest.raises(DataError, match="aren't overwritten"):
        write_dressed(dressed(prepared, settings, recipe), tmp_path / "c", prepared, recipe, "")


def test_a_changed_file_is_noticed(prepared: Prepared, settings: Settings, tmp_path: Path) -> None:
    write_dressed(dressed(prepared, settings), tmp_path / "a", prepared, DressRecipe(), "")
    read_dressed(tmp_path / "a")
    (tmp_path / "a" / LEFT_OUT).write_text("{}\n")
    with pytest.raises(DataError, match="was changed"):
        read_dressed(tmp_path / "a")
    (tmp_path / "a" / MANIFEST).unlink()
    with pytest.raises(DataError, match="no dressed set"):
        read_dressed(tmp_path / "a")


def test_other_tasks_are_dressed_too(prepared: Prepared, settings: Settings) -> None:
    short = [line for line in lines(dressed(prepared, settings)["train"]) if "excerpts" not in line]
    answers = {turn["answer"] for line in short for turn in line["turns"]}
    assert answers == {"label: lost", "label: open", "On its way.", "Since Monday."}
    (intents,) = (line for line in short if len(line["turns"]) == 2)
    assert "lost, open" in intents["context"][0]["content"]
    assert any(line["context"] == [{"role": "system", "content": "Be short."}] for line in short)


def test_what_became_limited_since_it_was_prepared_is_left_out(
    settings: Settings, tmp_path: Path, documents: Path
) -> None:
    rows = [
        {"question": "How many days of leave?", "answer": "27", "document": "leave.md", "evidence": "Leave: 27 days."}
    ]
    file = small.rows(tmp_path / "q.jsonl", *map(json.dumps, rows), *map(json.dumps, [{**rows[0], "document": "b.md"}]))
    recipe = Recipe(shares=Shares(100, 0, 0))
    made = prepare([file], (), recipe, settings, load_pack(settings), lambda progress: None)
    found = write_prepared(made, tmp_path / "set", lambda progress: None)[0]
    (documents / "groups.toml").write_text('[groups]\n"leave*" = ["hr"]\n')
    split = dressed(found, settings)["train"]
    assert "limited to groups" in {item.why.value for item in split.left_out}
    assert "leave.md" not in "".join(item.line for item in split.items)


@pytest.mark.model
def test_near_misses_from_the_index_respect_groups(
    prepared: Prepared, settings: Settings, documents: Path, embedder: Embedder
) -> None:
    """What is limited, when it was indexed or since, is never shown in a prompt that is learned."""
    page = "<title>{0}</title><h1>{0}</h1><p>Other in 2017 beside {1}: secret {0}.</p>"
    (documents / "open.html").write_text(page.format("Openword", "Freight"))
    (documents / "hr" / "closed.html").write_text(page.format("Closedword", "Freight"))
    (documents / "later.html").write_text(page.format("Laterword", "Freight"))
    pack = load_pack(settings)
    index = index_corpus(settings, documents, index_folder(settings, documents), embedder, lambda progress: None)
    (documents / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n"later*" = ["board"]\n')
    searcher, limited = Searcher(index, embedder), Limited(pack, settings)
    near = IndexNearness(searcher, limited.holds_document)
    recipe = DressRecipe(index=True, without_gold=0, distractors=6)
    split = dress(prepared, recipe, limited, near, None, lambda progress: None)["train"]
    searcher.close()
    said = "".join(item.line for item in split.items)
    assert "Openword" in said
    assert "Closedword" not in said
    assert "Laterword" not in said


def test_settings_that_cant_be_are_refused() -> None:
    for wrong in ({"distractors": 9}, {"without_gold": 1.0}, {"budget": 100}, {"budget": 4000}):
        with pytest.raises(SettingsError, match="must be"):
            DressRecipe(**wrong)


def test_the_command_writes_what_tuning_reads(
    prepared: Prepared, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(settings.home))
    monkeypatch.setenv("DOSSIER_DOCUMENTS", str(settings.documents))
    out = tmp_path / "dressed"
    found = CliRunner().invoke(data_commands, ["dress", str(prepared.folder), "--out", str(out), "--format", "values"])
    assert found.exit_code == 0, found.output
    assert "dressed as values" in found.output
    assert "train: " in found.output
    assert {entry.name for entry in out.iterdir()} == {*(f"{name}.jsonl" for name in SPLITS), LEFT_OUT, MANIFEST}
    assert read_items(out / "train.jsonl")
    assert read_dressed(out).file("train") == out / "train.jsonl"
    assert read_dressed(out).file("dev") is None
    again = CliRunner().invoke(data_commands, ["dress", str(tmp_path / "in"), "--out", str(tmp_path / "x")])
    assert isinstance(again.exception, DataError)


@pytest.mark.slow
def test_a_dressed_folder_is_tuned_on_as_it_is(
    prepared: Prepared, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_model(tmp_path / "model")
    monkeypatch.setenv("DOSSIER_HOME", str(settings.home))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(model))
    out = tmp_path / "dressed"
    write_dressed(dressed(prepared, settings), out, prepared, DressRecipe(), "")
    given = [
        "--out",
        str(tmp_path / "run"),
        "--epochs",
        "1",
        "--longest",
        "6000",
        "--batch-tokens",
        "6000",
        "--rank",
        "2",
    ]
    found = CliRunner().invoke(tune_commands, ["run", str(out), *given])
    assert found.exit_code == 0, (found.output, found.exception)
    counts = read_run(tmp_path / "run").counts
    assert counts["questions"] == sum(len(item.branches) for item in read_items(out / "train.jsonl"))
    assert counts["tokens_an_epoch"] < counts["tokens_an_epoch_without_sharing"] / 2
    refused = CliRunner().invoke(tune_commands, ["run", str(prepared.folder), "--out", str(tmp_path / "other")])
    assert isinstance(refused.exception, DataError)


def test_no_near_miss_speaks_of_what_cant_be_answered() -> None:
    table = table_excerpt([["(in millions)", "2019", "2018"], ["Deferred revenue, current", "4.5", "3.5"]])
    assert speaks_of(table, "What was the current deferred revenue in 2019?")
    assert not speaks_of(table, "What was the current deferred revenue in 2012?")
    assert not speaks_of(table, "What was the goodwill of acquired companies in 2019?")
