"""The `dossier search` command: passages for a question, and why each came."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from dossier.errors import QuestionError
from dossier.packs import load_pack
from dossier.records import Filters, Passage
from dossier.settings import load_settings
from retrieval.opening import open_searcher
from retrieval.search import Found

_SHOWN = 400


def search(  # noqa: PLR0913 (a command's options)
    question: Annotated[str, typer.Argument(help="What to look for.")],
    docs: Annotated[Path | None, typer.Option(help="Folder whose index is searched.")] = None,
    top: Annotated[int, typer.Option(help="How many passages.", min=1, max=100)] = 6,
    group: Annotated[list[str] | None, typer.Option(help="Search as a member of this group; repeatable.")] = None,
    company: Annotated[list[str] | None, typer.Option(help="Only documents of this company.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind: 10-k, contract, policy ...")] = None,
    period: Annotated[list[str] | None, typer.Option(help="Only this period: 2022, 2023-Q1.")] = None,
    document: Annotated[list[str] | None, typer.Option(help="Only documents like this: 'contracts/*.pdf'.")] = None,
    since: Annotated[str, typer.Option(help="Only documents dated on or after this day (2026-01-31).")] = "",
    until: Annotated[str, typer.Option(help="Only documents dated on or before this day.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """Show the passages that answer a question best, and why each of them came.

    Example: dossier search "How long is parental leave?" --docs ./handbook --top 3
    """
    if not question.strip():
        raise QuestionError("the question is empty. Write what you want to know.")
    settings = load_settings(documents=docs)
    pack = load_pack(settings)
    filters = Filters(
        documents=tuple(document or ()),
        companies=tuple(company or ()),
        kinds=tuple(kind or ()),
        periods=tuple(period or ()),
        since=since,
        until=until,
    )
    searcher = open_searcher(settings, pack)
    found = searcher.search(question, frozenset(group or ()), top, filters)
    if as_json:
        print(json.dumps([_record(passage) for passage in found.passages], indent=1))
    else:
        _print(found, searcher.warning, settings.relevance)


def _record(passage: Passage) -> dict[str, object]:
    chunk = passage.chunk
    return {
        "document": passage.document,
        "page": chunk.page,
        "text": chunk.text,
        "score": passage.score,
        "source": chunk.source,
        "title": chunk.title,
        "section": list(chunk.section),
        "columns": chunk.columns,
        "start": chunk.start,
        "end": chunk.end,
        "boxes": [asdict(box) for box in chunk.boxes],
        "metadata": asdict(chunk.metadata),
        "similarity": passage.similarity,
        "dense_rank": passage.dense_rank,
        "lexical_rank": passage.lexical_rank,
        "boost": passage.boost,
        "reasons": list(passage.reasons),
        "line": passage.line,
        "rerank": passage.rerank,
        "folded": list(passage.folded),
    }


def _print(found: Found, warning: str, threshold: float) -> None:
    console = Console(highlight=False)
    if warning:
        console.print(f"[yellow]{escape(warning)}[/yellow]")
    if not found.passages:
        console.print("Nothing was found. Check the filters, or index the documents: dossier index")
        return
    for number, passage in enumerate(found.passages, start=1):
        place = " > ".join((f"{passage.document}, page {passage.chunk.page}", *passage.chunk.section))
        console.print(f"[bold]{number}. {escape(place)}[/bold]")
        console.print(f"   {escape(why(passage))}", style="dim")
        text = " ".join(passage.chunk.text.split())
        console.print(escape(text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"), end="\n\n")
    chance = found.signals.probability
    verdict = "an answer would be given" if chance >= threshold else "the answer would be refused"
    console.print(f"Probability that the answer is here: {chance:.0%} ({verdict}; the limit is {threshold:.0%}).")


def why(passage: Passage) -> str:
    """In words: both ranks, what the document and its best line add, the reranker's verdict, where else it is said."""
    parts = [
        f"by meaning {_ranked(passage.dense_rank)}"
        + (f" (cosine {passage.similarity:.2f})" if passage.similarity is not None else ""),
        f"by words {_ranked(passage.lexical_rank)}",
    ]
    if passage.reasons:
        parts.append(f"times {passage.boost:.2f}: {', '.join(passage.reasons)}")
    if passage.line is not None:
        parts.append(f"its best line shows {passage.line:.0%} of the question")
    if passage.rerank is not None:
        parts.append(f"reranker {passage.rerank:+.2f}")
    parts.append(f"score {passage.score:.4f}")
    if passage.folded:
        parts.append(f"the same stands in {'; '.join(passage.folded)}")
    return ", ".join(parts)


def _ranked(rank: int | None) -> str:
    return "not found" if rank is None else f"rank {rank}"
