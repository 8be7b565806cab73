from collections.abc import Iterator

import pytest

from tests.serving.api.live import Live, live_gateway


@pytest.fixture
def live(tmp_path) -> Iterator[Live]:
    with live_gateway(tmp_path) as running:
        yield running


@pytest.fixture
def token(live: Live) -> str:
    return live.add("mira", groups=frozenset({"hr", "legal"}))
