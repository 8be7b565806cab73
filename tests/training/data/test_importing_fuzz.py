"""Whatever a file holds, reading it ends with examples or with an error that names the file."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dossier.errors import DossierError
from tests.training.data import small_sources as small
from training.data.cleaning import Cleaner
from training.data.duplicates import plain
from training.data.example import Example, to_line
from training.data.importing.read import read_source
from training.data.labels import checked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "role", "content"]), inner),
    max_leaves=6,
)
KEYS = (
    "table", "paragraphs", "questions", "golden_table", "annotation", "content", "annotations", "messages",
    "instruction", "output", "input", "id", "question", "kind", "evidence", "answer", "train", "oos_val", "prompt",
    "completion", "label", "text", "groups", "expression", "scale", "programs", "uid",
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=8)
FILES = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=80).map(str.encode),
    OBJECTS.map(lambda value: json.dumps(value).encode()),
    st.lists(OBJECTS | VALUES, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.lists(OBJECTS | VALUES, max_size=3).map(lambda value: "\n".join(map(json.dumps, value)).encode()),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "source"


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=FILES)
def test_any_content_gives_examples_or_a_clear_error(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        found = read_source(file)
    except DossierError as error:
        assert str(file) in str(error)
        return
    for example in found:
        _whole(example)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_good_file_with_one_wrong_value_does_too(file: Path, data: st.DataObject) -> None:
    make = data.draw(st.sampled_from([small.tatqa, small.convfinqa, small.published_convfinqa, small.chat]))
    value = json.loads(make(file).read_text())
    _spoil(value, data)
    file.write_text(json.dumps(value))
    try:
        found = read_source(file)
    except DossierError as error:
        assert str(file) in str(error)
        return
    for example in found:
        _whole(example)


def _whole(example: Example) -> None:
    """It can go all the way into a set."""
    assert isinstance(example, Example)
    cleaned, problem = checked(Cleaner().clean(example))
    assert isinstance(problem, str)
    assert to_line(cleaned)
    assert plain(cleaned.context.text) is not None


def _spoil(value: object, data: st.DataObject) -> None:
    """Replace one value somewhere inside."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))  # type: ignore[arg-type, call-overload]
        key = data.draw(st.sampled_from(keys))
        inner = value[key]  # type: ignore[index]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            value[key] = data.draw(VALUES)  # type: ignore[index]
            return
        value = inner
