"""The page of models, run by Streamlit without a browser before the scripted gateway."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import button, buttons, open_page, said, sign_in
from tests.frontend.processes import GatewayProcess
from tests.frontend.scripted_gateway.contents import FIGURES, MODELS

pytestmark = pytest.mark.slow


def test_a_model_is_promoted_and_rolled_back_by_one_click_each(app: AppTest, gateway: GatewayProcess) -> None:
    sign_in(app)
    open_page(app, "models")
    assert any("the base model alone" in one.value for one in app.markdown)
    assert "75%" in said(app)
    assert "before 50%, 60 questions" in said(app)
    assert "+12.5 to +37.5" in said(app)
    assert "<b>second</b>" not in said(app)
    assert "Roll back" not in buttons(app)
    button(app, "Promote first").click()
    app.run()
    assert gateway.scripted()["promoted"] == ["a" * 64]
    assert "new questions go to first" in app.success[0].value
    assert "champion of finance" in said(app)
    assert "Promote first" not in buttons(app)
    button(app, "Roll back").click()
    app.run()
    assert gateway.scripted()["promoted"] == []
    assert "the base model alone" in app.success[0].value
    assert not app.exception


def test_what_speaks_against_a_model_is_shown_and_it_cannot_be_promoted(app: AppTest) -> None:
    sign_in(app)
    open_page(app, "models")
    assert button(app, "Promote <b>second</b>").disabled
    assert "<li>it wasn&#x27;t tried</li>" in said(app)
    assert "Nothing speaks against promoting it." in said(app)
    assert "<b>second</b>" not in said(app)


def test_what_a_pack_ships_and_why_it_does_not_answer_are_said(app: AppTest, gateway: GatewayProcess) -> None:
    shipped = {**MODELS[0], "state": "registered, ships with finance", "against": ["run `dossier models` first"]}
    worse = {**MODELS[1], "figures": {**FIGURES, "low": -0.02, "audit_passed": False}}
    gateway.script(models=[shipped, worse], promoted=["b" * 64], trouble="Run `dossier run` again: *now*.")
    sign_in(app)
    open_page(app, "models")
    assert '<span class="state plain">registered</span><div class="reason">ships with finance</div>' in said(app)
    assert "run <code>dossier models</code> first" in said(app)
    assert "\u22122.0 to" in said(app)
    assert '<span class="state bad">failed</span>' in said(app)
    assert "Run `dossier run` again:\u200b \\*now\\*" in app.error[0].value
    assert any("the base model alone" in one.value for one in app.markdown)


def test_a_model_that_another_admin_took_back_is_said(app: AppTest, gateway: GatewayProcess) -> None:
    gateway.script(promoted=["a" * 64])
    sign_in(app)
    open_page(app, "models")
    gateway.script(promoted=[])
    button(app, "Roll back").click()
    app.run()
    assert "nothing to go back from" in app.error[0].value
