"""The whole product as a user runs it: one start with the real model server, asked over HTTP, broken, stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import psutil
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Product:
    process: subprocess.Popen[str]
    url: str
    key: str
    log: Path


def ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    found = [int(probe.getsockname()[1]) for probe in sockets]
    for probe in sockets:
        probe.close()
    return found


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("home")
    api, page, engine = ports(3)
    environment = {
        **os.environ,
        "DOSSIER_HOME": str(home),
        "DOSSIER_PORT": str(api),
        "DOSSIER_PAGE_PORT": str(page),
        "DOSSIER_ENGINE_PORT": str(engine),
        "DOSSIER_ENGINE_PROBE_SECONDS": "5",
    }
    log = home / "run.log"
    with log.open("w") as stream:
        command = [sys.executable, "-m", "dossier", "run"]
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream, text=True)
    deadline = time.monotonic() + 500
    while "Ctrl-C ends everything" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(1)
    yield Product(process, f"http://127.0.0.1:{api}", (home / "operator.key").read_text().strip(), log)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, [child.cmdline() for child in alive]


def client(product: Product) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{product.url}/v1", api_key=product.key, max_retries=0, timeout=120)


def test_the_first_answer_is_printed_with_its_source_and_the_addresses(product: Product) -> None:
    said = product.log.read_text()
    assert "Question: " in said
    assert ".pdf, page " in said
    assert f"{product.url}/docs" in said
    assert "Sign in as admin with the password" in said


def test_any_openai_client_gets_cited_answers(product: Product) -> None:
    reply = client(product).chat.completions.create(
        model="dossier-finance",
        messages=[{"role": "user", "content": "What was Larkfield's net income in fiscal 2025?"}],
    )
    sources = reply.model_extra["sources"] if reply.model_extra else []
    assert [source["number"] for source in sources] == list(range(1, len(sources) + 1))
    assert all(source["document"] and source["page"] >= 1 and source["text"] for source in sources)
    cited = [source for source in sources if source["cited"]]
    assert cited
    assert f"[{cited[0]['number']}]" in (reply.choices[0].message.content or "")


def test_what_is_not_in_the_documents_is_refused_in_a_stream(product: Product) -> None:
    stream = client(product).chat.completions.create(
        model="dossier-finance",
        messages=[{"role": "user", "content": "Who painted the ceiling of the Sistine Chapel?"}],
        stream=True,
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "not in the documents" in said


def test_unknown_model_and_bad_questions_are_refused(product: Product) -> None:
    with pytest.raises(openai.NotFoundError):
        client(product).chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "hi"}])
    for question in ("", "x" * 20_000):
        with pytest.raises(openai.BadRequestError):
            client(product).chat.completions.create(
                model="dossier-finance", messages=[{"role": "user", "content": question}]
            )


def test_nothing_connects_to_anywhere_else(product: Product) -> None:
    """Every socket of every process of the running product is on loopback."""
    family = [psutil.Process(product.process.pid), *psutil.Process(product.process.pid).children(recursive=True)]
    remote = {
        connection.raddr.ip
        for process in family
        for connection in process.net_connections(kind="inet")
        if connection.raddr
    }
    assert remote <= {"127.0.0.1", "::1"}, remote


def test_a_killed_model_server_comes_back_by_itself(product: Product) -> None:
    family = psutil.Process(product.process.pid).children(recursive=True)
    server = next(process for process in family if "vllm.entrypoints.cli.main" in " ".join(process.cmdline()))
    server.kill()
    deadline = time.monotonic() + 30
    while httpx.get(f"{product.url}/ready").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert httpx.get(f"{product.url}/health").status_code == 200
    deadline = time.monotonic() + 300
    while httpx.get(f"{product.url}/ready").status_code != 200:
        assert time.monotonic() < deadline, httpx.get(f"{product.url}/ready").text
        time.sleep(1)
    test_any_openai_client_gets_cited_answers(product)
