"""Sharing what prompts have in common changes no token and no likelihood."""

import math
from pathlib import Path

import pytest

from dossier.prompt import Message
from tests.training.tuning.tiny import WORDS, context, question, write_model
from training.evaluation.decoding import Lean, greedy, likelihoods, shared_length
from training.evaluation.lab import BASE, Lab
from training.tuning.recipe import Precision

END = 2
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(write_model(tmp_path_factory.mktemp("tiny") / "model"), {}, Precision.FLOAT32)


def prompts(lab: Lab, count: int = 5) -> list[tuple[int, ...]]:
    """Questions of different lengths on one context."""
    made = [
        (Message("system", context(1)), Message("user", question(w) + " Say it." * at)) for at, w in enumerate(WORDS)
    ]
    return [lab.tokens(messages) for messages in made[:count]]


def plainly(lab: Lab, prompt: tuple[int, ...], ends: set[int], most: int) -> tuple[int, ...]:
    """The library's own greedy decoding of one prompt alone."""
    import torch

    found = lab._causal.generate(
        torch.tensor([prompt]), do_sample=False, max_new_tokens=most, eos_token_id=sorted(ends), pad_token_id=0
    )[0, len(prompt) :].tolist()
    stop = next((at for at, token in enumerate(found) if token in ends), len(found))
    return tuple(found[:stop])


def test_replies_are_those_of_plain_greedy_decoding(lab: Lab) -> None:
    asked = prompts(lab)
    assert shared_length(asked) >= 50
    found = greedy(lab._causal, asked, {END}, 24)
    assert found == [plainly(lab, prompt, {END}, 24) for prompt in asked]
    assert len(set(found)) > 1


def test_a_reply_that_ends_leaves_the_others_as_they_are(lab: Lab) -> None:
    asked = prompts(lab)
    whole = greedy(lab._causal, asked, set(), 24)
    ends = {whole[0][3], whole[1][9]}  # some stop early, at different places
    found = greedy(lab._causal, asked, ends, 24)
    assert found == [plainly(lab, prompt, ends, 24) for prompt in asked]
    assert len({len(reply) for reply in found}) > 1


def test_a_first_token_is_leaned_to_as_soon_as_it_is_likely_enough(lab: Lab) -> None:
    asked = prompts(lab)
    usual = greedy(lab._causal, asked, set(), 6)
    chances = [math.exp(sum(one)) for one in likelihoods(lab._causal, [(prompt, (9,)) for prompt in asked])]
    least = sorted(chances)[2]
    leaning = greedy(lab._causal, asked, set(), 6, Lean(9, least * 0.999))
    assert [reply[0] == 9 for reply in leaning] == [chance >= least for chance in chances]
    assert all(reply == other for reply, other in zip(leaning, usual, strict=True) if reply[0] != 9)


def test_one_prompt_and_prompts_with_nothing_in_common(lab: Lab) -> None:
    one = prompts(lab)[0]
    assert greedy(lab._causal, [one], {END}, 8) == [plainly(lab, one, {END}, 8)]
    apart = [one, one[5:]]
    assert shared_length(apart) == 0
    assert greedy(lab._causal, apart, {END}, 8) == [plainly(lab, prompt, {END}, 8) for prompt in apart]


def test_likelihoods_are_those_of_whole_texts(lab: Lab) -> None:
    import torch

    asked = prompts(lab)
    pairs = [(asked[0], (7, 8, 9, 10)), (asked[0], (11,)), (asked[3], (12, 13)), (asked[1], (14,))]
    for some in (pairs, pairs[:1], [(asked[0], (7,)), (asked[0][3:], (8, 9))]):
        found = likelihoods(lab._causal, some)
        for (prompt, answer), told in zip(some, found, strict=True):
            with torch.inference_mode():
                logits = lab._causal(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
            wanted = [float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(answer)]
            assert told == pytest.approx(wanted, abs=1e-4)


def test_in_bf16_likelihoods_are_not_rounded_to_steps(tmp_path: Path) -> None:
    """Logits beyond 16 lie an eighth apart in bf16, so that two answers seem alike that aren't."""
    import torch

    lab = Lab(write_model(tmp_path / "model"), {}, Precision.BFLOAT16)
    with torch.no_grad():
        lab._causal.lm_head.weight.mul_(8)  # logits as large as a real model's
    prompt = prompts(lab)[0]
    pairs = [(prompt, (token,)) for token in range(200, 260)]
    found = [one for (one,) in likelihoods(lab._causal, pairs)]
    with torch.inference_mode():
        blocks = lab._causal.model(input_ids=torch.tensor([prompt])).last_hidden_state[0, -1].float()
        wanted = (lab._causal.lm_head.weight.float() @ blocks).log_softmax(-1)[200:260].tolist()
        steps = lab._causal(input_ids=torch.tensor([prompt])).logits[0, -1].float().log_softmax(-1)[200:260].tolist()
    assert found == pytest.approx(wanted, abs=2e-2)
    assert max(abs(one - other) for one, other in zip(steps, wanted, strict=True)) > 2e-2  # what it was before
    assert not lab._causal.lm_head._forward_hooks


def test_a_model_that_is_not_there_is_refused(lab: Lab) -> None:
    with pytest.raises(KeyError), lab.as_model("tuned"):
        pass
    with lab.as_model(BASE):
        assert lab.replies([(Message("user", "Hello"),)], 2)
