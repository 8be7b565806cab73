"""Nobody is shown, by anything that a search gives back, what they may not read.

200 canary documents in four groups, each with words that stand nowhere else, some documents for two groups and some for
everyone; an index built by the real builder with the real embedder; 2,000 searches. Then the same searches in an index
that never held the documents that the caller may not read: what differs would tell about them.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from dossier.records import Chunk, Document, Table, TableCell, TableRow
from dossier.settings import load_settings
from dossier.weights import verified_embedder
from retrieval import generation
from retrieval.build import BuildPlan, build
from retrieval.chunk_store import ChunkStore
from retrieval.chunk_writer import ChunkWriter, Parts
from retrieval.embedder import Embedder, Vectors
from retrieval.parsing.isolate import Limits
from retrieval.query import read_query
from retrieval.readers import Readers
from retrieval.sample import sample_question
from retrieval.scan import scan
from retrieval.scope import Scopes
from retrieval.search import Found, Searcher
from retrieval.word_search import WordSearch
from serving.index_view import IndexView

pytestmark = pytest.mark.model

GROUPS = ("hr", 'board, "inner" circle', '["legal"]', "x'); DROP TABLE chunks;--")
PER_GROUP = 50
EVERYONE: frozenset[str] = frozenset()
EVERY_SUBSET = [frozenset(some) for count in range(5) for some in combinations(GROUPS, count)]
STRANGERS = [
    frozenset(names)
    for names in (
        ["HR", "hr ", " hr", "h", "hrx", "%", "_", "*", "h*", "hr*", "?"],
        ["board", '"inner" circle', "board, inner circle", 'board, \\"inner\\" circle'],
        ["legal", '"legal"', "[legal]", '["legal"', '[["legal"]]'],
        ["x", "x')", "'); DELETE FROM document_groups;--", "' OR '1'='1", '") OR 1=1 --'],
        ["", "null", "None", "true", "1", "0", "[]", "{}", "everyone", "admin", "*", "ｈｒ", "hr\u200b", "ℎr"],
        ["\n", "\t", "\\", "\\u0068r", "%68%72", "&#104;r", "𝕳𝖗"],
    )
]
SYLLABLES = ("bra", "cel", "dun", "fex", "gor", "hiv", "jat", "kul", "mef", "nop", "quil", "rast", "sov", "tuz", "wem")


def word(number: int) -> str:
    """A word that stands in one document."""
    return "".join(SYLLABLES[number // 15**place % 15] for place in range(3))


@dataclass(frozen=True, slots=True)
class Canary:
    """A document for some groups. `said` is what it says; `secrets` are words that stand in it alone."""

    source: str
    groups: frozenset[str]
    title: str
    said: str
    secrets: tuple[str, ...]


def canary(number: int, source: str, groups: frozenset[str]) -> Canary:
    name, keeper, amount = word(number), word(number + 600), f"{71_003 + 137 * number}"
    title = f"Case {name.capitalize()}"
    said = f"The {name} account ends at {amount} euros and its keeper is {keeper.capitalize()}."
    return Canary(source, groups, title, said, (name, keeper, amount))


def canaries() -> list[Canary]:
    limited = [
        canary(number, f"{number // PER_GROUP}/{word(number)}.md", frozenset({GROUPS[number // PER_GROUP]}))
        for number in range(4 * PER_GROUP)
    ]
    shared = [canary(200 + n, f"both/{word(200 + n)}.md", frozenset(GROUPS[1:3])) for n in range(8)]
    public = [canary(210 + n, f"open/{word(210 + n)}.md", EVERYONE) for n in range(12)]
    return [*limited, *shared, *public, *skewed()]


def skewed() -> list[Canary]:
    """Documents whose hidden part turns round which words are rare, and names what an open one names too."""
    closed = frozenset(GROUPS[1:2])
    said = [("ledger", closed)] * 12 + [("audit", EVERYONE)] * 4 + [("ledger", EVERYONE)]
    made = []
    for number, (what, groups) in enumerate(said, start=230):
        one = canary(number, f"{'1' if groups else 'open'}/{word(number)}.md", groups)
        made.append(replace(one, said=f"The {what} of {' '.join(one.secrets)} was quiet."))
    hidden_name = canary(250, "1/orchard-summit.md", closed)
    open_name = canary(251, "open/orchard.md", EVERYONE)
    return [*made, replace(hidden_name, title="Orchard Summit"), replace(open_name, title="Orchard")]


CANARIES = canaries()


def readable(groups: frozenset[str]) -> list[Canary]:
    return [one for one in CANARIES if not one.groups or one.groups & groups]


def hidden(groups: frozenset[str]) -> list[Canary]:
    return [one for one in CANARIES if one.groups and not one.groups & groups]


class Prepared(Embedder):
    """The real embedder, that embeds many texts at once and remembers them: 2,000 questions in one go."""

    def __init__(self) -> None:
        folder, digest = verified_embedder(load_settings())
        super().__init__(folder, "all-minilm-l6-v2", digest)
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, super().embed(new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self.dimension)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return Prepared()


def write_documents(folder: Path, some: Sequence[Canary]) -> None:
    for one in some:
        (folder / one.source).parent.mkdir(parents=True, exist_ok=True)
        (folder / one.source).write_text(f"# {one.title}\n\n{one.said}\n", encoding="utf-8")
    rules = {f"{number}/*": [group] for number, group in enumerate(GROUPS)} | {"both/*": list(GROUPS[1:3])}
    write_rules(folder, rules)


def write_rules(folder: Path, rules: dict[str, list[str]]) -> None:
    lines = [f"{json.dumps(pattern)} = {json.dumps(groups)}" for pattern, groups in rules.items()]
    (folder / "groups.toml").write_text("\n".join(["[groups]", *lines, ""]), encoding="utf-8")


def index_them(folder: Path, index: Path, embedder: Embedder) -> None:
    found = scan(folder, Readers.read(folder, (), load_settings().groups_file, index))
    build(BuildPlan(index, found, Limits(20, 1 << 30), 180, 1 << 20), lambda: embedder, lambda progress: None)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    place = tmp_path_factory.mktemp("canaries")
    write_documents(place / "documents", CANARIES)
    index_them(place / "documents", place / "index", prepared)
    return place / "index"


@pytest.fixture(scope="module")
def searcher(index: Path, prepared: Prepared) -> Iterator[Searcher]:
    opened = Searcher(index, prepared)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def store(index: Path) -> Iterator[ChunkStore]:
    opened = ChunkStore(index / generation.current_name(index) / generation.CHUNKS)
    yield opened
    opened.close()


def questions_about(one: Canary, number: int) -> list[str]:
    """Its own words, parts of them in another order, and names, ids and filters that a caller may try."""
    name, keeper, amount = one.secrets
    tries = (
        f'source:"{one.source}" {name}',
        f"chunk {number + 1} of document {number + 1}, groups: {json.dumps(sorted(one.groups))}",
        f"{one.source} {one.title}",
        f'{name}" OR "{keeper}',
        f"{name}* NEAR({keeper} {amount}) -- {{groups}}",
        f"I am in {', '.join(sorted(one.groups))}. Show {one.title}.",
    )
    return [one.said, f"Who is the keeper of the account {name.capitalize()}?", f"{amount} {keeper}", tries[number % 6]]


def ask_as(number: int, one: Canary) -> list[frozenset[str]]:
    """Callers who may not read it: nobody's member, a member of all other groups, and of others in turn."""
    others = frozenset(GROUPS) - one.groups
    subsets = [some for some in EVERY_SUBSET if not some & one.groups]
    return [EVERYONE, others, subsets[number % len(subsets)], STRANGERS[number % len(STRANGERS)]]


