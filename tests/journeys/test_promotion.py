"""A promoted adapter taken over by the running product, with the real model server: no question fails meanwhile.

The adapters are real ones in PEFT's format on the 135M base, with random weights that are large enough to be heard. One
ships with the pack, two are registered, so that the server has room for them beside its base.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from dossier.adapters import ADAPTER, CONFIG, load_tensors, save_tensors, sha256_of
from dossier.progress import ProgressDisplay
from dossier.registry import Origin, Registry, Served
from dossier.registry.checking import RUN_FILES, read_base
from dossier.settings import Settings, load_settings
from dossier.weights import folder_digest
from serving.engine.command import precision_of
from tests.base import BASE, lend_base
from tests.dossier.registry.small import report
from tests.journeys.product import ports
from tests.training.evaluation.small_set import write_dressed_set
from training.answers.record import read_product_run
from training.evaluation.candidates import registered
from training.evaluation.contexts import read_contexts
from training.evaluation.served import compare_served, served_comparison_text
from training.gateway import RunningGateway
from training.tuning.recipe import Recipe
from training.tuning.run_folder import RunRecord, RunState, read_run, write_run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
PACK, MODEL = "finance", "dossier-finance"
QUESTIONS = (
    "How many days of annual leave does everyone have a year?",
    "How large were sales in 2024?",
    "What is the annual leave, and what were the sales in 2024?",
)
ASKERS, ENOUGH = 4, 32
NOT_SERVED = Served(0, 0)
FLIPS = 8
MORE = {"float32": 1.3, "bfloat16": 3.0}
PACK_TEXT = f"""
name = "{PACK}"
title = "Leave and sales"
description = "Two small documents."
tone = "Short."
documents = "."
starter_questions = []
opening_question = ""
[model]
base = "{BASE}"
adapter = "adapter"
"""


@cache
def loaded(base: Path) -> Any:
    """The base model, for all adapters that are made on it."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32, local_files_only=True)


