"""Packed questions give the loss and the gradients of single ones; batches keep to their budget."""

import json
from pathlib import Path
from typing import Any

import pytest

from dossier.errors import SettingsError, WeightsError
from dossier.prompt import Message
from training.tuning.batches import collate, plan_epoch, plan_steps
from training.tuning.items import Branch, TuningItem, as_line, read_items
from training.tuning.packing import common, pack_all
from training.tuning.rendering import Rendered, render


def rendered(model: Path, data: Path) -> list[list[Rendered]]:
    from training.tuning.model import load_tokenizer

    tokenizer = load_tokenizer(model)
    return [render(item, tokenizer) for item in read_items(data)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: needs `context`"),
        ('{"context": "c", "turns": []}', "line 2: needs `context`"),
        ('{"context": "c", "turns": [{"answer": "a"}]}', "line 2, turn 1: needs `question`"),
        ('{"context": "c", "turns": [{"question": "q", "answer": " "}]}', "line 2, turn 1: `answer`"),
        ('{"context": 3, "turns": [{"question": "q", "answer": "a"}]}', "line 2, context: must be text"),
        ('{"context": [{"role": "x"}], "turns": [{"question": "q", "answer": "a"}]}', "line 2, context: a message"),
        (
            '{"context": "c", "turns": [{"question": [{"role": "assistant", "content": "b"}], "answer": "a"}]}',
            "line 2, turn 1: the question must end",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"context": "c", "turns": [{"question": "q", "answer": "a"}]}\n' + line)
    with pytest.raises(SettingsError, match=said):
        read_items(file)


def test_a_file_that_is_empty_or_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(SettingsError, match=r"empty\.jsonl holds nothing"):
        read_items(tmp_path / "empty.jsonl")
    with pytest.raises(SettingsError, match=r"gone\.jsonl can't be read"):
        read_items(tmp_path / "gone.jsonl")


def test_items_are_written_as_they_are_read(tmp_path: Path) -> None:
    item = TuningItem((Message("system", "Überblick"),), (Branch((Message("user", "Wie\nviel?"),), "Drei."),))
    (tmp_path / "a.jsonl").write_text(as_line(item), encoding="utf-8")
    assert read_items(tmp_path / "a.jsonl") == [item]


@pytest.mark.slow
def test_what_is_trained_is_what_serving_renders(tiny_model: Path, data: Path) -> None:
    """Prefix and rest of each branch are the ids of the whole prompt, and the answer ends the model's turn once."""
    from training.tuning.model import load_tokenizer

    tokenizer = load_tokenizer(tiny_model)
    items = read_items(data)
    packs = iter(pack_all([render(item, tokenizer) for item in items], 10_000, 10_000).packs)
    for item in items:
        pack = next(packs)
        for number, branch in enumerate(item.branches, start=1):
            messages = [{"role": one.role, "content": one.content} for one in (*item.prefix, *branch.suffix)]
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            own = [at for at, of in enumerate(pack.branches) if of in (0, number)]
            read = [pack.tokens[at] for at in own]
            prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert read[: len(prompt)] == prompt
            assert [pack.positions[at] for at in own] == list(range(len(own)))
            answer = [
                target for at, target in zip(pack.where, pack.targets, strict=True) if pack.branches[at] == number
            ]
            assert tokenizer.decode(answer) == branch.target + "<|im_end|>"
    assert next(packs, None) is None


@pytest.mark.slow
def test_prompts_that_only_begin_alike_inside_a_message_share_that(tiny_model: Path) -> None:
    from training.tuning.model import load_tokenizer

    asked = tuple(Branch((Message("user", f"Lines: one, two, three. Question: {word}?"),), "1") for word in "ab")
    ids = render(TuningItem((), asked), load_tokenizer(tiny_model))
    alike = common(ids)
    assert ids[0].prompt[:alike] == ids[1].prompt[:alike]
    assert ids[0].prompt[alike] != ids[1].prompt[alike]
    assert alike > len(ids[0].prompt) / 2
    (pack,) = pack_all([ids], 10_000, 10_000).packs
    assert len(pack) < sum(len(one.prompt) for one in ids)


@pytest.mark.slow
def test_a_template_that_writes_answers_in_another_way_is_refused(tiny_model: Path) -> None:
    from training.tuning.model import load_tokenizer

    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = "{% for m in messages %}[{{ m['content'] }}]{% endfor %}{{ '>' * add_generation_prompt }}"
    with pytest.raises(WeightsError, match="chat template"):
        render(TuningItem((), (Branch((Message("user", "q"),), "a"),)), tokenizer)


@pytest.mark.slow
def test_long_items_are_cut_and_too_long_questions_counted(tiny_model: Path, data: Path) -> None:
    items = rendered(tiny_model, data)
    longest = max(len(one.prompt) + len(one.target) for item in items for one in item)
    whole, cut = pack_all(items, 10_000, longest), pack_all(items, longest + 20, longest)
    assert whole.questions == cut.questions == sum(map(len, items))
    assert whole.tokens < cut.tokens < whole.plain_tokens
    assert max(map(len, cut.packs)) <= longest + 20
    assert sum(pack.questions for pack in cut.packs) == cut.questions
    assert pack_all(items, 10_000, longest - 1).too_long >= 1
    assert whole.targets == sum(len(one.target) for item in items for one in item)


def lora_losses(model: Path, method: str, plain: bool, items: list[list[Rendered]]) -> tuple[float, dict[str, Any]]:
    """Mean loss of all questions and the adapter's gradients; plain: each its own padded sequence, the model's loss."""
    import torch

    from training.tuning.loss import target_loss
    from training.tuning.model import load_learner
    from training.tuning.recipe import recipe_from

    learner = load_learner(model, recipe_from({"method": method, "precision": "float32", "rank": 4}))
    torch.manual_seed(11)
    for name, value in learner.trained.items():
        if "lora_B" in name:  # begins as zeros, which would hide the gradients of A
            torch.nn.init.normal_(value, std=0.1)
    if plain:
        flat = [one for item in items for one in item]
        width = max(len(one.prompt) + len(one.target) for one in flat)
        ids, labels, seen = [], [], []
        for one in flat:
            size = len(one.prompt) + len(one.target)
            ids.append([*one.prompt, *one.target, *[0] * (width - size)])
            labels.append([-100] * len(one.prompt) + list(one.target) + [-100] * (width - size))
            seen.append([1] * size + [0] * (width - size))
        loss = learner.outer(
            input_ids=torch.tensor(ids), attention_mask=torch.tensor(seen), labels=torch.tensor(labels)
        ).loss
    else:
        packs = pack_all(items, 400, 10_000).packs
        assert max(pack.questions for pack in packs) > 1
        batch = collate(packs)
        assert int((batch.branches == -1).sum()) > 0, "some padding is part of the test"
        loss = target_loss(learner.causal, batch) / len(batch.targets)
    loss.backward()
    return float(loss.detach()), {name: value.grad for name, value in learner.trained.items()}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "dora", "full"])
