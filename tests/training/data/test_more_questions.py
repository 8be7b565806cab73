"""More questions about tables that are there: right by construction, on the same context, and only for learning."""

import json
from pathlib import Path

from dossier.packs import load_pack
from dossier.settings import Settings
from tests.training.data import small_sources as small
from training.data.example import AnswerKind
from training.data.importing.read import read_source
from training.data.labels import checked
from training.data.more_questions import more_questions
from training.data.prepare import Recipe, prepare
from training.data.splitting import Shares

TABLE = [
    ["", "(in millions)", ""],
    ["", "2019", "2018"],
    ["Total revenue", "1,452.4", "1,146.2"],
    ["Cost of sales", "44.1", "56.7"],
    ["Operating income", "12.5", "10.0"],
]


def source(folder: Path) -> Path:
    item = json.loads(small.tatqa(folder / "t.json", table=TABLE).read_text())
    item[0]["questions"] = item[0]["questions"][2:]
    (folder / "t.json").write_text(json.dumps(item))
    return folder / "t.json"


def test_questions_are_right_varied_and_on_the_same_context(tmp_path: Path) -> None:
    examples = list(read_source(source(tmp_path)))
    found = more_questions(examples, 6)
    assert len(found.examples) == 6
    assert {one.context for one in found} == {examples[0].context}
    assert {one.origin.group for one in found} == {examples[0].origin.group}
    assert len({one.origin.place.split(": ")[1].split(",")[0] for one in found}) == 6
    assert all(checked(one) == (one, "") for one in found)
    assert sum(bool(one.answer.expression) for one in found) >= 4
    assert all(one.answer.kind is not AnswerKind.UNANSWERABLE for one in found)
    asked = more_questions([*examples, *found], 6)
    assert not {one.question for one in asked} & {one.question for one in found}


def test_only_what_is_learned_from_is_asked_more(settings: Settings, tmp_path: Path) -> None:
    file, pack = source(tmp_path), load_pack(settings)
    for shares, more in ((Shares(100, 0, 0), 4), (Shares(1, 99, 0), 0)):
        recipe = Recipe(shares=shares, per_table=4)
        made = prepare([file], (), recipe, settings, pack, lambda progress: None)
        assert len(made.examples) == 1 + more
        assert len(made.parts["train"]) in (0, 5)
    judged = small.rows(
        tmp_path / "judge.jsonl",
        *(json.dumps({"question": one.question, "answer": "x"}) for one in more_questions([*read_source(file)], 4)),
    )
    recipe = Recipe(shares=Shares(100, 0, 0), per_table=4)
    assert len(prepare([file], [judged], recipe, settings, pack, lambda progress: None).examples) == 1
