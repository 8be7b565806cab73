"""The tree's promises: import direction, no cycles, sizes, names, no pickle, one home for the prompt."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dossier", "retrieval", "serving", "training", "frontend")
ALLOWED = {
    "dossier": set(),
    "retrieval": {"dossier"},
    "serving": {"dossier", "retrieval"},
    "training": {"dossier", "retrieval"},
    "frontend": {"dossier"},
}
JOINS_EVERYTHING = {"dossier/cli.py", "dossier/__main__.py"}
LONGEST_FILE, LONGEST_FUNCTION = 320, 45


def modules() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(file)))


def imports(file: Path) -> Iterator[str]:
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_is_below_them(package: str) -> None:
    for file in sorted((ROOT / package).rglob("*.py")):
        if file.relative_to(ROOT).as_posix() in JOINS_EVERYTHING:
            continue
        ours = {name.split(".")[0] for name in imports(file)} & set(PACKAGES)
        assert ours <= ALLOWED[package] | {package}, f"{file} imports {ours - ALLOWED[package] - {package}}"


def test_there_are_no_import_cycles() -> None:
    known = {name_of(file): file for file in modules()}
    graph = {
        name: {found for found in imports(file) if found in known and found != name} for name, file in known.items()
    }
    # a package's __init__ gathers its modules; a module importing a sibling's package isn't a cycle of modules
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for found in sorted(graph[name]):
                if not name.startswith(f"{found}."):
                    walk(found, (*path, name))
            done.add(name)

    for name in known:
        walk(name, ())


def test_files_and_functions_stay_short() -> None:
    for file in modules():
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= LONGEST_FILE, f"{file} has {len(text.splitlines())} lines"
        for node in nodes_of(file):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{file}:{node.lineno} {node.name} has {length} lines"


def test_nothing_is_named_after_nothing() -> None:
    for file in modules():
        assert not {"utils", "helpers", "manager", "util", "helper", "misc"} & set(file.stem.split("_")), file


def test_no_pickle_and_no_evaluation_of_text() -> None:
    for file in modules():
        found = {name.split(".")[0] for name in imports(file)}
        assert not found & {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}, file
        for node in nodes_of(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, f"{file}:{node.lineno}"


def test_no_broad_except() -> None:
    """A broad one either raises again or says on its line why nothing else will do."""
    for file in modules():
        text = file.read_text(encoding="utf-8")
        for node in nodes_of(file):
            if isinstance(node, ast.ExceptHandler):
                if "noqa: BLE001 (" in text.splitlines()[node.lineno - 1]:
                    continue
                caught = ast.unparse(node.type) if node.type else ""
                reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert caught not in ("", "Exception", "BaseException") or reraises, f"{file}:{node.lineno}"


def test_prompt_text_lives_in_one_module() -> None:
    phrases = ("You answer questions", "You find the line")
    for file in modules():
        if file.name != "prompt.py":
            text = file.read_text(encoding="utf-8")
            assert not any(phrase in text for phrase in phrases), file