def shown(found: Found) -> str:
    """Everything that a search gives back, but the question itself."""
    return repr((found.passages, found.signals, found.generation)).lower()


def check_nothing_hidden(found: Found, groups: frozenset[str]) -> None:
    allowed = {one.source for one in readable(groups)}
    assert {passage.chunk.source for passage in found.passages} <= allowed
    words = set(re.findall(r"[a-z]+|\d+", shown(found)))
    secrets = {secret: one.source for one in hidden(groups) for secret in one.secrets}
    assert not words & secrets.keys(), (sorted(secrets[word] for word in words & secrets.keys()), sorted(groups))


def test_two_thousand_searches_find_nothing_hidden(searcher: Searcher, prepared: Prepared) -> None:
    limited = [one for one in CANARIES if one.groups]
    asked = {one.source: questions_about(one, number) for number, one in enumerate(limited)}
    prepared.embed([read_query(text).text for texts in asked.values() for text in texts])
    searches = 0
    for number, one in enumerate(limited):
        callers = ask_as(number, one)
        for turn, text in enumerate(asked[one.source]):
            # each text by each kind of caller for some documents, by two of them in turn for the others
            for groups in callers if number % 5 == 0 else (callers[turn], callers[(turn + number) % 4]):
                check_nothing_hidden(searcher.search(text, groups, 60), groups)
                searches += 1
        best = searcher.search(one.said, one.groups, 3).passages[0]
        assert best.chunk.source == one.source  # who may read it does find it
    assert searches >= 2_000


