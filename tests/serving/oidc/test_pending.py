"""Sign-ins that were begun: bounded in number and time, and good once."""

import asyncio

import pytest

from dossier.errors import BusyError, EnvironmentProblem, SignInError
from serving.oidc import pending
from serving.oidc.pending import MOST_FROM_ONE_PLACE, SECONDS, PendingSignIns
from serving.oidc.remembering import KEPT_SECONDS, Remembered


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_is_good_once_and_for_ten_minutes() -> None:
    clock = Clock()
    waiting = PendingSignIns(clock)
    early, late = waiting.begin("a"), waiting.begin("a")
    clock.now += SECONDS - 1
    assert waiting.take(early.state, early.browser) == early
    clock.now += 1
    for state, browser in ((early.state, early.browser), (late.state, late.browser), ("", ""), ("\ud800", "x")):
        with pytest.raises(SignInError, match="Sign in again"):
            waiting.take(state, browser)


def test_nothing_of_it_can_be_guessed_or_is_shown() -> None:
    waiting = PendingSignIns()
    made = [waiting.begin("a") for _ in range(50)]
    secrets = {value for one in made for value in (one.state, one.browser, one.nonce, one.verifier)}
    assert len(secrets) == 200 and all(len(value) == 43 for value in secrets)
    assert not [value for value in secrets if value in repr(made)]


def test_one_address_cant_have_all_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    waiting = PendingSignIns(clock)
    for _ in range(MOST_FROM_ONE_PLACE):
        waiting.begin("a")
    with pytest.raises(BusyError):
        waiting.begin("a")
    waiting.begin("b")
    clock.now += SECONDS
    waiting.begin("a")


def test_in_all_there_are_so_many_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MOST", 3)
    waiting = PendingSignIns()
    made = [waiting.begin(str(number)) for number in range(4)]
    with pytest.raises(SignInError):
        waiting.take(made[0].state, made[0].browser)
    for one in made[1:]:
        assert waiting.take(one.state, one.browser) == one


class Fetched:
    """Something to fetch that counts, and fails when it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    async def __call__(self) -> list[int]:
        self.count += 1
        await asyncio.sleep(0)
        if self.fails:
            raise EnvironmentProblem("down")
        return [self.count]


def test_many_at_once_fetch_once() -> None:
    async def together() -> None:
        fetch, clock = Fetched(), Clock()
        kept = Remembered(fetch, clock)
        found = await asyncio.gather(*(kept.value() for _ in range(20)))
        assert found == [[1]] * 20
        renewed = await asyncio.gather(*(kept.renewed(found[0]) for _ in range(20)))
        assert renewed == [[2]] * 20
        clock.now += KEPT_SECONDS
        assert await kept.value() == [3]

    asyncio.run(together())


def test_a_failure_is_told_to_all_who_wait_and_forgotten_soon() -> None:
    async def together() -> None:
        fetch, clock = Fetched(), Clock()
        fetch.fails = True
        kept = Remembered(fetch, clock)
        found = await asyncio.gather(*(kept.value() for _ in range(20)), return_exceptions=True)
        assert {str(one) for one in found} == {"down"} and fetch.count == 1
        fetch.fails = False
        clock.now += 5
        assert await kept.value() == [2]

    asyncio.run(together())
