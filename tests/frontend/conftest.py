"""The scripted gateway, fresh for each test."""

from collections.abc import Iterator

import pytest

from frontend.client import Gateway
from tests.frontend.processes import GatewayProcess, free_port
from tests.frontend.scripted_gateway import FILES, MODELS, PASSWORD


@pytest.fixture(scope="module")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(free_port(), tmp_path_factory.mktemp("gateway")) as process:
        yield process


@pytest.fixture
def gateway(gateway_process: GatewayProcess) -> GatewayProcess:
    if not gateway_process.running:
        gateway_process.start()
    gateway_process.script(
        tokens={},
        passwords={"ada": PASSWORD, "ben": PASSWORD},
        conversations={},
        keys=[],
        ready={},
        job={"state": "idle"},
        closed=[],
        asked=[],
        files=FILES,
        models=MODELS,
        promoted=[],
        trouble="",
        feedback={},
    )
    return gateway_process


@pytest.fixture
def ada(gateway: GatewayProcess) -> Gateway:
    return Gateway(gateway.address, Gateway(gateway.address).sign_in("ada", PASSWORD).token)
