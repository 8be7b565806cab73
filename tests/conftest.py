"""What several packages' tests need: a small documents folder, the real embedder, free ports, a scratch home."""

import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from dossier.settings import Settings, load_settings
from dossier.weights import verified_embedder
from retrieval.embedder import Embedder
from tests.base import prepare_once

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

# taken out of the environment because settings refuse variables that they don't know
_TEST_DATA = Path(
    os.environ.pop("DOSSIER_TEST_DATA", "") or Path(__file__).resolve().parents[2] / "shared" / "data"
).resolve()
TOGETHER = ("tests/journeys/", "tests/frontend/test_browser.py", "tests/frontend/test_desk.py")
"""One worker's, and first: beside each other, model server and browsers would starve; at the end, all would wait."""

# a busy machine is no failure
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(TOGETHER))


def pytest_configure(config: pytest.Config) -> None:
    """Share the cores among the workers, and collect no garbage while everything is imported: none of it is any."""
    gc.disable()
    if workers := getattr(config, "workerinput", {}).get("workercount"):
        # with a thread for each core in every worker they wait for each other at each step, five times as long
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what is loaded for good, which would take it a third of a second at a time.

    It comes less often than it would, too: a fifth of the gate's processor time went into it.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give back to the workers' environment what was taken out of this process's."""
    os.environ["DOSSIER_TEST_DATA"] = str(_TEST_DATA)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadFileScheduling":
    """With several workers (`-n 2`), a file's tests stay with one of them, and those of TOGETHER too."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER[0] if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)

    return Together(config, log)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The real MiniLM; tests that use it carry the marker `model`."""
    folder, digest = verified_embedder(load_settings())
    return Embedder(folder, "all-minilm-l6-v2", digest)


@pytest.fixture(scope="session")
def prepared_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged base model, unpacked; `tests.base.lend_base` puts it into a home. Not to be written to."""
    top = tmp_path_factory.getbasetemp()
    return prepare_once((top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "base")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data beside the repository (DOSSIER_TEST_DATA names another place); skips where there is none."""
    folder = _TEST_DATA
    if not folder.is_dir():
        pytest.skip(f"the public data set folder {folder} isn't there")
    return folder


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Three small documents: leave rules, a page about sales, a page for one group only."""
    folder = tmp_path / "documents"
    (folder / "hr").mkdir(parents=True)
    (folder / "leave.md").write_text("# Leave\n\n## Annual leave\n\nEveryone has 27 days of annual leave a year.\n")
    (folder / "sales.html").write_text(
        "<title>Sales</title><h1>Sales</h1><p>Sales in 2024 were 412 million euros.</p><script>steal()</script>"
    )
    (folder / "hr" / "salaries.txt").write_text("The salary band of grade seven ends at 98,400 euros.\n")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    return folder


@pytest.fixture
def settings(tmp_path: Path, documents: Path) -> Iterator[Settings]:
    yield load_settings(home=tmp_path / "home", documents=documents)
