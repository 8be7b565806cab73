"""The page Batch over the real gateway, run by Streamlit without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import cut_short, open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.mark.parametrize("cut", [False, True])
def test_a_file_is_started_once_also_where_the_drawing_is_cut_short(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    name = f"questions-{cut}.csv"
    open_page(sign_in(app, "mira", PASSWORD), "batch")
    assert app.button(key="batch-start").disabled
    app.file_uploader[0].set_value((name, b"question\nWhat were net sales?\n", "text/csv")).run()
    if cut:
        cut_short(monkeypatch, "frontend.batches.page._show_start")
    app.button(key="batch-start").click()
    app.run()
    assert not app.exception and not app.error
    assert said(app).count(name) == 1
    assert app.button(key="batch-start").disabled  # the field is empty again


def test_what_is_no_file_of_questions_is_said(app: AppTest) -> None:
    open_page(sign_in(app, "mira", PASSWORD), "batch")
    app.file_uploader[0].set_value(("empty.csv", b"\n", "text/csv")).run()
    app.button(key="batch-start").click()
    app.run()
    assert app.error and not app.exception
