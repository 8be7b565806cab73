"""Answers that go on while the page is drawn again and again."""

import asyncio
from collections.abc import AsyncIterator

from dossier.errors import EngineError
from dossier.records import Delta, Step, Verdict
from frontend.chat.answering import FAULT, Answers, Snapshot
from frontend.gateway.wire import Finish, StreamEvent

LONG = 10.0


def ended(answers: Answers, key: str) -> Snapshot:
    answering = answers.of(key)
    assert answering is not None
    now = answering.now
    while not now.ended:
        now = answering.after(now.version, LONG)
    return now


async def whole() -> AsyncIterator[StreamEvent]:
    yield Step("Looking")
    yield Delta("It is ")
    yield Delta("so.")
    yield Finish((), Verdict.ANSWERED, "note")


async def stuck(closed: list[bool]) -> AsyncIterator[StreamEvent]:
    try:
        yield Delta("It is")
        await asyncio.sleep(60)
    finally:
        closed.append(True)


def test_a_whole_answer() -> None:
    answers = Answers()
    answers.start("ada/1", "Why?", 4, whole())
    now = ended(answers, "ada/1")
    assert (now.text, now.steps, now.before) == ("It is so.", ("Looking",), 4)
    assert (now.message.verdict, now.message.note, now.message.interrupted) == (Verdict.ANSWERED, "note", False)
    answers.forget("ada/1")
    assert answers.of("ada/1") is None


def test_stopping_closes_the_stream_and_keeps_what_was_said() -> None:
    answers, closed = Answers(), list[bool]()
    answering = answers.start("ada/1", "Why?", 0, stuck(closed))
    answering.after(0, LONG)
    now = answering.stop()
    assert closed == [True]
    assert (now.text, now.stopped, now.ended, now.error) == ("It is", True, True, "")
    assert now.message.interrupted


def test_a_fault_of_the_gateway_is_kept_as_its_sentence() -> None:
    async def breaking() -> AsyncIterator[StreamEvent]:
        yield Delta("It")
        raise EngineError("The model server is gone. Wait.")

    answers = Answers()
    answers.start("ada/1", "Why?", 0, breaking())
    now = ended(answers, "ada/1")
    assert (now.text, now.error) == ("It", "The model server is gone. Wait.")


def test_a_fault_of_the_page_doesnt_leave_people_waiting() -> None:
    async def faulty() -> AsyncIterator[StreamEvent]:
        yield Delta("It")
        raise ZeroDivisionError("inside")

    answers = Answers()
    answers.start("ada/1", "Why?", 0, faulty())
    assert ended(answers, "ada/1").error == FAULT


def test_many_at_once_dont_mix() -> None:
    async def counting(number: int) -> AsyncIterator[StreamEvent]:
        for _ in range(50):
            yield Delta(f"{number} ")
            await asyncio.sleep(0)
        yield Finish((), None, "")

    answers = Answers()
    running = [answers.start(f"u{number}", "", 0, counting(number)) for number in range(20)]
    for number, one in enumerate(running):
        now = one.now
        while not now.ended:
            now = one.after(now.version, LONG)
        assert now.text == f"{number} " * 50
