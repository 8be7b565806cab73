"""The index job with a scripted command: progress, failures, cancelling, one at a time, and no process left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from dossier.errors import ConflictError, EnvironmentProblem, IndexMissingError
from serving.engine.tether import tethered
from serving.jobs import IndexJob, JobKind, JobState, JobStatus

SCRIPTED = (sys.executable, str(Path(__file__).parent / "scripted_index.py"))
REPORT = {"report": {"generation": "g8", "documents": 4, "files": [{"source": "ü.pdf", "state": "indexed"}]}}
KEEPS = "The previous generation keeps answering."


class Scene:
    """A job whose command does what `plan` says."""

    def __init__(self, home: Path, *, grace: float = 10, on_done: Callable[[], None] | None = None) -> None:
        self.home = home
        self.opened = 0
        self.job = IndexJob(on_done or self._open, home / "logs" / "index.log", (*SCRIPTED, str(home)), grace)

    def plan(self, *lines: dict | str) -> None:
        text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (self.home / "plan").write_text("\n".join(text), encoding="utf-8")

    async def until(self, condition: Callable[[JobStatus], bool]) -> JobStatus:
        async with asyncio.timeout(20):
            while not condition(self.job.status):
                await asyncio.sleep(0.005)
        return self.job.status

    async def end(self) -> JobStatus:
        return await self.until(lambda status: status.state in (JobState.DONE, JobState.FAILED))

    async def run(self, kind: JobKind = JobKind.BUILD, arguments: Sequence[str] = ()) -> JobStatus:
        await self.job.start(kind, arguments)
        return await self.end()

    def _open(self) -> None:
        self.opened += 1


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be read doesn't."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(process: int) -> bool:
    end = time.monotonic() + 20
    while alive(process) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(process)


def run(work: Awaitable[None]) -> None:
    async def main() -> None:
        await work

    asyncio.run(main())


def test_progress_and_the_report(scene: Scene) -> None:
    scene.plan(
        {"stage": "reading", "done": 1, "total": 0, "seconds_left": None},
        {"wait": "first"},
        {"stage": "embedding", "done": 3, "total": 9, "seconds_left": 4.5},
        {"wait": "second"},
        REPORT,
    )

    async def work() -> None:
        assert scene.job.status.state is JobState.IDLE
        assert (await scene.job.start()).state is JobState.RUNNING
        status = await scene.until(lambda status: status.stage == "reading")
        assert (status.done, status.total, status.seconds_left) == (1, 0, None)
        (scene.home / "first").touch()
        status = await scene.until(lambda status: status.stage == "embedding")
        assert (status.done, status.total, status.seconds_left, scene.opened) == (3, 9, 4.5, 0)
        (scene.home / "second").touch()
        status = await scene.end()
        assert (status.state, status.report, status.message) == (JobState.DONE, REPORT["report"], "")
        assert scene.opened == 1

    run(work())


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        (JobKind.BUILD, [], ["build"]),
        (JobKind.BUILD, ["--rebuild", "--retry"], ["build", "--rebuild", "--retry"]),
        (JobKind.ROLLBACK, ["g000002"], ["rollback", "g000002"]),
        (JobKind.VERIFY, [], ["verify"]),
    ],
)
def test_what_the_command_is_told(scene: Scene, kind: JobKind, arguments: list, told: list) -> None:
    scene.plan(REPORT)
    asyncio.run(scene.run(kind, arguments))
    assert json.loads((scene.home / "arguments").read_text()) == told


@pytest.mark.parametrize(("kind", "opened"), [(JobKind.ROLLBACK, 1), (JobKind.DIFF, 0), (JobKind.GC, 0)])
def test_other_kinds_give_a_result_and_open_only_what_changed(scene: Scene, kind: JobKind, opened: int) -> None:
    scene.plan({"stage": "x", "done": 1, "total": 1}, {"report": {"added": ["a.md"]}})
    status = asyncio.run(scene.run(kind))
    assert (status.state, status.kind, scene.opened) == (JobState.DONE, kind, opened)
    assert (status.result, status.report) == ({"added": ["a.md"]}, None)


def test_a_check_that_finds_damage_is_told_without_a_word_about_answers(scene: Scene) -> None:
    scene.plan({"error": {"code": "corrupt_index", "message": "vectors.faiss is damaged."}}, {"exit": 3})
    status = asyncio.run(scene.run(JobKind.VERIFY))
    assert status.state is JobState.FAILED and "vectors.faiss is damaged." in status.message
    assert KEEPS not in status.message


def test_one_at_a_time(scene: Scene) -> None:
    scene.plan({"wait": "go"}, REPORT)

    async def work() -> None:
        started = await asyncio.gather(*(scene.job.start() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in started].count(ConflictError) == 2
        (scene.home / "go").touch()
        assert (await scene.end()).state is JobState.DONE
        assert (await scene.run()).state is JobState.DONE
        assert scene.opened == 2

    run(work())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (({"error": {"code": "x", "message": "The disk is full."}}, {"exit": 3}), "The disk is full."),
        (({"error": {"code": "x", "message": "The disk is full."}},), "The disk is full."),
        (({"error": "The disk is full."},), "The disk is full."),
        (({"exit": 3},), "status 3"),
        ((REPORT, {"exit": 1}), "status 1"),
        (({"stage": "reading", "done": 0, "total": 0},), "without a report"),
        ((), "without a report"),
    ],
)
def test_why_it_failed_is_told(scene: Scene, lines: tuple, message: str) -> None:
    scene.plan(*lines)
    status = asyncio.run(scene.run())
    assert status.state is JobState.FAILED
    assert message in status.message and "index.log" in status.message
    assert scene.opened == 0


def test_what_the_command_says_besides_is_passed_over(scene: Scene) -> None:
    scene.plan("Loading weights: 100%", "[1, 2]", '{"stage": "x", "done": NaN, "total": "9", "seconds_left": Infinity}')
    with (scene.home / "plan").open("a", encoding="utf-8") as plan:
        plan.write("\n" + json.dumps(REPORT))
    status = asyncio.run(scene.run())
    assert (status.state, status.stage, status.done, status.total) == (JobState.DONE, "x", 0, 0)


def test_a_report_of_many_files_is_read(scene: Scene) -> None:
    files = [{"source": f"folder/file-{number}.pdf", "state": "indexed"} for number in range(20_000)]
    scene.plan({"report": {"files": files}})
    status = asyncio.run(scene.run())
    assert status.report is not None and len(status.report["files"]) == 20_000


def test_a_generation_that_can_not_be_opened_is_a_failure(tmp_path: Path) -> None:
    def refuse() -> None:
        raise IndexMissingError("Its digest is wrong.")

    scene = Scene(tmp_path, on_done=refuse)
    scene.plan(REPORT)
    status = asyncio.run(scene.run())
    assert status.state is JobState.FAILED and "Its digest is wrong." in status.message


def test_a_fault_while_opening_does_not_leave_the_job_running(tmp_path: Path) -> None:
    def fail() -> None:
        raise LookupError("a fault")

    scene = Scene(tmp_path, on_done=fail)
    scene.plan(REPORT)

    async def work() -> None:
        status = await scene.run()
        assert status.state is JobState.FAILED and "fault in Dossier" in status.message
        assert scene.job._watcher is not None
        with pytest.raises(LookupError):  # left to the event loop, which logs it
            await scene.job._watcher

    run(work())


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    job = IndexJob(lambda: None, tmp_path / "index.log", ("/nowhere/dossier",))

    async def work() -> None:
        await job.start()
        async with asyncio.timeout(20):
            while job.status.state is JobState.RUNNING:
                await asyncio.sleep(0.005)

    run(work())
    assert job.status.state is JobState.FAILED and KEEPS in job.status.message


def test_a_log_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    job = IndexJob(lambda: None, tmp_path / "logs" / "index.log", SCRIPTED)

    async def work() -> None:
        with pytest.raises(EnvironmentProblem, match="can't be started"):
            await job.start()
        assert job.status.state is JobState.FAILED

    run(work())


@pytest.mark.slow
@pytest.mark.parametrize("stubborn", [False, True])
def test_cancelling_ends_the_command_and_its_children(tmp_path: Path, stubborn: bool) -> None:
    scene = Scene(tmp_path, grace=0.2 if stubborn else 20)
    scene.plan(
        *([{"stubborn": True}] if stubborn else []),
        {"child": True},
        {"stage": "reading", "done": 0, "total": 0},
        {"wait": "never"},
    )

    async def work() -> None:
        with pytest.raises(ConflictError):
            await scene.job.cancel()
        await scene.job.start()
        await scene.until(lambda status: status.stage == "reading")
        assert (await scene.job.cancel()).message == "being cancelled"
        await scene.job.cancel()
        status = await scene.end()
        assert status.state is JobState.FAILED
        assert status.message == f"The run was cancelled. {KEEPS}"
        assert scene.opened == 0

    run(work())
    for name in ("pid", "child"):
        assert gone(int((tmp_path / name).read_text())), name


def test_after_cancelling_it_can_be_started_again(scene: Scene) -> None:
    async def work() -> None:
        scene.plan({"stage": "reading", "done": 0, "total": 0}, {"wait": "never"})
        await scene.job.start()
        await scene.until(lambda status: status.stage == "reading")
        await scene.job.cancel()
        await scene.end()
        scene.plan(REPORT)
        assert (await scene.run()).state is JobState.DONE

    run(work())


def test_stopping_waits_until_the_command_has_ended(scene: Scene) -> None:
    scene.plan({"stage": "reading", "done": 0, "total": 0}, {"wait": "never"})

    async def work() -> None:
        await scene.job.stop()
        await scene.job.start()
        await scene.until(lambda status: status.stage == "reading")
        await scene.job.stop()
        assert scene.job.status.state is JobState.FAILED
        await scene.job.stop()

    run(work())
    assert gone(int((scene.home / "pid").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a parent's death")
def test_the_command_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text('{"wait": "never"}')
    command = (*SCRIPTED, str(tmp_path))
    code = (
        "import subprocess, time; from serving.engine.tether import tethered; "
        f"subprocess.Popen(tethered({command!r}), start_new_session=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        end = time.monotonic() + 20
        file = tmp_path / "arguments"
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.01)
        parent.send_signal(signal.SIGKILL)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_tethered_command_is_the_command_itself(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getppid(), *sys.argv[1:])"
    command = tethered([sys.executable, "-c", script, "one argument", "--two"])
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == f"{os.getpid()} one argument --two"
