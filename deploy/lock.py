"""Writes the lock files from what is installed, one per extra: every package with its exact version.

To renew them: make a fresh environment, install the extras without the locks, run the tests, then run this in it
(CONTRIBUTING.md has the commands).
"""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"torchvision", "torchaudio", "torchcodec", "openvino-telemetry"}
"""Pulled in by vLLM but unused for text, with builds that don't match the CPU build of torch; and a reporter home."""
FILES = {"cpu": ["cpu", "frontend"], "train": ["train"], "dev": ["dev", "postgres"]}
"""Lock file to the extras it holds. `gpu.txt` is written on a machine with the gpu extra installed: lock.py gpu."""


def main() -> None:
    """Write the lock files named by the arguments, or those for the CPU."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = closure([Requirement(text) for text in project["dependencies"]])
    done: dict[str, str] = {}
    for name in sys.argv[1:] or FILES:
        extras = FILES.get(name, [name, "frontend"])
        wanted = [Requirement(text) for extra in extras for text in project["optional-dependencies"][extra]]
        pins = {**(base if name in ("cpu", "gpu") else {}), **closure(wanted)}
        new = {package: version for package, version in pins.items() if package not in done}
        done.update(new)
        lines = [f"{package}=={version}" for package, version in sorted(new.items())]
        file = ROOT / "locks" / f"{name}.txt"
        file.write_text(
            "# Written by deploy/lock.py; CONTRIBUTING.md tells how to renew it.\n" + "\n".join(lines) + "\n"
        )
        print(f"{file}: {len(lines)} packages")


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Everything that the requirements need, as installed: canonical name to version."""
    pins: dict[str, str] = {}
    todo = [(requirement, frozenset[str]()) for requirement in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement, parent_extras = todo.pop()
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in (parent_extras or {""})
        ):
            continue
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name in LEFT_OUT or (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            print(f"not installed, left out: {name}", file=sys.stderr)
            continue
        pins[name] = found.version.split("+")[0]
        todo.extend((Requirement(text), extras) for text in found.requires or [])
    return pins


if __name__ == "__main__":
    main()
