"""How often the best line holds the evidence, with all signals and with each one left out."""

from benchmarks.question_sets import QuestionSet, question_sets
from dossier.records import Question
from retrieval import lines
from retrieval.evaluate import holds

WEIGHTS = tuple(f"{name}_WEIGHT" for name in ("SIMILARITY", "CONTEXT", "FOCUS", "RANK", "YEAR", "ROW", "KIND", "WHOLE"))


def hits(found: QuestionSet, questions: tuple[Question, ...]) -> tuple[float, float]:
    """Share of answerable questions whose evidence is the first line, and among the six shown."""
    first = shown = count = 0
    for question in questions:
        if not question.evidence:
            continue
        result = found.searcher.search(question.question, frozenset(), 6)
        ranked = lines.rank_lines(result.query, result.passages, result.rarity, found.searcher.embedder, 6)
        held = [holds(question, result.passages[item.line.passage - 1], item.line.text) for item in ranked]
        first, shown, count = first + bool(held and held[0]), shown + any(held), count + 1
    return first / count, shown / count


def main() -> None:
    """Print a table: set, half, share of right first lines, share among six; then each signal left out."""
    sets = list(question_sets())
    for found in sets:
        for half, questions in (("development", found.dev), ("held-out", found.held_out)):
            one, six = hits(found, questions)
            print(f"{found.name:14}{half:12} first {one:.1%}  among six {six:.1%}", flush=True)
    for name in WEIGHTS:
        before = getattr(lines, name)
        setattr(lines, name, 0.0)
        figures = [hits(found, found.held_out)[0] for found in sets]
        setattr(lines, name, before)
        print(
            f"without {name.removesuffix('_WEIGHT').lower():11} held-out first: "
            + "  ".join(f"{f:.1%}" for f in figures),
            flush=True,
        )


if __name__ == "__main__":
    main()