def test_packed_loss_and_gradients_are_those_of_single_questions(tiny_model: Path, data: Path, method: str) -> None:
    items = rendered(tiny_model, data)
    packed, packed_gradients = lora_losses(tiny_model, method, False, items)
    plain, plain_gradients = lora_losses(tiny_model, method, True, items)
    assert packed == pytest.approx(plain, rel=1e-6)
    assert packed > 1
    assert packed_gradients.keys() == plain_gradients.keys()
    for name, gradient in plain_gradients.items():
        assert float(gradient.abs().max()) > 1e-6, name
        assert float((packed_gradients[name] - gradient).norm() / gradient.norm()) < 1e-5, name


@pytest.mark.slow
def test_a_branch_sees_the_prefix_and_itself_alone() -> None:
    import torch

    from training.tuning.loss import block_causal_mask

    (mask,) = block_causal_mask(torch.tensor([[0, 0, 1, 1, 2, -1]]))[:, 0].int().tolist()
    assert mask == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 1],
    ]  # fmt: skip


@pytest.mark.slow
def test_models_that_packing_would_change_are_refused(tiny_model: Path) -> None:
    from training.tuning.loss import require_exact
    from training.tuning.model import load_learner
    from training.tuning.recipe import recipe_from

    model = load_learner(tiny_model, recipe_from({"precision": "float32"})).causal
    require_exact(model)

    def scaled(_: object, given: tuple[object], output: Any) -> None:  # as some models do with their logits
        output.loss = output.loss * 1.5

    handle = model.register_forward_hook(scaled)
    with pytest.raises(WeightsError, match="differently"):
        require_exact(model)
    handle.remove()
    model.config.sliding_window = 8
    with pytest.raises(WeightsError, match="window"):
        require_exact(model)


def test_batches_keep_to_their_budget_hold_everything_once_and_depend_on_the_seed() -> None:
    lengths = [10 + 7 * (number * 31 % 50) for number in range(200)]
    batches = plan_epoch(lengths, 900, "7-0")
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    assert all(len(batch) * max(lengths[index] for index in batch) <= 900 for batch in batches)
    assert batches == plan_epoch(lengths, 900, "7-0")
    assert batches != plan_epoch(lengths, 900, "7-1") != plan_epoch(lengths, 900, "8-1")
    padded = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    assert padded < 1.2 * sum(lengths)
    assert plan_epoch([5000, 10], 900, "1-0") in ([[0], [1]], [[1], [0]])
    steps = plan_steps(lengths, 900, 4, 2, 7)
    assert all(len(step) <= 4 for step in steps)
    assert sorted(index for step in steps for batch in step for index in batch) == sorted([*range(200)] * 2)


@pytest.mark.slow
def test_a_line_of_several_questions_is_shorter_than_its_questions(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    turns = [{"question": f"What was {word}?", "answer": "3"} for word in ("cash", "debt", "profit")]
    file.write_text(json.dumps({"context": "Figures of the year. " * 20, "turns": turns}))
    packed = pack_all(rendered(tiny_model, file), 10_000, 10_000)
    assert packed.tokens < packed.plain_tokens / 2
    assert packed.alone == 0
    assert pack_all(rendered(tiny_model, file), 10_000, 10_000, share=False).tokens == packed.plain_tokens
