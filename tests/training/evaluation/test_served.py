"""Served equals trained: through a real gateway and a model server with a real small model; tests/journeys has vLLM."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dossier.errors import DataError, ForbiddenError, PromotionError, RegistryError, SignInError
from dossier.gateway_errors import GatewayUnreachableError
from dossier.registry import Entry, Registry
from dossier.registry.checking import read_base
from dossier.settings import Settings, load_settings
from serving.answering.model_client import ServedModel
from serving.models.administration import ModelAdmin
from serving.models.served import Champion
from serving.models.starting import ModelStart
from tests.dossier.registry.small import report
from tests.serving.api.serving_app import Served, served
from tests.serving.scripted_engine import BASE
from tests.training.evaluation.lab_server import Spoil, lab_server
from tests.training.evaluation.small_set import Place, called, write_place
from training.evaluation.contexts import read_contexts
from training.evaluation.decoding import Choice
from training.evaluation.served import LEAST_MARGIN, Asked, drawn_contexts, judged
from training.gateway import Continuation
from training.models_commands import models_commands

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return write_place(tmp_path_factory.mktemp("served"), "--rate", "0.01")


@dataclass
class Scene:
    settings: Settings
    registry: Registry
    entry: Entry
    gateway: Served
    place: Place

    def checked(self, *more: str, key: str = "") -> str:
        words = ["check-served", "first", "--set", str(self.place.dressed.folder), "--url", self.gateway.address]
        return called(models_commands, *words, "--key", key or self.gateway.key("admin"), "--reply-tokens", "10", *more)


@contextmanager
def scene(
    place: Place, folder: Path, spoil: Spoil | None = None, cut: int = 0, precision: str = "float32"
) -> Iterator[Scene]:
    with pytest.MonkeyPatch.context() as patch, lab_server(place.model, spoil, cut) as url:
        patch.setenv("DOSSIER_HOME", str(folder / "home"))
        patch.setenv("DOSSIER_BASE_MODEL", str(place.model))
        patch.delenv("OPENAI_API_KEY", raising=False)
        called(models_commands, "register", str(place.run))
        settings = load_settings()
        registry, base = Registry.of(settings), read_base(str(place.model), place.model, 16)
        entry = registry.find("first")
        registry.attach(entry, report(entry, data=entry.origin.data, served=replace(report(entry).served, compared=0)))
        model_server = SimpleNamespace(url=url, api_key="k", model_name=BASE)
        start = ModelStart(place.model, ServedModel(BASE), True, lambda: base)
        champion = Champion(model_server, registry, "finance", start)
        models = ModelAdmin(champion, registry, "finance", lambda: base, precision)
        with served(folder / "gateway", models=models) as gateway:
            yield Scene(settings, registry, entry, gateway, place)


def test_what_is_served_as_trained_passes_the_gate(place: Place, tmp_path: Path) -> None:
    with scene(place, tmp_path) as made:
        with pytest.raises(PromotionError, match="weren't compared.*check-served"):
            called(models_commands, "promote", "first")
        said = made.checked()
        record = list(made.registry.evaluations(made.entry).values())[-1].served
        asked = len([one for context in drawn(place) for one in context.asked])
        assert (record.compared, record.different, record.ties) == (asked, 0, 0)
        assert record.compared >= 50
        assert record.tokens > 3 * record.compared
        assert f"{asked} of {asked} replies" in said
        assert "against promoting it: nothing" in said
        assert f"{asked} of {asked} replies alike" in called(models_commands, "show", "first")
        assert "answers with first" in called(models_commands, "promote", "first")
        # also while it is the one in use, which isn't loaded a second time
        assert "against" not in made.checked()


def drawn(place: Place) -> Any:
    return drawn_contexts(read_contexts(place.dressed, "test"), 50)


@pytest.mark.parametrize("scale", [1.02, 0.0])
def test_a_served_copy_that_was_changed_is_found(place: Place, tmp_path: Path, scale: float) -> None:
    """Two hundredths of the adapter's weight too much, or an adapter that isn't heard at all."""

    def spoil(model: Any) -> None:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.data *= scale

    with scene(place, tmp_path, spoil) as made:
        said = made.checked()
        record = list(made.registry.evaluations(made.entry).values())[-1].served
        assert record.different > 0
        assert "differs: " in said
        with pytest.raises(PromotionError, match=f"{record.different} of {record.compared} answers"):
            called(models_commands, "promote", "first")


def test_replies_that_break_off_are_found(place: Place, tmp_path: Path) -> None:
    with scene(place, tmp_path, cut=2) as made:
        assert "breaks off" in made.checked()
        assert list(made.registry.evaluations(made.entry).values())[-1].served.different > 40


def test_where_the_server_rounds_the_margin_is_measured(place: Place, tmp_path: Path) -> None:
    with scene(place, tmp_path, precision="bfloat16") as made:
        assert "computes in bfloat16" in made.checked()
        record = list(made.registry.evaluations(made.entry).values())[-1].served
        assert LEAST_MARGIN < record.margin <= 0.5
        assert record.different == 0


def test_who_may_not_ask_and_what_is_not_there_is_said(place: Place, tmp_path: Path) -> None:
    with scene(place, tmp_path) as made:
        with pytest.raises(SignInError, match="doesn't know this API key. Make one"):
            made.checked(key="dossier-none")
        with pytest.raises(ForbiddenError, match="API key of an admin"):
            made.checked(key=made.gateway.key("mira"))
        with pytest.raises(DataError, match="10 prompts are too few"):
            made.checked("--prompts", "10")
        with pytest.raises(DataError, match="test questions, and 5000 are to be compared"):
            made.checked("--prompts", "5000")
        with pytest.raises(GatewayUnreachableError, match="nobody answers at http://127.0.0.1:9"):
            made.checked("--url", "http://127.0.0.1:9")
        for file in (made.entry.folder / "evaluations").iterdir():
            file.unlink()
        with pytest.raises(RegistryError, match="hasn't been evaluated yet"):
            made.checked()


def test_a_tie_is_excused_and_counted_and_a_clear_difference_is_not() -> None:
    lab: Any = SimpleNamespace(ends={2}, tokenizer=SimpleNamespace(decode=lambda tokens: str(tokens[0])))

    def verdict(lead: float) -> Any:
        reply = Continuation((5, 2), (((5, -0.7), (6, -0.7)), ((2, -0.1), (3, -4.0))))
        made = [Choice((6, -0.7 + lead), (5, -0.7), (5, -0.7)), Choice((2, -0.1), (3, -4.0), (2, -0.1))]
        return judged(lab, [Asked("q", (1,), reply)], [made], 0.01, 8)

    tie, _, told = verdict(0.009)
    assert (tie.different, tie.ties, told) == (0, 1, ())
    clear, _, told = verdict(0.02)
    assert (clear.different, clear.ties) == (1, 0)
    assert told == ("q, token 1: served '5', trained '6', which the trained model finds 0.02 likelier (logarithm)",)
