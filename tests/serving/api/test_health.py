"""What admins are told about the last hour."""

import asyncio
import shutil
from dataclasses import replace

import httpx
import pytest

from serving.api.parts import Running
from serving.api.slots import Slots
from serving.api.watching import take_sample
from serving.health_history import Sample
from tests.serving.api.serving_app import Served, ask, until

CHAT = "/v1/chat/completions"


@pytest.fixture
def admin(gateway: Served) -> httpx.Client:
    return gateway.signed_in("admin")


def sampled(gateway: Served) -> Sample:
    """One more sample, now: as the gateway takes them every 15 seconds."""
    running = gateway.app.state.running
    assert isinstance(running, Running)
    running.history.add(taken := asyncio.run(take_sample(running)))
    return taken


def told(admin: httpx.Client) -> dict:
    reply = admin.get("/admin/health")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_a_sample_is_there_from_the_start(gateway: Served, admin: httpx.Client) -> None:
    until(lambda: bool(told(admin)["samples"]))
    first = told(admin)["samples"][0]
    assert (first["engine"], first["index"], first["store"]) == (True, True, True)
    assert (first["spoke"], first["first_typical"], first["first_slowest"]) == (0, None, None)
    assert 0 < first["disk"]["used"] < first["disk"]["total"]
    assert 0 < first["memory"]["used"] < first["memory"]["total"]
    assert told(admin)["now"] == gateway.client().get("/ready").json()


def test_parts_that_fail_are_in_the_history(gateway: Served, admin: httpx.Client) -> None:
    gateway.engine.state, gateway.engine.message = "failed", "The model server stopped."
    gateway.index.generation = ""
    sampled(gateway)
    found = told(admin)
    assert (found["now"]["ready"], found["now"]["engine"]["message"]) == (False, "The model server stopped.")
    last = found["samples"][-1]
    assert (last["engine"], last["index"], last["store"]) == (False, False, True)


def test_a_store_that_is_gone_is_in_the_history(gateway: Served) -> None:
    gateway.store.close()
    shutil.rmtree(gateway.home)
    last = sampled(gateway)
    assert (last.engine, last.store) == (True, False)
    assert last.disk is not None  # of the folder above, which will hold it again


def test_answers_under_way_and_their_first_words(gateway: Served, admin: httpx.Client) -> None:
    running = gateway.app.state.running
    with admin.stream("POST", CHAT, json=ask("wait", stream=True)):
        until(lambda: running.slots.taken == 1 and running.slots.silent == 0)
        assert sampled(gateway).running == 1
        other = gateway.signed_in("admin")
        found = told(other)
        assert (found["running"], found["silent"]) == (1, 0)
        assert found["room"] == running.gateway.settings.engine_queue + 8
        last = found["samples"][-1]
        assert last["spoke"] == 1
        assert 0 < last["first_typical"] == last["first_slowest"]
        gateway.answerer.gate.set()
    until(lambda: running.slots.taken == 0)
    assert sampled(gateway).first_seconds == ()  # each is told once


def test_what_cant_be_known_is_said(gateway: Served, admin: httpx.Client) -> None:
    until(lambda: bool(told(admin)["samples"]))
    (queue,) = told(admin)["unknown"]
    assert "own queue isn't read" in queue
    running = gateway.app.state.running
    running.history.add(replace(running.history.samples[-1], disk=None, memory=None))
    assert told(admin)["samples"][-1]["disk"] is None
    assert [one.split()[1] for one in told(admin)["unknown"]] == ["model", "disk", "machine"]


def test_looking_leaves_no_line_in_the_audit_log(gateway: Served, admin: httpx.Client) -> None:
    told(admin)
    assert gateway.signed_in("mira").get("/admin/health").status_code == 403
    lines = [line for line in admin.get("/admin/audit").json()["lines"] if line["route"] == "GET /admin/health"]
    assert [line["status"] for line in lines] == [403]


def test_slots_know_who_is_silent() -> None:
    heard: list[int] = []
    slots = Slots(2, heard.append)
    one, two = slots.take(), slots.take()
    assert (slots.taken, slots.silent, slots.room) == (2, 2, 2)
    one.speak()
    one.speak()
    assert (slots.taken, slots.silent) == (2, 1)
    two.give_back()
    two.give_back()
    two.speak()
    one.give_back()
    assert (slots.taken, slots.silent) == (0, 0)
    assert heard == [1, 2, 1, 0]
