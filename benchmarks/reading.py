"""What code alone answers: computed, counted, looked up or read out, with the refusals of the product, without a model.

python -m benchmarks.reading [--filings FOLDER] [--handbook FOLDER] [--without RULES]

The running product's own chain is asked. A model would choose among the lines that fit; here the first of them is
taken. It takes minutes where `dossier evaluate answers` takes an hour, and says what a change of the rules does.
`--without fitting,comparing` turns groups of rules off (serving/answering/rules.py says which there are).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace

from benchmarks.question_sets import QuestionSet, parser_of, question_sets
from dossier.packs import Pack, load_pack
from dossier.records import Answer, Passage, Question, Usage, Verdict
from dossier.settings import Settings, load_settings
from retrieval.lines import RankedLine
from serving.answering.chain import DocumentChain
from serving.answering.model_client import Choice, ModelClient, ServedModel
from serving.answering.rules import EVERY_RULE, Rules
from training.answers.judging import judge_answer
from training.scoring import Outcome

_NOBODY = "nobody"


class FirstLine(ModelClient):
    """In the place of a model: it points at the first line that it is shown, and nothing is served."""

    def __init__(self) -> None:
        """Connect to nothing."""

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        """A model that isn't tuned."""
        yield ServedModel(_NOBODY)

    async def point(
        self, lines: Sequence[RankedLine], passages: Sequence[Passage], question: str, model: ServedModel
    ) -> Choice:
        """The first of the lines."""
        return Choice(lines[0].line, Usage())


def answer(chain: DocumentChain, question: str) -> str:
    """What is said to a question by somebody without groups; empty where it is refused."""

    async def ask() -> Answer:
        events = [event async for event in chain.answer(question, (), frozenset())]
        return next(event for event in events if isinstance(event, Answer))

    said = asyncio.run(ask())
    return "" if said.verdict is Verdict.NOT_IN_DOCUMENTS else said.text


def judged(found: QuestionSet, settings: Settings, pack: Pack, rules: Rules) -> Counter[str]:
    """How many questions of a set ended how; those that can't be answered count apart."""
    chain = DocumentChain(found.index, FirstLine(), settings, pack, rules=rules)
    counts: Counter[str] = Counter()
    for question in (*found.dev, *found.held_out):
        said = answer(chain, question.question)
        if not question.evidence:
            counts["unanswerable, " + ("answered" if said else "refused")] += 1
        else:
            counts[str(outcome(question, said))] += 1
    return counts


def outcome(question: Question, said: str) -> Outcome:
    """Right, wrong or refused."""
    return judge_answer(question, said, Verdict.ANSWERED, []).outcome if said else Outcome.REFUSED


def rules_without(listed: str) -> Rules:
    """All rules but the groups listed with commas. Raises SystemExit where there is no such group."""
    known = [field.name for field in fields(Rules)]
    off = [name.strip() for name in listed.split(",") if name.strip()]
    if strange := sorted(set(off) - set(known)):
        raise SystemExit(f"there are no rules {', '.join(strange)}. There are {', '.join(known)}.")
    return replace(EVERY_RULE, **dict.fromkeys(off, False))


def main() -> None:
    """Ask all sets."""
    parser = parser_of(__doc__)
    parser.add_argument("--without", default="", metavar="RULES", help="groups of rules that are off, with commas")
    given = parser.parse_args()
    settings = load_settings(answer_style="point")
    pack, rules = load_pack(settings), rules_without(given.without)
    for found in question_sets(given, more=True):
        counts = judged(found, settings, pack, rules)
        answerable = sum(counts[str(one)] for one in Outcome)
        shares = ", ".join(f"{one} {counts[str(one)]} ({counts[str(one)] / answerable:.0%})" for one in Outcome)
        refused, said = counts["unanswerable, refused"], counts["unanswerable, answered"]
        print(f"{found.name}: {shares} of {answerable}; unanswerable refused {refused} of {refused + said}", flush=True)


if __name__ == "__main__":
    main()
