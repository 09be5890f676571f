"""How well chunks are found: the way they are cut now, beside langchain's splitter alone.

`CORPUS=FOLDER QUESTIONS=FOLDER python -m benchmarks.splitting`. From the folder of documents it
makes questions: each heading of at least four words asks for the section below it, and is taken out
of the text. The other folder holds `dev.json`: `docs`, passages by id; `queries`, questions by id;
`qrels`, the passage that answers each. Printed is for how many questions the right place is the
first, or among the first six, that are found by the vectors alone. What is not there is skipped.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

from assistant.adapters.documents.media import named
from assistant.adapters.documents.parser import SubprocessParser
from assistant.adapters.provided import Adapters
from assistant.config import read_settings
from assistant.pieces import Piece
from assistant.ports import EmbeddingModel
from benchmarks.accept import cpu_name

HEADING = re.compile(r"^(#{2,6}) (.+)$", re.MULTILINE)
NUMBER = re.compile(r"^[\d.A-Z]+\.? ")
LIMIT = 6
# So much of the right place has to be in a chunk, in characters, or half of it.
ENOUGH = 150
# Documents with the most questions for their length, as far as they go in so many characters.
CHARACTERS = int(os.environ.get("CHARACTERS", "330000"))

Split = Callable[[str], list[Piece]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a question stands."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Questions:
    """Texts by name, and where in them each question is answered."""

    texts: dict[str, str]
    places: dict[str, Place]


def from_headings(texts: dict[str, str]) -> Questions:
    """Make questions of headings, and replace these by numbers in the texts."""
    asked = [heading for text in texts.values() for heading, *_ in _headings(text)]
    once = {heading for heading in asked if asked.count(heading) == 1}
    hidden, places = {}, {}
    for name, text in texts.items():
        new, position = "", 0
        for number, (heading, start, end, section_end) in enumerate(_headings(text), start=1):
            new += text[position:start]
            position = start
            if heading in once:
                new, position = new + str(number), end
                places[heading] = Place(name, len(new), len(new) + section_end - end)
        hidden[name] = new + text[position:]
    return Questions(hidden, places)


def _headings(text: str) -> list[tuple[str, int, int, int]]:
    """Return headings that ask for something, where they stand, and where their section ends."""
    found = list(HEADING.finditer(text))
    ends = [*(other.start() for other in found[1:]), len(text)]
    listed = []
    for heading, end in zip(found, ends, strict=False):
        words = NUMBER.sub("", heading[2]).strip()
        if len(words.split()) >= 4 and end - heading.end() > 200:
            listed.append((words, heading.start(2), heading.end(), end))
    return listed


def densest(texts: dict[str, str]) -> dict[str, str]:
    """Return the documents with the most questions for their length."""
    kept: dict[str, str] = {}
    for name in sorted(texts, key=lambda name: -len(_headings(texts[name])) / len(texts[name])):
        length = sum(map(len, kept.values())) + len(texts[name])
        if len(_headings(texts[name])) >= 3 and length < CHARACTERS:
            kept[name] = texts[name]
    return kept


def read(folder: Path) -> dict[str, str]:
    """Read every file of a folder but notices."""
    parser = SubprocessParser()
    paths = sorted(path for path in folder.iterdir() if path.stem != "NOTICE")
    kinds = {path: named(path.name) for path in paths}
    return {
        path.name: parser.start(path, kind).result().text for path, kind in kinds.items() if kind
    }


def given(path: Path) -> Questions:
    """Read questions whose answers are whole passages."""
    data = json.loads(path.read_text(encoding="utf-8"))
    answers = {data["queries"][query]: next(iter(found)) for query, found in data["qrels"].items()}
    places = {query: Place(name, 0, len(data["docs"][name])) for query, name in answers.items()}
    return Questions(data["docs"], places)


def plain(text: str) -> list[Piece]:
    """Cut by langchain alone, at 1,000 characters with an overlap of 150."""
    cutter = RecursiveCharacterTextSplitter(
        chunk_size=1000, chunk_overlap=150, add_start_index=True
    )
    found = cutter.create_documents([text])
    starts = [document.metadata["start_index"] for document in found]
    lengths = [len(document.page_content) for document in found]
    return [Piece(start, start + length) for start, length in zip(starts, lengths, strict=True)]


def ranks(model: EmbeddingModel, questions: Questions, split: Split) -> Iterator[int | None]:
    """Print how many chunks there are; yield for each question the rank of its place, from 0."""
    cut = {name: split(text) for name, text in questions.texts.items()}
    chunks = [(name, piece) for name, pieces in cut.items() for piece in pieces]
    written = [piece.embedded(questions.texts[name]) for name, piece in chunks]
    tokens = sum(map(len, model.locate_tokens(written)))
    print(f"    {len(chunks)} chunks, {tokens / len(chunks):.0f} tokens each")
    scores = model.embed(list(questions.places)) @ model.embed(written).T
    for place, row in zip(questions.places.values(), scores, strict=True):
        best = [chunks[number] for number in np.argsort(-row)[:100]]
        right = (rank for rank, (name, piece) in enumerate(best) if _shows(piece, name, place))
        yield next(right, None)


def _shows(piece: Piece, name: str, place: Place) -> bool:
    common = min(piece.end, place.end) - max(piece.start, place.start)
    return name == place.name and common >= min(ENOUGH, (place.end - place.start) // 2)


def compare(model: EmbeddingModel, title: str, questions: Questions) -> None:
    """Print both ways of cutting beside each other."""
    from assistant.adapters.splitting import StructuredSplitter

    print(f"{title}: {len(questions.places)} questions, {len(questions.texts)} texts")
    settings = read_settings()
    now = StructuredSplitter(
        size=settings.chunk_tokens, overlap=settings.overlap_tokens, model=model
    )
    ways: dict[str, Split] = {"langchain alone": plain, "by structure": now.split}
    for name, split in ways.items():
        print(f"  {name}")
        found = [rank for rank in ranks(model, questions, split) if rank is not None]
        gain = sum(1 / np.log2(rank + 2) for rank in found if rank < 10) / len(questions.places)
        within = sum(rank < LIMIT for rank in found)
        print(f"    first: {found.count(0)}, among {LIMIT}: {within}, nDCG@10: {gain:.3f}")


def main() -> None:
    """Print what can be measured with what is there."""
    model = Adapters(read_settings()).embedding_model
    if corpus := os.environ.get("CORPUS"):
        compare(model, "Headings for sections", from_headings(densest(read(Path(corpus)))))
    else:
        print("Skipped: CORPUS names no folder of documents. Set it: make bench CORPUS=FOLDER")
    if questions := os.environ.get("QUESTIONS"):
        compare(model, "Questions for passages", given(Path(questions) / "dev.json"))
    else:
        print("Skipped: QUESTIONS names no folder with dev.json. Set it: make bench QUESTIONS=…")
    print(cpu_name())


if __name__ == "__main__":
    main()
