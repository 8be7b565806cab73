"""What the served model adds to the retriever's choice of a line: a real model server, every question of the sets."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.question_sets import QuestionSet, question_sets
from dossier.base_model import prepare_base_model
from dossier.packs import load_pack
from dossier.settings import load_settings
from retrieval.evaluate import holds
from retrieval.lines import rank_lines
from serving.answering.model_client import ModelClient
from serving.engine.supervisor import Engine


async def ask(found: QuestionSet, model: ModelClient) -> None:
    """Compare the retriever's first line with the one chosen together with the model."""
    seen: Counter[str] = Counter()
    for question in found.dev + found.held_out:
        result = found.searcher.search(question.question, frozenset(), 6)
        ranked = rank_lines(result.query, result.passages, result.rarity, found.searcher.embedder, 6)
        with model.held() as held:
            choice = await model.point(ranked, result.passages, question.question, held)
        seen["none, unanswerable" if not question.evidence else "none, answerable"] += choice.line is None
        seen["questions"] += 1
        if question.evidence:
            seen["answerable"] += 1
            seen["first line right"] += holds(
                question, result.passages[ranked[0].line.passage - 1], ranked[0].line.text
            )
            if choice.line is not None:
                seen["chosen line right"] += holds(question, result.passages[choice.line.passage - 1], choice.line.text)
                seen["chosen another than the first"] += choice.line != ranked[0].line
    print(found.name, dict(seen), flush=True)


async def main() -> None:
    """Start the model server, ask, stop it."""
    settings = load_settings(home=Path(tempfile.gettempdir()) / "dossier-benchmarks")
    folder = prepare_base_model(settings, load_pack(settings).base_model, lambda progress: None)
    engine = Engine(settings, folder, "benchmark")
    await engine.start()
    try:
        await engine.wait_ready(lambda progress: None)
        for found in question_sets():
            await ask(found, ModelClient(engine))
    finally:
        await engine.stop()


if __name__ == "__main__":
    asyncio.run(main())
