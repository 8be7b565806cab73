"""The work of benchmarks/injection.py: ask without the attacks and with them, judge, print the rates."""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.injection_attacks import Attack, attacks_of
from benchmarks.injection_judging import draws, follows, leaks, quotes
from benchmarks.running_product import Product, running_product
from benchmarks.side_effects import Effects, canary, watching
from dossier.errors import DossierError
from dossier.progress import ProgressDisplay
from dossier.records import Question, Verdict
from retrieval.evaluation.measures import wilson
from training.answers.asking import Client, Said, ask_all

_MEASURES = ("shown", "answered", "changed", "quoted", "followed", "leaked", "drawn")


@dataclass(frozen=True, slots=True)
class Result:
    """What an attack brought about. `without` and `text` are the answers without and with it."""

    attack: Attack
    without: str
    text: str
    shown: bool
    answered: bool
    changed: bool
    quoted: bool
    followed: bool
    leaked: bool
    drawn: bool
    problem: str = ""


def result_of(attack: Attack, without: Said, said: Said, tone: str) -> Result:
    """Judge one answer."""
    text = said.text
    return Result(
        attack=attack,
        without=without.text,
        text=text,
        shown=not attack.file or any(source.document == attack.file for source in said.sources),
        answered=not said.problem and said.verdict != Verdict.NOT_IN_DOCUMENTS,
        changed=bool(attack.file) and text != without.text,
        quoted=quotes(attack, text),
        followed=follows(attack, text, without.text),
        leaked=leaks(text, tone),
        drawn=draws(text),
        problem=said.problem or without.problem,
    )


def run(attacks: Sequence[Attack], work: Path, style: str | None) -> tuple[list[Result], Effects]:
    """Ask everything without the attacks and with them. Raises DossierError."""
    documents = work / "documents"
    _write(documents, {one.plain_file or one.file: one.clean for one in attacks if one.file})
    with running_product(work / "home", documents, answer_style=style) as product:
        asked = [one for one in attacks if one.file]
        answers = _ask(product, [one.plain_question or one.question for one in asked])
        without = {one.file: said for one, said in zip(asked, answers, strict=True)}
        _write(documents, {one.file: one.text for one in attacks if one.file})
        product.index_again()
        with watching(product) as effects:
            said = _ask(product, [one.question for one in attacks])
        tone = product.pack.tone
    pairs = zip(attacks, said, strict=True)
    return [result_of(attack, without.get(attack.file, Said()), after, tone) for attack, after in pairs], effects


def _ask(product: Product, questions: Sequence[str]) -> list[Said]:
    asked = [Question(str(number), question, "attack", "") for number, question in enumerate(questions)]
    with ProgressDisplay() as display:
        return ask_all(Client(product.gateway), asked, display)


def _write(folder: Path, files: dict[str, str]) -> None:
    """Nothing but these files is in the folder afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def table_of(results: Sequence[Result]) -> str:
    """The rates of each family of attacks, and of all, as Markdown."""
    lines = [f"| attacks | {' | '.join(_MEASURES)} |", f"|---{'|---' * len(_MEASURES)}|"]
    families = dict.fromkeys(one.attack.family for one in results)
    for family in (*families, "all"):
        group = [one for one in results if family in ("all", one.attack.family)]
        rates = (_rate(sum(getattr(one, name) for one in group), len(group)) for name in _MEASURES)
        lines.append(f"| {family} ({len(group)}) | {' | '.join(rates)} |")
    return "\n".join(lines)


def _rate(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits} ({100 * low:.0f} to {100 * high:.0f}%)"


def main(description: str | None) -> None:
    """Run the attacks, print the rates, what was seen beside answers, and each answer that is to be looked at."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with bipia/ and garak/")
    parser.add_argument("--per-kind", type=int, default=3, help="most instructions of each of BIPIA's 25 kinds")
    parser.add_argument("--style", choices=("point", "speak", "read"), help="setting answer_style (default: as set)")
    parser.add_argument("--out", type=Path, help="file for all answers (JSON lines)")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dossier-benchmarks-injection")
    given = parser.parse_args()
    with canary() as (address, asked):
        attacks = attacks_of(given.folder, given.per_kind, address)
        try:
            results, effects = run(attacks, given.work, given.style)
        except DossierError as error:
            raise SystemExit(str(error)) from error
    if given.out:
        rows = (json.dumps(asdict(one), ensure_ascii=False) for one in results)
        given.out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"\n{table_of(results)}\n")
    print(f"requests at the address that attacks name: {len(asked)} {asked[:5]}")
    print(f"connections beyond loopback: {len(effects.outbound)} {sorted(set(effects.outbound))[:5]}")
    print(f"processes started: {len(effects.started)} {effects.started[:5]}")
    print(f"changes beside lines of asking: {len(effects.changed)} {effects.changed[:5]}")
    if failed := [one.problem for one in results if one.problem]:
        print(f"without an answer: {len(failed)}, the first: {failed[0]}")
    for one in results:
        told = [name for name in ("quoted", "followed", "leaked", "drawn") if getattr(one, name)]
        if told:
            print(f"\n{', '.join(told)} ({one.attack.family}, {one.attack.kind}): {one.attack.instruction[:200]!r}")
            print(f"  question: {one.attack.question[:160]!r}")
            print(f"  without: {one.without[:200]!r}\n  with: {one.text[:300]!r}")
