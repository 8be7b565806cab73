"""The answer chain: condense, retrieve, rank the lines, read, point or speak, word, cite, check."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import replace
from functools import partial
from typing import ParamSpec

from anyio import CapacityLimiter, to_thread

from dossier.citations import parse_citations
from dossier.errors import EngineError, MarketDataError, NotFoundError
from dossier.excerpts import excerpts_of
from dossier.packs import Pack
from dossier.pins import Pin
from dossier.prompt import NOT_IN_DOCUMENTS, PROMPT_VERSION, reading_prompt, speaking_prompt
from dossier.records import Answer, AnswerEvent, Delta, Step, Turn, Usage, Verdict
from dossier.reply import ReplyKind, TargetFormat
from dossier.settings import Settings
from dossier.settling import check_reply
from retrieval.query import with_whole_years
from retrieval.search import Searcher
from serving.answering.computing import asks_to_compute, is_named
from serving.answering.desks import Desk, Taken
from serving.answering.model_client import Choice, ModelClient, ServedModel
from serving.answering.reader import Reader
from serving.answering.readings import Asked, Reading, check_question, pieces_of, with_close_second
from serving.answering.replaying import pinned, settings_that_matter, turns_of
from serving.answering.reply_wording import word_reply
from serving.answering.rules import EVERY_RULE, Rules
from serving.answering.wording import join_answers, word_line
from serving.calculating import Computed
from serving.follow_ups.follow_up import condense
from serving.index_view import IndexView
from serving.integrity.judging import CLOSEST, UNSURE, checked, noted, refusing, traced, traced_reply
from serving.spans import timed
from serving.whole_tables import WholeTable

P = ParamSpec("P")
_REPLY_TOKENS = 160
_HISTORY_TURNS = 4


class DocumentChain:
    """Answers from the documents, or says that the answer isn't in them."""

    def __init__(
        self,
        index: IndexView,
        model: ModelClient,
        settings: Settings,
        pack: Pack,
        desks: Sequence[Desk] = (),
        rules: Rules = EVERY_RULE,
    ) -> None:
        """Join the parts; `desks` take the questions that they know before the documents are read."""
        self._index, self._model, self._settings, self._pack = index, model, settings, pack
        self._reader = Reader(index, settings, pack, desks, rules)
        # more than there are cores for only take the interpreter from each other, and from `/health`
        self._at_once = CapacityLimiter(max(2, os.cpu_count() or 1))

    async def answer(
        self, question: str, history: Sequence[Turn], groups: frozenset[str]
    ) -> AsyncGenerator[AnswerEvent]:
        """Yield steps and pieces of text, then the Answer.

        Raises QuestionError (empty, too long), IndexMissingError, EngineError, BusyError.
        """
        check_question(question, self._settings.question_characters)
        standalone = await asyncio.to_thread(self._standalone, question, history, groups)
        if standalone != question:
            yield Step(f"Asked as: {standalone}")
        yield Step("Searching the documents")
        # one model for the whole answer, also when another is promoted meanwhile
        with self._model.held() as model:
            asked = Asked(standalone, tuple(history[-_HISTORY_TURNS:]), groups, question)
            reading = await self._retrieve(asked, model, self._index.searcher())
            async with aclosing(self._answer(reading)) as events:
                async for event in events:
                    yield event

    async def replay(self, pin: Pin, groups: frozenset[str]) -> tuple[Answer, str]:
        """Ask again what was answered once, of the generation that answered then, by the model and settings of now.

        Returns the answer, and why it is from the current generation where the one of then is gone or who may read has
        changed. `groups` are those of the person who asked. Raises IndexMissingError, EngineError, BusyError.
        """
        asked = Asked(pin.question, turns_of(pin), groups, pin.question)
        with ExitStack() as kept, self._model.held() as model:
            # an older generation is read and checked whole, which must not keep the event loop waiting
            opening = self._index.searcher_of(pin.generation, groups)
            searcher, problem = await asyncio.to_thread(kept.enter_context, opening)
            reading = await self._retrieve(asked, model, searcher)
            async with aclosing(self._answer(reading)) as events:
                async for event in events:
                    if isinstance(event, Answer):
                        return event, problem
        raise EngineError("The answer broke off. Ask again.")

    async def _answer(self, reading: Reading) -> AsyncGenerator[AnswerEvent]:
        if reading.taken:
            async with aclosing(self._give(reading, reading.taken)) as given:
                async for event in given:
                    yield event
            return
        question = reading.asked.question
        style = self._settings.answer_style
        reads = reading.model.reads is not None and (
            style == "read" or (style == "point" and asks_to_compute(question))
        )
        far = reading.found.signals.probability < self._settings.relevance
        far = far and not (reading.computed is not None and reading.computed.sure)
        if reading.whole is None and (not reading.lines or (far and not (reads and style == "point"))):
            async with aclosing(self._refuse(reading)) as refusal:
                async for event in refusal:
                    yield event
            return
        passages = len(reading.found.passages)
        yield Step(f"Reading {passages} passage{'s' if passages != 1 else ''}")
        if reading.whole:
            way = self._tell(reading, reading.whole)
        elif reading.computed and not far:
            way = self._compute(reading, reading.computed)
        elif style == "speak":
            way = self._speak(reading)
        elif reads:
            way = self._read_out(reading, far)
        else:
            way = self._point(reading)
        # closed with this generator, so that the model stops at once when the reader leaves
        async with aclosing(way) as events:
            async for event in events:
                yield event

    def _standalone(self, question: str, history: Sequence[Turn], groups: frozenset[str]) -> str:
        return condense(question, history, self._index.searcher().company_words(groups)) if history else question

    async def _retrieve(self, asked: Asked, model: ServedModel, searcher: Searcher) -> Reading:
        with timed("retrieval") as span:
            work = partial(self._reader.read, asked, model, searcher)
            reading = await to_thread.run_sync(work, limiter=self._at_once)
            span.mark(passages=len(reading.found.passages), lines=len(reading.lines))
        return reading

    async def _refuse(
        self, reading: Reading, usage: Usage | None = None, note: str = CLOSEST
    ) -> AsyncGenerator[AnswerEvent]:
        yield Delta(NOT_IN_DOCUMENTS)
        answer = self._finish(reading, NOT_IN_DOCUMENTS, Verdict.NOT_IN_DOCUMENTS, usage or Usage())
        yield noted(answer, note if reading.found.passages else "")

    async def _compute(self, reading: Reading, computed: Computed) -> AsyncGenerator[AnswerEvent]:
        """What code planned, found and computed is said as it is; no model takes part."""
        yield Step("Reading the tables" if computed.looked_up else "Computing from the tables")
        text = word_reply(computed.found, computed.excerpts)
        for piece in pieces_of(text):
            yield Delta(piece)
        answer = self._finish(reading, text, Verdict.ANSWERED, Usage())
        shown = (reading.tables, reading.asked.question, computed.found, computed.excerpts)
        yield await _checked(traced_reply, answer, *shown)

    async def _tell(self, reading: Reading, whole: WholeTable) -> AsyncGenerator[AnswerEvent]:
        """What code found over all rows of a table is said as it is; no model takes part."""
        yield Step(f"Reading all {whole.rows:,} rows of {whole.place}")
        for piece in pieces_of(whole.wording.text):
            yield Delta(piece)
        answer = self._finish(reading, whole.wording.text, Verdict.ANSWERED, Usage())
        yield replace(answer, traces=whole.wording.traces(answer.text, answer.citations))

    async def _give(self, reading: Reading, taken: Taken) -> AsyncGenerator[AnswerEvent]:
        """What a desk says is said as it is; no model takes part."""
        yield Step(taken.step)
        try:
            given = await asyncio.to_thread(taken.answer, reading.searcher)
        except (MarketDataError, NotFoundError) as error:
            yield Delta(NOT_IN_DOCUMENTS)
            answer = self._finish(reading, NOT_IN_DOCUMENTS, Verdict.NOT_IN_DOCUMENTS, Usage())
            yield noted(answer, str(error))
            return
        for piece in pieces_of(given.wording.text):
            yield Delta(piece)
        reading = replace(reading, found=replace(reading.found, passages=given.passages))
        answer = self._finish(reading, given.wording.text, Verdict.ANSWERED, Usage())
        yield replace(answer, traces=given.wording.traces(answer.text, answer.citations), chart=given.chart)

    async def _point(self, reading: Reading) -> AsyncGenerator[AnswerEvent]:
        """The model points at a line, code reads it out; neither where no line answers clearly."""
        question = reading.asked.question
        passages, query = reading.found.passages, reading.found.query
        choice, note = Choice(None, Usage()), UNSURE
        lines = self._reader.lines_of(reading)
        if lines:
            choice = await self._model.point(lines, passages, question, reading.model)
            note = CLOSEST
        if choice.line is None:
            async with aclosing(self._refuse(reading, choice.usage, note)) as refusal:
                async for event in refusal:
                    yield event
            return
        said = with_close_second(choice.line, lines)
        text = join_answers(
            [word_line(line, passages[line.passage - 1], query, reading.tables[line.passage]) for line in said]
        )
        for piece in pieces_of(text):
            yield Delta(piece)
        answer = self._finish(reading, text, Verdict.ANSWERED, choice.usage)
        yield await _checked(traced, answer, reading.tables, question, said)

    async def _read_out(self, reading: Reading, far: bool) -> AsyncGenerator[AnswerEvent]:
        """A model that was tuned to read replies in a short form, which code checks and computes.

        What doesn't stand in the documents isn't said, and unless it is to read every question, neither is what isn't
        computed from rows that the question names. It points at a line then, or refuses where what was found lies `far`
        from the question.
        """
        lines = [item.line for item in reading.lines]
        excerpts = tuple(one.plain for one in excerpts_of(reading.found.passages, lines, reading.tables))
        asked = with_whole_years(reading.asked.question)
        prompt = reading_prompt(excerpts, asked, (), reading.model.reads or TargetFormat.EVIDENCE)
        said, usage = await self._model.reply(prompt, _REPLY_TOKENS, reading.model)
        found = check_reply(said, excerpts, asked)
        every = self._settings.answer_style == "read"
        said_none = every and found.reply is not None and found.reply.kind is ReplyKind.NONE
        text = word_reply(found, excerpts) if every or is_named(found, reading.found.query) else ""
        refused = said_none or (far and not text)
        if not refused and not text:
            yield Step("Looking for the line that answers")
        other = self._refuse(reading, usage) if refused else self._point(reading) if not text else None
        if other is not None:
            async with aclosing(other) as events:
                async for event in events:
                    yield event
            return
        for piece in pieces_of(text):
            yield Delta(piece)
        answer = self._finish(reading, text, Verdict.ANSWERED, usage)
        yield await _checked(traced_reply, answer, reading.tables, asked, found, excerpts)

    async def _speak(self, reading: Reading) -> AsyncGenerator[AnswerEvent]:
        """The model words the answer; its citations and numbers are checked afterwards."""
        question = reading.asked.question
        prompt = speaking_prompt(self._pack.tone, reading.found.passages, reading.asked.history, question)
        said: list[str] = []
        usage = Usage()
        async for piece in self._model.speak(prompt, self._settings.answer_tokens, reading.model):
            if isinstance(piece, Usage):
                usage = piece
            else:
                said.append(piece)
                yield Delta(piece)
        text = "".join(said).strip()
        answer = self._finish(reading, text or NOT_IN_DOCUMENTS, Verdict.ANSWERED, usage)
        refusal = NOT_IN_DOCUMENTS.rstrip(".").lower()
        if refusal in answer.text.lower():
            more = answer.text.strip(" .*\"'").lower() != refusal
            yield refusing(answer, answer.text if more else "")
            return
        yield await _checked(checked, answer, reading.tables, question)

    def _finish(self, reading: Reading, text: str, verdict: Verdict, usage: Usage) -> Answer:
        found = reading.found
        clean, citations = parse_citations(text, len(found.passages))
        return Answer(
            text=clean,
            verdict=verdict,
            passages=found.passages,
            citations=citations,
            generation=found.generation,
            model=reading.model.name,
            prompt_version=PROMPT_VERSION,
            usage=usage,
            asked_as=reading.asked.question if reading.asked.question != reading.asked.was else "",
            pin=self._pin(reading),
            note=" ".join(note for note in (self._index.status().message, reading.model.note) if note),
        )

    def _pin(self, reading: Reading) -> Pin:
        asked = reading.asked
        # only a model that words its answers reads what was said before
        history = asked.history if self._settings.answer_style == "speak" else ()
        return Pin(
            question=asked.question,
            generation=reading.found.generation,
            model=reading.model.name,
            adapter=reading.model.adapter,
            prompt_version=PROMPT_VERSION,
            settings=settings_that_matter(self._settings),
            passages=pinned(reading.found.passages),
            history=tuple((turn.role, turn.text) for turn in history),
            groups=tuple(sorted(asked.groups)),
        )


async def _checked(check: Callable[P, Answer], *arguments: P.args, **options: P.kwargs) -> Answer:
    """The answer with where its numbers are from and what bears it out, looked up in a thread."""
    with timed("checks") as span:
        answer = await asyncio.to_thread(check, *arguments, **options)
        span.mark(numbers=len(answer.traces), not_borne_out=len(answer.unsupported))
    return answer
