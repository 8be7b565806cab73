"""Splits: one document on one side, stable, and balanced by a cap."""

from collections import Counter

import pytest

from dossier.errors import SettingsError
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.splitting import Shares, balanced, linked, split


def example(question: str, group: str = "", context: Context | None = None, label: str = "") -> Example:
    answer = Labelled((label or "x",), AnswerKind.LABEL if label else AnswerKind.SPAN)
    task = Task.INTENT if label else Task.QA
    return Example(task, question, answer, Origin("set", question, "", group), context or Context())


def test_a_group_is_on_one_side_and_shares_are_about_right() -> None:
    examples = [example(f"q{n}", f"group {n // 4}") for n in range(4000)]
    parts = split(examples, Shares(70, 20, 10), 7)
    sides = {name: {item.origin.group for item in part} for name, part in parts.items()}
    assert not sides["train"] & sides["dev"]
    assert not (sides["train"] | sides["dev"]) & sides["test"]
    assert [round(len(parts[name]) / 400) for name in ("train", "dev", "test")] == [7, 2, 1]


def test_new_examples_dont_move_old_ones_and_another_seed_does() -> None:
    old = [example(f"q{n}", f"group {n}") for n in range(300)]
    before = split(old, Shares(), 7)
    after = split([example("new", "another"), *reversed(old)], Shares(), 7)
    assert {item.question for item in before["test"]} <= {item.question for item in after["test"]}
    assert {item.question for item in before["dev"]} != {item.question for item in split(old, Shares(), 8)["dev"]}


def test_documents_that_share_a_long_paragraph_or_a_tables_figures_stay_together() -> None:
    shared = "The notes may be redeemed before maturity at the option of the company at a price that is described. " * 2
    table = tuple((f"row {n}", f"{n}4,123.{n}", f"{n}5,678.{n}") for n in range(1, 6))
    other = tuple((*row, "note") for row in table[1:])
    examples = [
        example("a", "2014 report", Context("", (), ("Other words.", shared))),
        example("b", "2015 report", Context("", (), (shared.upper(),))),
        example("c", "one", Context("", table)),
        example("d", "two", Context("", other)),
        example("e", "alone", Context("", (("row", "12.5"), ("year", "2019")), ("Other words.",))),
    ]
    groups = linked(examples)
    assert groups["2014 report"] == groups["2015 report"]
    assert groups["one"] == groups["two"]
    assert len({groups[name] for name in ("2014 report", "one", "alone")}) == 3


def test_the_cap_gives_every_label_its_turn() -> None:
    examples = [example(f"common {n}", label="common") for n in range(90)]
    examples += [example(f"rare {n}", label="rare") for n in range(5)]
    kept, dropped = balanced(examples, 20, 7)
    assert Counter(item.answer.texts[0] for item in kept) == {"common": 15, "rare": 5}
    assert len(dropped) == 75
    again, _ = balanced(list(reversed(examples)), 20, 7)
    assert {item.question for item in again} == {item.question for item in kept}
    assert balanced(examples, 0, 7) == (examples, [])


@pytest.mark.parametrize("text", ["80/10", "80/10/5", "a/b/c", "0/50/50", "-10/60/50", ""])
def test_wrong_shares_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="100"):
        Shares.parse(text)


def test_shares_read_as_written() -> None:
    assert str(Shares.parse(" 60/20/20 ")) == "60/20/20"
