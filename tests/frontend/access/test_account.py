"""One's own password and keys, run by Streamlit without a browser before the scripted gateway."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.driving import button, buttons, open_page, sign_in
from tests.frontend.scripted_gateway.contents import PASSWORD

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        (PASSWORD, "short", "short", "at least 10 characters"),
        (PASSWORD, "a long new one", "another new one", "aren't the same"),
        ("wrong", "a long new one", "a long new one", "present password is wrong"),
        (PASSWORD, "a long new one", "a long new one", "The password is changed"),
    ],
)
def test_changing_the_password(app: AppTest, old: str, new: str, again: str, sentence: str) -> None:
    sign_in(app)
    open_page(app, "account")
    fields = [one for one in app.text_input if "assword" in one.label]
    for field, value in zip(fields, (old, new, again), strict=True):
        field.input(value)
    button(app, "Change password").click()
    app.run()
    shown = [one.value for one in (*app.warning, *app.error, *app.success)]
    assert len(shown) == 1
    assert sentence in shown[0]


def test_a_key_is_shown_once_and_can_be_revoked(app: AppTest) -> None:
    sign_in(app)
    open_page(app, "account")
    next(one for one in app.text_input if one.label.startswith("What is the new key")).input("Report")
    button(app, "Create key").click()
    app.run()
    assert app.code[0].value == "dsr_a1b2c3d4e5f6g7h8"
    button(app, "I have copied it").click()
    app.run()
    assert not app.code
    button(app, "Revoke").click()
    app.run()
    next(one for one in app.button if one.key == "revoke-for-good").click()
    app.run()
    assert "Revoke" not in buttons(app)
