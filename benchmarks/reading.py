"""What code alone answers: computed, looked up or read out, with the refusals of the running product, without a model.

python -m benchmarks.reading [--filings FOLDER] [--handbook FOLDER]

The running product has the model choose among the lines that fit; here the first of them is taken. It takes minutes
where `dossier evaluate answers` takes an hour, and says what a change of the rules does.
"""

from collections import Counter
from collections.abc import Sequence

from benchmarks.question_sets import QuestionSet, question_sets
from dossier.packs import Pack, load_pack
from dossier.records import Question, Verdict
from dossier.settings import Settings, load_settings
from retrieval.confidence import line_signals
from retrieval.lines import rank_lines
from retrieval.search import Searcher
from serving.answering.chain import LINES_SHOWN
from serving.answering.fitting import fitting
from serving.answering.readings import LINES_READ, with_close_second
from serving.answering.reply_wording import word_reply
from serving.answering.wording import join_answers, word_line
from serving.calculating import compute
from training.answers.judging import judge_answer
from training.scoring import Outcome

_EVERYONE: frozenset[str] = frozenset()


def answer(searcher: Searcher, question: str, settings: Settings, pack: Pack) -> str:
    """What is said to a question; empty where it is refused."""
    found = searcher.search(question, _EVERYONE, settings.passages)
    passages = found.passages
    chunks = enumerate((passage.chunk for passage in passages), start=1)
    tables = {number: searcher.tables(chunk.source, _EVERYONE, chunk.page) for number, chunk in chunks}
    computed = compute(searcher, found, tables, _EVERYONE, pack)
    far = found.signals.probability < settings.relevance
    if computed is not None and (computed.sure or not far):
        return word_reply(computed.found, computed.excerpts)
    lines = rank_lines(found.query, passages, found.rarity, searcher.embedder, LINES_READ)
    if far or not lines or line_signals(found, lines).probability < settings.confidence:
        return ""
    fit = fitting(lines[:LINES_SHOWN], found.query, passages, tables)
    said = with_close_second(fit[0].line, fit) if fit else []
    return join_answers(
        [word_line(line, passages[line.passage - 1], found.query, tables[line.passage]) for line in said]
    )


def judged(found: QuestionSet, questions: Sequence[Question], settings: Settings, pack: Pack) -> Counter[str]:
    """How many questions ended how; those that can't be answered count apart."""
    counts: Counter[str] = Counter()
    for question in questions:
        said = answer(found.searcher, question.question, settings, pack)
        if not question.evidence:
            counts["unanswerable, " + ("answered" if said else "refused")] += 1
        else:
            outcome = judge_answer(question, said, Verdict.ANSWERED, []).outcome if said else Outcome.REFUSED
            counts[str(outcome)] += 1
    return counts


def main() -> None:
    """Ask all sets."""
    settings = load_settings()
    pack = load_pack(settings)
    for found in question_sets(more=True):
        counts = judged(found, (*found.dev, *found.held_out), settings, pack)
        answerable = sum(counts[str(outcome)] for outcome in Outcome)
        shares = ", ".join(f"{outcome} {counts[str(outcome)] / answerable:.0%}" for outcome in Outcome)
        refused, said = counts["unanswerable, refused"], counts["unanswerable, answered"]
        print(f"{found.name}: {shares} of {answerable}; unanswerable refused {refused} of {refused + said}")


if __name__ == "__main__":
    main()