def test_every_subset_of_groups_reads_what_is_theirs(searcher: Searcher, prepared: Prepared) -> None:
    for groups in EVERY_SUBSET:
        for one in CANARIES[::13]:
            found = searcher.search(one.said, groups, 60)
            check_nothing_hidden(found, groups)
            assert (found.passages[0].chunk.source == one.source) is (one in readable(groups))


@pytest.mark.parametrize("stranger", STRANGERS)
def test_groups_that_only_look_like_others(stranger: frozenset[str], searcher: Searcher, store: ChunkStore) -> None:
    for groups in (stranger, *({name} for name in stranger)):
        caller = frozenset(groups)
        for one in CANARIES[::29]:
            check_nothing_hidden(searcher.search(one.said, caller, 60), caller)
        visible = store.get(range(1, store.last_chunk_id() + 1), caller).values()
        assert {chunk.source for chunk in visible} == {one.source for one in readable(EVERYONE)}


@pytest.mark.parametrize("groups", [*EVERY_SUBSET, *STRANGERS])
def test_ids_names_and_words_that_a_caller_brings(groups: frozenset[str], store: ChunkStore) -> None:
    may_read = {one.source for one in readable(groups)}
    every = range(-3, store.last_chunk_id() + 50)
    assert {chunk.source for chunk in store.get(every, groups).values()} == may_read
    ids = store.readable_ids(groups)
    assert ids is None or set(ids) == set(store.get(every, groups))
    assert (ids is None) is (len(may_read) == len(CANARIES))
    words, scope = WordSearch(store), Scopes(store).of(groups)
    for one in CANARIES[::7]:
        count = 1 if one.source in may_read else 0
        for secret in one.secrets:
            assert words.frequency(secret, scope) == count
            assert len(words.search([secret], scope, scope, 10)) == count
            # what would be syntax of the word index adds nothing
            assert words.search([f'{secret}" OR text : "euros'], scope, scope, 500) == []


@pytest.mark.parametrize("name", ["hr\0", "hr\0x"])
def test_a_group_name_with_a_nul_is_another_group(name: str, store: ChunkStore) -> None:
    visible = store.get(range(1, store.last_chunk_id() + 1), frozenset({name})).values()
    assert {chunk.source for chunk in visible} == {one.source for one in readable(EVERYONE)}


def test_tables_are_for_who_may_read_their_document(tmp_path: Path) -> None:
    store = ChunkWriter.create(tmp_path / "chunks.sqlite")
    for one in CANARIES:
        chunk = Chunk(one.source, one.title, 1, 0, len(one.said), (), one.said)
        row = TableRow(0, 9, (TableCell("keeper"), TableCell(one.secrets[1])))
        table = Table(1, 0, 9, one.title, "", ("", "name"), (row,))
        document = Document(one.source, one.title, "0", one.groups)
        store.add_document(Parts(document, one.source, "0", "", [chunk], [table]))
    for groups in (*EVERY_SUBSET, *STRANGERS):
        may_read = {one.source for one in readable(groups)}
        for one in CANARIES:
            assert len(store.tables_of(one.source, groups)) == (one.source in may_read)
    store.close()


def test_the_sample_question_is_about_what_everyone_may_read(index: Path) -> None:
    question = sample_question(index)
    hidden = [one for one in CANARIES if one not in readable(EVERYONE)]
    assert any(one.title in question for one in readable(EVERYONE))
    assert not any(secret in question for one in hidden for secret in (one.title, *one.secrets))


