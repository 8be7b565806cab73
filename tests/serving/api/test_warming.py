from tests.serving.api.serving_app import Served, until


def test_what_searching_needs_is_loaded_before_anyone_asks(gateway: Served) -> None:
    until(lambda: gateway.index.warmed > 0)
    assert gateway.index.warmed == 1
    assert gateway.answerer.asked == []
