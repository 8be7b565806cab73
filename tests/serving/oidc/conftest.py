"""A real provider and a real gateway, one of each for all tests of this folder, as new before each."""

from collections.abc import Iterator

import pytest

from tests.serving.api.serving_app import Served, served
from tests.serving.oidc.local_provider import LocalProvider, local_provider, settings_for
from tests.serving.oidc.signing_in import PAGE, fresh


@pytest.fixture(scope="package")
def lasting_provider() -> Iterator[LocalProvider]:
    with local_provider() as running:
        running.page = PAGE
        yield running


@pytest.fixture
def provider(lasting_provider: LocalProvider) -> LocalProvider:
    lasting_provider.renew()
    return lasting_provider


@pytest.fixture(scope="package")
def lasting_gateway(lasting_provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), **settings_for(lasting_provider)) as running:
        yield running


@pytest.fixture
def gateway(lasting_gateway: Served, provider: LocalProvider) -> Served:
    """The lasting gateway, as new: it knows nothing of the provider yet."""
    lasting_gateway.renew()
    fresh(lasting_gateway)
    return lasting_gateway
