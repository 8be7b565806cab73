"""Writes questions.jsonl from the hand-written questions, the figures and the documents."""

import sys
from pathlib import Path

PACK = Path(__file__).resolve().parent
# Run as a script, Python looks for modules beside this file only; the package is named from the repository root.
sys.path.insert(0, str(PACK.parents[1]))

from packs.finance.source.questions import build_questions, to_jsonl  # noqa: E402


def main() -> None:
    """Write the questions and count them."""
    questions = build_questions(PACK / "documents")
    (PACK / "questions.jsonl").write_text(to_jsonl(questions), encoding="utf-8")
    print(f"questions.jsonl  {len(questions)} questions")


if __name__ == "__main__":
    main()
