"""How long the product's own retrieval takes, on real PostgreSQL and Chroma, by size and shape.

`python -m benchmarks.search`; `OWNERS=100` is how many owners of 2,000 chunks there are beside,
`LARGE=20000` how many chunks the largest collection has. The texts are words of a made-up language,
as unevenly common as those of real ones, and the vectors lie in clusters; a question is the
beginning of a chunk, and embedded by the product's encoder. Shapes are asked in turn.
"""

import os
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from statistics import median, quantiles

import numpy as np

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.pieces import Piece
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope, search
from benchmarks import retrieval_library
from benchmarks.accept import cpu_name
from benchmarks.retrieval_library import Cut

CHUNK_WORDS = 130
CLUSTERS = 40
ROUNDS = 60
OWNERS = int(os.environ.get("OWNERS", "100"))
OF_AN_OWNER = 2000
LARGE = int(os.environ.get("LARGE", "20000"))

Shape = Callable[[], Scope]


class Texts:
    """Texts of made-up words, and vectors for their chunks."""

    def __init__(self) -> None:
        self._dice = random.Random(5)
        self._numbers = np.random.default_rng(5)
        signs = "bdfgklmnprstvz"
        sounds = [one + other for one in signs for other in "aeiou"]
        self._words = ["".join(self._dice.choices(sounds, k=3)) for _ in range(30_000)]
        self._common = [1 / (place + 3) for place in range(len(self._words))]
        self._centres = self._numbers.normal(size=(CLUSTERS, adapters.embedding_model.dimensions))
        self.questions: list[str] = []

    def document(self, name: str, chunks: int) -> Cut:
        """Return a document of so many chunks."""
        texts = [
            " ".join(self._dice.choices(self._words, self._common, k=CHUNK_WORDS))
            for _ in range(chunks)
        ]
        self.questions.append(" ".join(texts[0].split()[:9]))
        starts = np.cumsum([0, *(len(text) + 2 for text in texts)]).tolist()
        pieces = [
            Piece(start, start + len(text)) for start, text in zip(starts, texts, strict=False)
        ]
        near = self._centres[self._dice.randrange(CLUSTERS)]
        vectors = near + self._numbers.normal(size=(chunks, len(near)))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Cut(name, "\n\n".join(texts), pieces, vectors.astype(np.float32))


def timed(scope: Scope, question: str) -> tuple[float, float]:
    """Return the milliseconds of a search, and how many of them went into the question's vector."""
    began = time.perf_counter()
    asked = Question(scope.owner_id, question)
    asked.vector()
    embedded = time.perf_counter()
    search(scope, asked, 10)
    return 1000 * (time.perf_counter() - began), 1000 * (embedded - began)


def fill(texts: Texts, target: Collection, documents: int, chunks: int) -> list[uuid.UUID]:
    """Add documents of so many chunks each."""
    cuts = (texts.document(f"{number}.txt", chunks) for number in range(documents))
    ids: list[uuid.UUID] = []
    while some := [cut for _, cut in zip(range(50), cuts, strict=False)]:
        ids += retrieval_library.add(target, some)
    # As upkeep does: from now on the index is relied on.
    with transaction(SYSTEM) as session:
        session.query(Collection).filter_by(id=target.id).update({"index_checked_at": "now()"})
    return ids


def shapes(texts: Texts) -> Iterator[tuple[str, Shape]]:
    """Fill what is searched, and yield each shape of a search with its name."""
    for documents, chunks in ((20, 5), (26, 100)):
        owner = retrieval_library.owner()
        fill(texts, retrieval_library.collection(owner), documents, chunks)
        yield f"one collection of {documents * chunks:,} chunks", lambda owner=owner: Scope(owner)
    owner = retrieval_library.owner()
    for number in range(20):
        fill(texts, retrieval_library.collection(owner, f"Number {number}"), 20, 5)
    yield "20 collections of 100 chunks", lambda owner=owner: Scope(owner)
    owner = retrieval_library.owner()
    ids = fill(texts, retrieval_library.collection(owner), 100, LARGE // 100)
    yield f"one collection of {LARGE:,} chunks", lambda owner=owner: Scope(owner)
    yield "its 100 documents, all named", lambda owner=owner: Scope(owner, document_ids=ids)
    few = ids[:20]
    yield "20 of them, named", lambda owner=owner: Scope(owner, document_ids=few)
    owners = []
    for _ in range(OWNERS):
        owners.append(retrieval_library.owner())
        fill(texts, retrieval_library.collection(owners[-1]), 20, OF_AN_OWNER // 20)
    if owners:
        one = owners[0]
        yield f"one owner of {OF_AN_OWNER:,} chunks, again and again", lambda: Scope(one)
        name = f"any of {OWNERS} owners of {OF_AN_OWNER:,} chunks"
        yield name, lambda: Scope(random.choice(owners))


def say(name: str, taken: Sequence[tuple[float, float]]) -> None:
    """Print what a shape took; the first search is cold."""
    total = [one for one, _ in taken[1:]]
    question = median(vector for _, vector in taken[1:])
    print(
        f"  {name:<48} p50 {median(total):6.1f} ms, p95 {quantiles(total, n=20)[-1]:6.1f}, "
        f"first {taken[0][0]:6.1f}; the question's vector {question:.1f}",
        flush=True,
    )


def main() -> None:
    """Fill, ask in turn, and print."""
    with retrieval_library.servers():
        texts = Texts()
        adapters.embedding_model.embed([""])
        made = dict(shapes(texts))
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in made}
        for _ in range(ROUNDS):
            for name, scope in made.items():
                taken[name].append(timed(scope(), random.choice(texts.questions)))
        for name, readings in taken.items():
            say(name, readings)
    print(f"{os.cpu_count()} cores, {cpu_name()}")


if __name__ == "__main__":
    main()
