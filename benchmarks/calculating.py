"""Arithmetic that code plans from the question alone: how many questions it takes, and how many of these it gets right.

python -m benchmarks.calculating TATQA [--show]

TATQA is TAT-QA's JSON file; each question is given its own table. Two halves of the contexts are told apart: the first
was looked at while the rules were written, of the second the nine questions that went wrong at first. `right` allows
the other sign, since the set itself writes decreases both ways. Questions whose answer is no arithmetic in the set are
counted when something was computed for them; those that are looked up by a row's name are compared with the answer.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from dossier.amounts import amount_in
from dossier.excerpts import Excerpt, table_excerpt
from dossier.grounding import verify_reply
from dossier.packs import load_pack
from dossier.settings import load_settings
from retrieval.query import read_query
from serving.calculating.calculate import Known, calculate
from serving.calculating.plans import Operation, plan_of
from training.data.table_heads import with_one_head

_CLOSE = Decimal("0.011")
"""Share by which a value may differ: the set rounds to two digits."""


def judge(question: dict[str, Any], table: Excerpt, known: Known) -> tuple[str, str]:
    """What came of one question, and a line that shows it."""
    arithmetic = question["answer_type"] == "arithmetic"
    plan = plan_of(question["question"], known.formulas)
    made = calculate(read_query(question["question"]), plan, [table], known) if plan else None
    if plan is None or made is None:
        return ("left" if arithmetic else "others left"), ""
    if not arithmetic and plan.operation is Operation.LOOKUP:
        found = verify_reply(made.reply, [table], question["question"])
        told = question["answer"] if isinstance(question["answer"], str) else " ".join(map(str, question["answer"]))
        read = amount_in(found.operands[0].text) if found.operands else None
        same = read is not None and abs(read) == abs(amount_in(told) or Decimal())
        return f"look-up {'right' if same else 'wrong'}", f"{question['question']} | {told} | {found.written}"
    if not arithmetic:
        return "others computed", f"{question['question']} | {question['answer']} | {made.reply.expression}"
    found = verify_reply(made.reply, [table], question["question"])
    try:
        wanted = Decimal(str(question["answer"]))
    except InvalidOperation:
        return "no gold", ""
    value = found.value or Decimal()
    near = _CLOSE * max(Decimal(1), abs(wanted))
    verdict = "signed" if abs(value - wanted) <= near else "right" if abs(abs(value) - abs(wanted)) <= near else "wrong"
    return verdict, f"{question['question']} | {wanted} | {found.written} = {value}"


def measure(contexts: Sequence[dict[str, Any]], known: Known, show: bool) -> Counter[str]:
    """The counts over some contexts."""
    counts: Counter[str] = Counter()
    for context in contexts:
        table = table_excerpt(with_one_head(context["table"]["table"]))
        for question in context["questions"]:
            verdict, line = judge(question, table, known)
            counts[verdict] += 1
            if show and verdict in ("wrong", "others computed", "look-up wrong"):
                print(f"  {verdict}: {line}")
    return counts


def main() -> None:
    """Read the arguments, measure both halves, print them."""
    reading = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reading.add_argument("tatqa", type=Path)
    reading.add_argument("--show", action="store_true", help="print what is wrong")
    given = reading.parse_args()
    contexts = json.loads(given.tatqa.read_text(encoding="utf-8"))
    known = Known(load_pack(load_settings()).formulas, {}, meant=frozenset({""}))
    half = len(contexts) // 2
    for name, part in (("first half", contexts[:half]), ("second half", contexts[half:])):
        counts = measure(part, known, given.show)
        right = counts["signed"] + counts["right"]
        computed = right + counts["wrong"] + counts["no gold"]
        print(
            f"{name}: {computed} of {computed + counts['left']} arithmetic questions computed, {right} right "
            f"({counts['signed']} with their sign); {counts['others computed']} of "
            f"{counts['others computed'] + counts['others left']} others computed; "
            f"{counts['look-up right']} look-ups right, {counts['look-up wrong']} wrong"
        )


if __name__ == "__main__":
    main()
