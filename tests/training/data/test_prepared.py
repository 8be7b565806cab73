"""A set on disk: the same for the same input, whole or not there, and noticed when changed."""

import json
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.errors import DataError, EnvironmentProblem
from dossier.packs import load_pack
from dossier.settings import Settings, load_settings
from tests.training.data import small_sources as small
from training.data import commands
from training.data.commands import data_commands
from training.data.prepare import Recipe, prepare
from training.data.prepared import DROPPED, MANIFEST, SHEET, Prepared, read_prepared, refuse_foreign, write_prepared
from training.data.splitting import SPLITS

FILES = {*(f"{name}.jsonl" for name in SPLITS), DROPPED, MANIFEST, SHEET}


def sources(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [
        small.tatqa(folder / "a.json"),
        small.tatqa(folder / "b.json"),
        small.convfinqa(folder / "c.json"),
        small.chat(folder / "chat.jsonl", company="<script>alert(1)</script> & Söhne", sector="Tools"),
        small.cuad(folder / "cuad"),
        small.rows(folder / "intents.csv", "text,intent", "I lost it,lost", "open an account,open"),
    ]


def written(settings: Settings, files: list[Path], folder: Path, recipe: Recipe | None = None) -> Prepared:
    made = prepare(files, (), recipe or Recipe(), settings, load_pack(settings), lambda progress: None)
    return write_prepared(made, folder, lambda progress: None)[0]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set for the tests that harm a copy of it."""
    folder = tmp_path_factory.mktemp("made")
    return written(load_settings(home=folder / "home"), sources(folder / "in"), folder / "set").folder


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once, tmp_path / "set"))


@pytest.mark.slow
def test_a_set_reads_back_and_counts(settings: Settings, tmp_path: Path) -> None:
    written(settings, sources(tmp_path / "in"), tmp_path / "out" / "set")
    found = read_prepared(tmp_path / "out" / "set")
    assert {entry.name for entry in found.folder.iterdir()} == FILES
    assert [entry.name for entry in found.folder.parent.iterdir()] == ["set"]
    examples = [example for name in SPLITS for example in found.examples(name)]
    figures = found.figures
    dropped = (found.folder / DROPPED).read_text().splitlines()
    assert len(examples) == figures["kept"] == sum(figures["splits"].values()) == 12
    assert len(dropped) == sum(figures["dropped"].values()) == figures["read"] - figures["kept"]
    assert {item["name"]: item["licence"] for item in found.manifest["sources"]}["CUAD"] == "CC BY 4.0"
    assert found.labels == {"intents": ["lost", "open"]}
    assert found.name == f"data-{found.manifest['digest'][:12]}"
    with pytest.raises(DataError, match="no split"):
        next(found.examples("validation"))


@pytest.mark.slow
def test_the_same_input_and_settings_give_the_same_set(settings: Settings, tmp_path: Path) -> None:
    first = written(settings, sources(tmp_path / "in"), tmp_path / "one")
    second = written(settings, sources(tmp_path / "elsewhere"), tmp_path / "two")
    for name in FILES:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name
    others = [Recipe(seed=8), Recipe(window=1000), Recipe(most=3)]
    names = {written(settings, sources(tmp_path / "in"), tmp_path / f"n{n}", r).name for n, r in enumerate(others)}
    assert len(names | {first.name}) == 4


@pytest.mark.slow
def test_half_characters_dont_break_a_set(settings: Settings, tmp_path: Path) -> None:
    half = {
        "prompt": "What is \ud83d?",
        "completion": "5",
        "expression": "2+3",
        "company": "\ud83d",
        "document": "\ud83d",
    }
    lines = [json.dumps(half), json.dumps({"prompt": "Why \udc00?", "completion": " ", "document": "\udc00"})]
    file = small.rows(tmp_path / "q.jsonl", *lines)
    found = written(settings, [file], tmp_path / "set")
    assert read_prepared(found.folder).figures["kept"] == 1
    assert [example.answer.texts for name in SPLITS for example in found.examples(name)] == [("5",)]


@pytest.mark.slow
def test_a_set_isnt_overwritten(settings: Settings, tmp_path: Path) -> None:
    files = sources(tmp_path / "in")
    first = written(settings, files, tmp_path / "set")
    made = prepare(files, (), Recipe(), settings, load_pack(settings), lambda progress: None)
    assert write_prepared(made, tmp_path / "set", lambda progress: None) == (first, False)
    with pytest.raises(DataError, match="give another folder"):
        written(settings, files[:1], tmp_path / "set")
    assert read_prepared(tmp_path / "set").name == first.name
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")) == []


@pytest.mark.slow
def test_only_an_empty_folder_is_written_to(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refuse_foreign(tmp_path / "empty")
    assert written(settings, sources(tmp_path / "in"), tmp_path / "empty").name.startswith("data-")
    (tmp_path / "full").mkdir()
    for file in ("file", "full/mine.txt"):
        (tmp_path / file).write_text("mine")
    for name in ("file", "full"):
        with pytest.raises(DataError, match="isn't a prepared set"):
            refuse_foreign(tmp_path / name)
        with pytest.raises(DataError, match="can't be written"):
            written(settings, sources(tmp_path / "in"), tmp_path / name)
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "mine.txt").read_text() == "mine"
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")]


@pytest.mark.parametrize("name", sorted(FILES - {MANIFEST}))
def test_any_change_is_noticed(made: Path, name: str) -> None:
    file = made / name
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(DataError, match=f"{name} was changed"):
        read_prepared(made)
    file.unlink()
    with pytest.raises(DataError, match=f"{name} can't be opened"):
        read_prepared(made)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body["settings"].update(seed=9), "was changed"),
        (lambda body: body["figures"].update(kept=1), "was changed"),
        (lambda body: body["files"].pop("test.jsonl"), "was changed"),
        (lambda body: body.update(name="data-000000000000"), "was changed"),
        (lambda body: body.update(format=2), "another version"),
        (lambda body: body.pop("digest"), "can't be read"),
    ],
)
def test_a_changed_manifest_is_noticed(made: Path, change: object, message: str) -> None:
    file = made / MANIFEST
    body = json.loads(file.read_text())
    change(body)  # type: ignore[operator]
    file.write_text(json.dumps(body))
    with pytest.raises(DataError, match=message):
        read_prepared(made)


def test_a_folder_without_a_set_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prepared set"):
        read_prepared(tmp_path)
    (tmp_path / MANIFEST).write_text("[1")
    with pytest.raises(DataError, match="can't be read"):
        read_prepared(tmp_path)


class _Loads(HTMLParser):
    """What a page would load, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data", "srcset") and not str(value).startswith("#"):
                self.loads.append(f"{tag} {name}={value}")


def test_the_sheet_loads_nothing_and_runs_nothing(made: Path) -> None:
    page = (made / SHEET).read_text()
    parser = _Loads()
    parser.feed(page)
    assert parser.loads == []
    assert not {"script", "link", "iframe", "img", "object"} & set(parser.tags)
    assert parser.tags.count("svg") >= 5
    assert "url(http" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    for said in (
        read_prepared(made).name,
        "Examples by task",
        "CC BY 4.0",
        "duplicate",
        "An example of each kind",
        "Söhne",
    ):
        assert said in page


_KILLED = """
import sys
from pathlib import Path
from dossier.packs import load_pack
from dossier.settings import load_settings
from tests.training.data.test_prepared import sources
from training.data.prepare import Recipe, prepare
from training.data.prepared import write_prepared
root = Path(sys.argv[1])
settings = load_settings(home=root / "home")
made = prepare(sources(root / "in"), (), Recipe(), settings, load_pack(settings), lambda progress: None)
print("ready", flush=True)
write_prepared(made, root / "out" / "set", lambda progress: None)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_set_or_none(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out" / "set"
    for number in range(6):
        with subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.02 + 0.5 * number)
            process.send_signal(signal.SIGKILL)
        if out.exists():
            assert read_prepared(out).figures["kept"] == 12
    written(settings, sources(tmp_path / "in"), tmp_path / "out" / "another")
    made = prepare(sources(tmp_path / "in"), (), Recipe(), settings, load_pack(settings), lambda progress: None)
    if not out.exists():
        write_prepared(made, out, lambda progress: None)
    else:  # what a killed run left beside it is cleared by the next that writes there
        with pytest.raises(DataError, match="give another folder"):
            write_prepared(made, out, lambda progress: None)
    assert sorted(entry.name for entry in out.parent.iterdir()) == ["another", "set"]


@pytest.mark.slow
def test_the_commands(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(settings.home))
    files = [str(file) for file in sources(tmp_path / "in")]
    line = ["prepare", *files, "--out", str(tmp_path / "set"), "--split", "60/20/20", "--pack", "finance"]
    result = CliRunner().invoke(data_commands, line)
    assert result.exit_code == 0, result.output
    assert "12 examples of 15 read" in result.output
    assert "left out: duplicate 3" in result.output
    assert "The licence of chat, intents isn't known" in result.output
    again = CliRunner().invoke(data_commands, line)
    assert "The same set is already in" in again.output
    shown = CliRunner().invoke(data_commands, ["show", str(tmp_path / "set")])
    assert shown.output.strip() in result.output
    foreign = CliRunner().invoke(data_commands, ["prepare", files[0], "--out", str(tmp_path / "in")])
    assert isinstance(foreign.exception, DataError)
    assert "isn't a prepared set" in str(foreign.exception)


def test_without_the_training_libraries_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "LIBRARIES", ("ftfy", "no_such_library"))
    result = CliRunner().invoke(data_commands, ["prepare", "x", "--out", str(tmp_path / "set")])
    assert isinstance(result.exception, EnvironmentProblem)
    assert "no_such_library isn't installed" in str(result.exception)