def write_tuned_run(folder: Path, base: Path, seed: int, spread: float) -> Path:
    """A finished run whose adapter PEFT has made, its B no longer zero but drawn so wide."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    model = loaded(base)
    config = LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"])
    outer = get_peft_model(model, config)
    with torch.no_grad():
        for name, value in outer.named_parameters():
            if "lora_B" in name:
                value.normal_(std=spread)
    outer.save_pretrained(str(folder / "adapter"))
    outer.unload()  # the base is as it was
    files = {file.name: sha256_of(file) for file in (folder / "adapter").iterdir()}
    record = RunRecord(BASE, folder_digest(base), "d" * 64, "", Recipe(rank=8), 1, state=RunState.FINISHED, files=files)
    write_run(folder, record)
    return folder


def write_pack(folder: Path, run: Path, base: Path) -> Path:
    """A pack that ships what a run learned."""
    making, known, record = Registry(folder / "making"), read_base(BASE, base, 16), read_run(run)
    origin = Origin(record.base, record.base_digest, record.data, asdict(record))
    entry = making.register(run / "adapter", RUN_FILES, origin, known, half=True)
    making.export(entry, folder / "adapter", known)
    (folder / "pack.toml").write_text(PACK_TEXT)
    return folder


@dataclass
class Product:
    settings: Settings
    environment: dict[str, str]
    runs: Path
    http: httpx.Client

    def dossier(self, *words: str) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "dossier", *words]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True, check=False)

    def done(self, *words: str) -> str:
        result = self.dossier(*words)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def answer(self, question: str) -> dict[str, Any]:
        """The last chunk of a streamed answer: the whole text, and by which model."""
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": question}]}
        last: dict[str, Any] = {}
        with self.http.stream("POST", "/v1/chat/completions", json=body) as reply:
            assert reply.status_code == 200, reply.read()
            for line in reply.iter_lines():
                if line.startswith("data: {"):
                    chunk = json.loads(line[6:])
                    assert "error" not in chunk, chunk
                    last = chunk if "answered_by" in chunk else last
        assert last, "the answer broke off"
        return last

    def state(self) -> dict[str, Any]:
        return dict(self.http.get("/ready").json()["model"])


@dataclass
class Askers:
    """Asks from several threads without a pause; every answer, and everything that went wrong."""

    product: Product
    answers: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Askers":
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(ASKERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        while not self.enough.is_set():
            try:
                self.answers.append(self.product.answer(QUESTIONS[number % len(QUESTIONS)]))
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what this test looks for)
                self.failures.append(repr(error))
            number += 1

    def more(self, count: int, by: str) -> None:
        """Wait until so many further answers have come, and the last one by this model."""
        wanted, deadline = len(self.answers) + count, time.monotonic() + 400
        while len(self.answers) < wanted or self.answers[-1]["answered_by"] != by:
            assert not self.failures, self.failures
            assert time.monotonic() < deadline, self.answers[-1:]
            time.sleep(0.05)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, prepared_base: Path) -> Iterator[Product]:
    home, documents = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("documents")
    (documents / "leave.md").write_text("# Leave\n\n## Annual leave\n\nEveryone has 27 days of annual leave a year.\n")
    (documents / "sales.md").write_text("# Sales\n\nSales in 2024 were 412 million euros.\n")
    pack, runs = tmp_path_factory.mktemp("pack"), tmp_path_factory.mktemp("runs")
    api, engine = ports(2)
    environment = {
        **os.environ,
        "DOSSIER_HOME": str(home),
        "DOSSIER_PACK": str(pack),
        "DOSSIER_DOCUMENTS": str(documents),
        "DOSSIER_PORT": str(api),
        "DOSSIER_ENGINE_PORT": str(engine),
        "DOSSIER_ANSWER_STYLE": "speak",
        "DOSSIER_ANSWER_TOKENS": "8",
        "DOSSIER_RELEVANCE": "0",
        "DOSSIER_ADMIN_PASSWORD": "correct-horse-battery",
    }
    settings = load_settings(home=home, pack=str(pack), documents=documents, port=api, engine_port=engine)
    with httpx.Client(base_url=settings.api_url, timeout=300, trust_env=False) as http:
        made = Product(settings, environment, runs, http)
        base = lend_base(prepared_base, settings)
        write_pack(pack, write_tuned_run(runs / "shipped", base, 7, 0.3), base)
        for seed, (name, spread) in enumerate({"first": 0.3, "second": 0.05}.items()):
            made.done("models", "register", str(write_tuned_run(made.runs / name, base, seed, spread)))
        loaded.cache_clear()
        made.done("index")
        with (home / "serve.log").open("w") as log:
            line = [sys.executable, "-m", "dossier", "serve"]
            process = subprocess.Popen(line, env=environment, stdout=log, stderr=log)
        try:
            wait_until_ready(made, process)
            http.headers["Authorization"] = f"Bearer {(home / 'operator.key').read_text().strip()}"
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait_until_ready(product: Product, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 400
    while True:
        assert process.poll() is None, (product.settings.home / "serve.log").read_text()
        try:
            reply = product.http.get("/ready")
            if reply.status_code == 200:
                return
            assert time.monotonic() < deadline, reply.text
        except httpx.ConnectError:
            assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_promotion_and_its_rollback_lose_no_answer(product: Product) -> None:
    product.answer(QUESTIONS[0])  # what is cached changes sums in their last bits
    before = [product.answer(question)["text"] for question in QUESTIONS]
    shipped = product.state()["adapter"]
    first_of_all = f"{MODEL}@{shipped[:16]}"
    with Askers(product) as askers:
        askers.more(ENOUGH // 4, first_of_all)
        said = product.done("models", "promote", "first", "--despite", "random weights, to be told apart")
        name = f"{MODEL}@{said.split('(')[1].split(')')[0]}"
        askers.more(ENOUGH // 2, name)
        reply = product.http.post("/admin/models/rollback")
        assert (reply.status_code, reply.json()["adapter"]) == (200, shipped)
        askers.more(ENOUGH // 4, first_of_all)
    assert askers.failures == []
    assert len(askers.answers) >= ENOUGH
    by_model = {first_of_all: set[str](), name: set[str]()}
    for one in askers.answers:
        by_model[one["answered_by"]].add(one["text"])
    assert all(by_model.values())
    assert by_model[name] - set(before), "the adapter isn't heard"
    assert [product.answer(question)["text"] for question in QUESTIONS] == before
    assert product.http.post("/admin/models/rollback").json()["adapter"] == ""
    alone = [product.answer(question) for question in QUESTIONS]
    assert {one["answered_by"] for one in alone} == {MODEL}
    assert [one["text"] for one in alone] != before, "the shipped adapter isn't heard"


def test_damaged_adapters_are_refused_while_questions_are_answered(product: Product) -> None:
    reply = product.http.post("/admin/models/first/promote", json={"despite": "a test"}).json()
    name = f"{MODEL}@{reply['adapter'][:16]}"
    folder = Registry.of(product.settings).find("second").folder
    drawn = random.Random(11)
    with Askers(product) as askers:
        for number in range(FLIPS):
            file = sorted(file for file in folder.iterdir() if file.is_file())[number % 3]
            whole = file.read_bytes()
            at = drawn.randrange(8 * len(whole))
            flipped = bytearray(whole)
            flipped[at // 8] ^= 1 << at % 8
            file.write_bytes(flipped)
            refused = product.http.post(f"/admin/models/{folder.name}/promote", json={"despite": "a test"})
            assert refused.status_code in (404, 422, 503), refused.text
            file.write_bytes(whole)
        askers.more(8, name)
        (folder / "adapter_model.bin").write_bytes(b"\x80\x04cposix\nsystem\n")
        result = product.dossier("models", "promote", folder.name, "--despite", "a test")
        assert (result.returncode, "doesn't belong" in result.stderr) == (4, True)
        (folder / "adapter_model.bin").unlink()
        askers.more(8, name)
    assert askers.failures == []
    assert {one["answered_by"] for one in askers.answers} == {name}
    assert product.state() | {"message": ""} == {"adapter": reply["adapter"], "degraded": False, "message": ""}
    assert "against the gate" in product.state()["message"]


def test_nobody_loads_adapters_behind_the_gateways_back(product: Product) -> None:
    engine = product.settings.engine_url.removesuffix("/v1")
    body = {"name": "x", "src": "/tmp", "lora_name": "x", "lora_path": "/tmp"}  # noqa: S108 (a path to be refused)
    assert httpx.post(f"{engine}/v1/load_lora_adapter", json=body).status_code == 401
    for path in ("/adapters", "/invocations", "/v1/../adapters"):
        assert httpx.post(f"{engine}{path}", json=body).status_code in (401, 404)


@pytest.mark.timeout(1800)
def test_what_is_served_is_what_was_trained(product: Product, tmp_path: Path) -> None:
    """Through vLLM with the adapter loaded beside what answers; a copy with more of the adapter is told apart.

    30% more where the server computes as exactly as the lab, three times as much where rounding hides that.
    """
    registry = Registry.of(product.settings)
    entry, before = registry.find("second"), registry.champions.read().of(PACK)
    registry.attach(entry, report(entry, data="d" * 64, reference=before, served=NOT_SERVED))
    assert "weren't compared" in product.dossier("models", "promote", "second").stderr
    dressed = write_dressed_set(tmp_path, product.settings)
    said = product.done("models", "check-served", "second", "--set", str(dressed.folder), "--reply-tokens", "8")
    print(said)
    served = list(registry.evaluations(entry).values())[-1].served
    assert (served.compared >= 50, served.different) == (True, 0), said
    assert served.ties < served.tokens / 20, said
    gateway = RunningGateway.of(product.settings, "", "")
    with ProgressDisplay() as display:
        candidate = registered(product.settings, registry, entry, display)
        spoilt = replace(candidate, folder=scaled_copy(entry.folder, tmp_path / "spoilt", MORE[precision_of("cpu")]))
        contexts = read_contexts(dressed, "test").contexts[:3]
        found = compare_served(spoilt, contexts, gateway, 8, display)
    print(served_comparison_text(found))
    assert found.served.different > 0
    assert "Back: dossier models rollback" in product.done("models", "promote", "second")
    product.http.post("/admin/models/rollback")


def scaled_copy(folder: Path, copy: Path, scale: float) -> Path:
    copy.mkdir()
    (copy / CONFIG).write_bytes((folder / CONFIG).read_bytes())
    tensors = load_tensors(folder / ADAPTER)
    save_tensors({name: value * (scale if "lora_B" in name else 1) for name, value in tensors.items()}, copy / ADAPTER)
    return copy


def test_the_product_is_evaluated_over_http(product: Product, tmp_path: Path) -> None:
    leave = {"document": "leave.md", "page": 1, "text": "27 days of annual leave"}
    sales = {"document": "sales.md", "page": 1, "text": "412 million euros"}
    asked = [
        {
            "id": "a",
            "question": QUESTIONS[0],
            "kind": "lookup",
            "answer": "27 days",
            "unit": "days",
            "evidence": [leave],
        },
        {"id": "b", "question": QUESTIONS[1], "kind": "lookup", "answer": "412 million", "evidence": [sales]},
        {"id": "c", "question": "Who is the auditor?", "kind": "unanswerable", "answer": "", "evidence": []},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)) + "\n")
    words = ["evaluate", "answers", "--questions", str(tmp_path / "questions.jsonl"), "--out", str(tmp_path / "out")]
    print(product.done(*words))
    run = read_product_run(tmp_path / "out" / "answers.json")
    assert run.failed == []
    assert [one.judgement.found for one in run.answers] == [1, 1, None]
    assert all(0 < one.first <= one.total for one in run.answers)
    assert run.answered_by == (product.answer(QUESTIONS[0])["answered_by"],)
