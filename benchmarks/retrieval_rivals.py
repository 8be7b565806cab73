"""What a user would use instead: plain LangChain splitting with MiniLM, and txtai's hybrid index, on the same files.

Both get the text of PDF pages from pypdfium2, a page a document, and of other files as they are, cut by LangChain's
RecursiveCharacterTextSplitter into pieces of 1,000 characters that overlap by 200. Both embed with the product's
embedder (the same MiniLM weights; bf16, cosine to fp32 above 0.9999), so that vectors can be kept between runs.
"""

from collections.abc import Iterator

import faiss
import numpy as np
from txtai.embeddings import Embeddings

from benchmarks.langchain_pieces import pieces_of
from benchmarks.retrieval_cache import VectorCache
from benchmarks.retrieval_sets import Corpus
from retrieval.embedder import Embedder
from retrieval.evaluation.asking import Ask
from retrieval.evaluation.cases import Hit

DEPTH = 60


def rival_systems(corpus: Corpus, embedder: Embedder, cache: VectorCache) -> Iterator[tuple[str, Ask]]:
    """Name and system of each rival."""
    pieces = list(pieces_of(corpus.documents, corpus.names))
    vectors = cache.embed(embedder, [piece.text for piece in pieces])
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    depth = min(DEPTH, len(pieces))

    def langchain(question: str) -> list[Hit]:
        _, found = flat.search(embedder.embed([question]), depth)
        return [pieces[i] for i in found[0]]

    yield "LangChain splitter + MiniLM + FAISS", langchain
    known = {piece.text: vector for piece, vector in zip(pieces, vectors, strict=True)}

    def transform(texts: list[str]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        if all(text in known for text in texts):
            return np.stack([known[text] for text in texts])
        return embedder.embed(texts)

    index = Embeddings(method="external", transform=transform, hybrid=True, content=False)
    index.index([(number, piece.text, None) for number, piece in enumerate(pieces)])
    yield "txtai hybrid", lambda question: [pieces[number] for number, _ in index.search(question, depth)]
