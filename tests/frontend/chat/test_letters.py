"""What a customer asks, and the phrases around a reply."""

import pytest

from frontend.chat.letters import FRAMES, Tone, body_of, framed, questions_of, reply_of

ANSWER = "The order came to 1,320."


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("What is the fee?", ["What is the fee?"]),
        (
            "Hi there,\n\nI am Jo. What is the fee? And when\nis it due?\n\nThanks\nJo",
            ["What is the fee?", "And when is it due?"],
        ),
        ("Hello Ada, what is the fee?", ["what is the fee?"]),
        ("Dear Sir or Madam,\nmy card was charged twice.\nKind regards\nJo", ["my card was charged twice."]),
        ("My card was charged twice. Please help.", ["My card was charged twice. Please help."]),
        ("Thank you for the quick delivery. The fee was 4.50 EUR. Why?", ["Why?"]),
        ("Is it due?\nIs it due?", ["Is it due?"]),
        ("   \n", []),
    ],
)  # fmt: skip
def test_what_is_asked(message: str, asked: list[str]) -> None:
    assert questions_of(message) == asked


def test_a_reply_has_no_numbers_of_sources_and_no_emphasis() -> None:
    assert reply_of("Sales were **4.2 billion** [1] [12].\n\n- one [2]") == "Sales were 4.2 billion.\n\n- one"


@pytest.mark.parametrize("tone", list(Tone))
def test_the_phrases_go_around_an_answer_and_off_again(tone: Tone) -> None:
    reply = framed(ANSWER, tone)
    assert ANSWER in reply
    assert body_of(reply) == ANSWER
    assert body_of(f"{reply}\n ") == ANSWER


def test_phrases_that_somebody_edited_are_part_of_the_reply() -> None:
    reply = framed(ANSWER, Tone.FRIENDLY).replace("Hello,", "Hello Jo,")
    assert body_of(reply) == reply


def test_the_phrases_say_nothing_about_the_matter() -> None:
    for frame in FRAMES.values():
        assert not any(character.isdigit() for character in frame.before + frame.after)
