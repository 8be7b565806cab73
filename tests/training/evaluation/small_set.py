"""A dressed set of thirty small tables, some to learn from and some to be asked about, and a run on it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dossier.errors import DossierError
from dossier.packs import load_pack
from dossier.settings import Settings, load_settings
from tests.training.data import small_sources as small
from tests.training.tuning.tiny import write_model
from training.data.prepare import Recipe, prepare
from training.data.prepared import write_prepared
from training.data.readers import Limited
from training.data.splitting import Shares
from training.dressing.dress import dress
from training.dressing.dressed import Dressed, write_dressed
from training.dressing.recipe import DressRecipe
from training.tuning.commands import tune_commands


@dataclass(frozen=True)
class Place:
    """A dressed set, a tiny model and a run that learned from the set."""

    model: Path
    dressed: Dressed
    run: Path


def write_place(folder: Path, *more: str) -> Place:
    """Make all of it in a folder; `more` are further options of `dossier tune run`."""
    (folder / "documents").mkdir()
    model = write_model(folder / "model")
    settings = load_settings(home=folder / "home", documents=folder / "documents", base_model=str(model))
    dressed = write_dressed_set(folder, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOSSIER_HOME", str(settings.home))
        patch.setenv("DOSSIER_BASE_MODEL", str(model))
        words = ["run", str(dressed.folder), "--out", str(folder / "first"), "--epochs", "1", "--batch-tokens", "3000"]
        called(tune_commands, *words, "--longest", "2000", *more)
    return Place(model, dressed, folder / "first")


def called(commands: Any, *words: str) -> str:
    """What a command prints; its own errors are raised."""
    result = CliRunner().invoke(commands, list(words))
    if isinstance(result.exception, DossierError):
        raise result.exception
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def write_dressed_set(folder: Path, settings: Settings) -> Dressed:
    files = []
    (folder / "in").mkdir(parents=True)
    for number in range(30):
        name = f"Segment{number}"
        table = [["(in millions)", "2019", "2018"], [name, f"{number}1.1", f"{number}2.7"], ["Other", "44.1", "56.7"]]
        item = json.loads(small.tatqa(folder / "x.json", table=table).read_text())[0]
        item["paragraphs"][0]["text"] = f"{name} by contract type follow below. We are paid our {name.lower()} in cash."
        for question in item["questions"]:
            question["question"] = f"{question['question'].rstrip('?')} beside {name}?"
        item["questions"][1]["answer"] = [name, "Other"]
        files.append(folder / "in" / f"{name}.json")
        files[-1].write_text(json.dumps([item]))
    files.append(small.rows(folder / "in" / "intents.csv", "text,intent", "I lost it,lost", "open an account,open"))
    pack = load_pack(settings)
    made = prepare(files, (), Recipe(shares=Shares(40, 10, 50)), settings, pack, lambda progress: None)
    prepared = write_prepared(made, folder / "set", lambda progress: None)[0]
    recipe = DressRecipe(without_gold=0.2, distractors=0)
    splits = dress(prepared, recipe, Limited(pack, settings), None, None, lambda progress: None)
    return write_dressed(splits, folder / "dressed", prepared, recipe, "")[0]
