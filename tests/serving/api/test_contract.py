"""The API against its own description: generated requests, fitting and not, by nobody and by each role.

Nothing may end in 5xx, and every status, content type and body must be one that the description has.
"""

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dossier.settings import Settings
from retrieval.search import Searcher
from serving.api.policy import POLICY, Access
from serving.store import Role
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now
from tests.serving.api.serving_app import Served, served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.pop("DOSSIER_TEST_CONTRACT", "6"))
"""Of each operation, for each kind of request and each identity."""
IDENTITIES = ("nobody", *Role)
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("index")
    (home / "documents").mkdir()
    (home / "documents" / "leave.md").write_text("# Leave\n\nEveryone has 25 days of annual leave.\n")
    settings = Settings(home=home, documents=home / "documents")
    index_now(settings)
    with served(tmp_path_factory.mktemp("contract"), requests_per_minute=0) as running:
        running.index.found_in = Searcher(index_folder_of(settings), HashedWords())
        yield running


@pytest.fixture(scope="module")
def operations(gateway: Served) -> list[APIOperation]:
    described = schemathesis.openapi.from_dict(gateway.client().get("/openapi.json").json())
    return [found.ok() for found in described.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_api_does_what_it_says(
    gateway: Served, operations: list[APIOperation], identity: str, mode: GenerationMode
) -> None:
    # a key, since a sign-in would end with the first sign-out
    heads = {} if identity == "nobody" else {"Authorization": f"Bearer {key_of(gateway, identity)}"}
    statuses: dict[int, int] = {}
    for operation in operations:
        if (strategy := possible(operation, mode)) is None:
            continue

        @BOUNDED
        @given(case=strategy)
        def check(case: Case) -> None:
            case.headers = {}  # whoever calls is decided here
            response = case.call(base_url=gateway.address, headers=heads)
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            case.validate_response(response, checks=CHECKS)

        check()
    allowed = {method for (method, _), access in POLICY.items() if access is not Access.PUBLIC}
    assert allowed and sum(statuses.values()) > 50, statuses
    assert (401 in statuses) and (identity != "nobody" or 403 not in statuses), statuses
    if identity != "nobody":
        assert statuses.keys() & {200, 201, 204, 404}, statuses
        assert (403 in statuses) == (identity != "admin"), statuses


def possible(operation: APIOperation, mode: GenerationMode):
    """Its requests; None where no request can fail to fit."""
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body or operation.path_parameters):
        return None
    return operation.as_strategy(generation_mode=mode)


def key_of(gateway: Served, role: str) -> str:
    names = {"analyst": "mira", "support": "sam", "admin": "admin"}
    return gateway.key(names[role])
