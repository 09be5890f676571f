"""How well chunks are found, by the product's own retrieval on real PostgreSQL and Chroma.

`QUESTIONS=FILE CORPUS=FOLDER python -m benchmarks.retrieval`. The file is JSON: `docs`, passages by
id; `queries`, questions by id; `qrels`, the passage that answers each. Of the folder's documents,
each heading of at least four words asks for the section below it, and is taken out of the text.
What is not there is skipped, and said so. Identifiers and languages are the project's own sets.
Printed beside each figure is what meaning alone finds.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from assistant.services.retrieval import fusion
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope, find
from benchmarks import retrieval_identifiers, retrieval_languages, retrieval_library, splitting
from benchmarks.accept import cpu_name

LIMIT = 6
DEPTH = 30
# So much of a section has to be in a chunk, in characters, or half of it.
ENOUGH = 150


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what says whether a chunk is right."""

    text: str
    is_right: Callable[[Hit], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    filename: str
    start: int
    end: int

    def in_hit(self, hit: Hit) -> bool:
        """Return whether a chunk shows enough of it."""
        common = min(hit.end, self.end) - max(hit.start, self.start)
        return hit.filename == self.filename and common >= min(ENOUGH, (self.end - self.start) // 2)

    def begins_in(self, hit: Hit) -> bool:
        """Return whether a chunk has its beginning."""
        return hit.filename == self.filename and hit.start <= self.start < hit.end


def ranks(owner_id: uuid.UUID, asked: Sequence[Asked], *, passages: bool) -> list[int | None]:
    """Return at which place each question finds the first right chunk.

    Of `passages`, each counts once, however many of its chunks are found.
    """
    found: list[int | None] = []
    for one in asked:
        hits = find(Scope(owner_id), Question(owner_id, one.text), DEPTH)
        right = [number for number, hit in enumerate(hits) if one.is_right(hit)]
        before = hits[: right[0]] if right else []
        count = len({hit.document_id for hit in before} if passages else before)
        found.append(count if right else None)
    return found


def gain(found: Sequence[int | None]) -> float:
    """Return nDCG@10 where one chunk is right."""
    return mean(1 / np.log2(rank + 2) if rank is not None and rank < 10 else 0.0 for rank in found)


def say(title: str, owner_id: uuid.UUID, asked: Sequence[Asked], *, passages: bool) -> None:
    """Print what is found, and what meaning alone would find."""
    print(f"{title}: {len(asked)} questions")
    for name, way in {"meaning and words": nullcontext, "meaning alone": only_meaning}.items():
        with way():
            found = ranks(owner_id, asked, passages=passages)
        within = sum(rank is not None and rank < LIMIT for rank in found)
        first, score = found.count(0), gain(found)
        print(
            f"  {name:<18} first {first}, among {LIMIT} {within}, nDCG@10 {score:.3f}", flush=True
        )


@contextmanager
def only_meaning() -> Iterator[None]:
    """Let words and neighbours count for nothing."""
    names = ("TERMS", "NAMES", "LETTERS", "NEIGHBOURS")
    before = {name: getattr(fusion, name) for name in names}
    try:
        for name in names:
            setattr(fusion, name, 0.0)
        yield
    finally:
        for name, value in before.items():
            setattr(fusion, name, value)


def known_items(path: Path) -> None:
    """Ask questions that one passage each answers."""
    data = json.loads(path.read_text(encoding="utf-8"))
    owner_id = filled(data["docs"])
    asked = []
    for name, text in data["queries"].items():
        passage = next(iter(data["qrels"][name]))
        place = Place(passage[-250:], 0, len(data["docs"][passage]))
        asked.append(Asked(text, place.in_hit))
    say(f"Passages ({len(data['docs'])})", owner_id, asked, passages=True)


def sections(folder: Path) -> None:
    """Ask for sections by their headings."""
    questions = splitting.from_headings(splitting.densest(splitting.read(folder)))
    owner_id = filled(questions.texts)
    asked = [
        Asked(text, Place(place.name[-250:], place.start, place.end).in_hit)
        for text, place in questions.places.items()
    ]
    say(f"Sections of {len(questions.texts)} documents", owner_id, asked, passages=False)


def own_sets() -> None:
    """Ask for identifiers among others that resemble them, and in other languages."""
    texts, questions = retrieval_identifiers.documents()
    owner_id = filled({**texts, **retrieval_languages.texts()})
    asked = [
        Asked(one.text, Place(one.filename, one.start, one.start + 1).begins_in)
        for one in questions
    ]
    say("Identifiers", owner_id, asked, passages=False)
    for language, questions_of in retrieval_languages.questions().items():
        asked = [Asked(text, holding(answer)) for text, answer in questions_of]
        say(language, owner_id, asked, passages=False)


def holding(answer: str) -> Callable[[Hit], bool]:
    """Return what says whether a chunk has an answer."""
    return lambda hit: answer in hit.text


def filled(texts: dict[str, str]) -> uuid.UUID:
    """Return an owner who has these documents."""
    owner_id = retrieval_library.owner()
    retrieval_library.add(retrieval_library.collection(owner_id), retrieval_library.cut(texts))
    return owner_id


def main() -> None:
    """Print what can be measured with what is there."""
    with retrieval_library.servers():
        own_sets()
        if path := os.environ.get("QUESTIONS"):
            file = Path(path)
            known_items(file / "dev.json" if file.is_dir() else file)
        else:
            print("Skipped: QUESTIONS names no file. Set it: make bench QUESTIONS=FILE")
        if folder := os.environ.get("CORPUS"):
            sections(Path(folder))
        else:
            print("Skipped: CORPUS names no folder. Set it: make bench CORPUS=FOLDER")
    print(cpu_name())


if __name__ == "__main__":
    main()
