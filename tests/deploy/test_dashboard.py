"""The Grafana dashboard asks for what the gateway measures, and shows all of it."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.api.serving_app import served

FILE = Path(__file__).resolve().parents[2] / "deploy" / "grafana-dashboard.json"
FUNCTIONS = {"sum", "by", "rate", "increase", "histogram_quantile", "le"}
EXPRESSIONS = [target["expr"] for panel in json.loads(FILE.read_text())["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names of the gateway's series with their labels."""
    with served(tmp_path_factory.mktemp("home")) as gateway:
        gateway.client().get("/health")
        text = gateway.client().get("/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        sample.name: {label for one in samples if one.name == sample.name for label in one.labels} for sample in samples
    }


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_the_dashboard_asks_for_is_there(measured: dict[str, set[str]], expression: str) -> None:
    bare = re.sub(r'"[^"]*"', "", expression)
    names = set(re.findall(r"\b(?:dossier|process)_[a-z_]+", bare))
    assert len(names) == 1 and names <= set(measured)
    (name,) = names
    labels = set(re.findall(r"(\w+)=~?(?=[,}])", bare)) | {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", bare) for label in group.split(",")
    }
    assert labels - {"job"} <= measured[name], "a label that the series doesn't have"
    assert set(re.findall(r"\b[a-z_]+\b(?= ?\()", bare)) <= FUNCTIONS
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)


def test_all_that_is_measured_is_shown(measured: dict[str, set[str]]) -> None:
    ours = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in measured if name.startswith("dossier_")}
    assert len(ours) > 8
    missing = {name for name in ours if not any(name in expression for expression in EXPRESSIONS)}
    assert missing == set()


def test_it_is_one_that_grafana_takes() -> None:
    board = json.loads(FILE.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places)
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "job"}