@pytest.fixture(scope="module", params=[EVERYONE, frozenset(GROUPS[:1])], ids=["everyone", "one group"])
def two_worlds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prepared: Prepared, searcher: Searcher
) -> Iterator[tuple[frozenset[str], list[tuple[Found, Found]]]]:
    """What a caller is given by the whole index, and by one that never held what they may not read."""
    groups: frozenset[str] = request.param
    place = tmp_path_factory.mktemp("without")
    write_documents(place / "documents", readable(groups))
    index_them(place / "documents", place / "index", prepared)
    other = Searcher(place / "index", prepared)
    texts = [text for one in (readable(groups)[::4] + hidden(groups)[::20]) for text in questions_about(one, 2)[:3]]
    texts += ["Was the audit or the ledger quiet?", "Who keeps the account of Orchard Summit?"]
    yield groups, [(searcher.search(text, groups, 60), other.search(text, groups, 60)) for text in texts]
    other.close()


def places(found: Found) -> list[str]:
    return [passage.chunk.source for passage in found.passages]


def test_hidden_documents_change_no_vector_score(
    two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]],
) -> None:
    for whole, without in two_worlds[1]:
        scores = {p.chunk.source: (p.similarity, p.dense_rank) for p in whole.passages if p.dense_rank}
        assert scores == {p.chunk.source: (p.similarity, p.dense_rank) for p in without.passages if p.dense_rank}


def test_hidden_documents_change_no_rarity(two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]]) -> None:
    for whole, without in two_worlds[1]:
        assert whole.rarity == pytest.approx(without.rarity)


def test_hidden_documents_change_no_signal(two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]]) -> None:
    for whole, without in two_worlds[1]:
        assert whole.signals.coverage == pytest.approx(without.signals.coverage)
        assert whole.signals.probability == pytest.approx(without.signals.probability)


def test_hidden_documents_change_no_word_rank(two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]]) -> None:
    for whole, without in two_worlds[1]:
        ranks = {p.chunk.source: p.lexical_rank for p in whole.passages if p.lexical_rank}
        assert ranks == {p.chunk.source: p.lexical_rank for p in without.passages if p.lexical_rank}


def test_hidden_documents_change_no_word_score(two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]]) -> None:
    for whole, without in two_worlds[1]:
        assert word_scores(whole) == word_scores(without)


def word_scores(found: Found) -> dict[str, float]:
    return {p.chunk.source: found.word_scores[p.chunk_id] for p in found.passages if p.lexical_rank}


def test_hidden_documents_change_nothing_that_is_shown(
    two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]],
) -> None:
    for whole, without in two_worlds[1]:
        assert [replace(p, chunk_id=0) for p in whole.passages] == [replace(p, chunk_id=0) for p in without.passages]


def test_hidden_documents_change_no_weight_of_a_name(
    two_worlds: tuple[frozenset[str], list[tuple[Found, Found]]],
) -> None:
    """The question names a hidden document better than the open one: what that one gains must stay the same."""
    whole, without = (boost(found, "open/orchard.md") for found in two_worlds[1][-1])
    assert whole == pytest.approx(without)


def boost(found: Found, source: str) -> float:
    """What a document's passage scores over what its ranks alone give."""
    return next(p for p in found.passages if p.chunk.source == source).boost


def test_a_right_taken_from_a_document_holds_for_the_next_request(tmp_path: Path, prepared: Prepared) -> None:
    some = [*CANARIES[:6], *CANARIES[-4:]]
    write_documents(tmp_path / "documents", some)
    index_them(tmp_path / "documents", tmp_path / "index", prepared)
    view = IndexView(tmp_path / "index", prepared, {})
    member, secret = frozenset({"hr"}), some[0]
    under_way = view.searcher()
    assert under_way.search(secret.said, member, 5).passages[0].chunk.source == secret.source
    # the user's groups come with each request
    assert secret.source not in places(view.searcher().search(secret.said, EVERYONE, 60))
    assert secret.source in places(view.searcher().search(secret.said, member, 60))

    write_rules(tmp_path / "documents", {"0/*": ["board"]})
    index_them(tmp_path / "documents", tmp_path / "index", prepared)
    assert secret.source not in places(view.searcher().search(secret.said, member, 60))
    assert secret.source in places(view.searcher().search(secret.said, frozenset({"board"}), 60))
    assert secret.source in places(under_way.search(secret.said, member, 60))  # one request, one generation

    (tmp_path / "documents" / secret.source).unlink()
    index_them(tmp_path / "documents", tmp_path / "index", prepared)
    assert secret.source not in places(view.searcher().search(secret.said, frozenset({"board"}), 60))
