"""The documents that a question may be about, and those of them that it names."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from sqlalchemy import select

from assistant.database import transaction
from assistant.models import Document
from assistant.services.generation.wording.comparing import compares
from assistant.services.generation.wording.function_words import WORDS, words_of
from assistant.services.generation.wording.whole_documents import NAMED
from assistant.services.retrieval.retrieval import Scope
from assistant.terms import fold

# Only so many documents, the newest, are looked at for their names.
MOST_LISTED = 2000
# More than these are not meant by their names.
MOST_NAMED = 6
# A name that is one word may be any word, unless it is as long as this.
SHORTEST_WORD = 5
# What is read of a question.
LONGEST = 2000
# A name in a script without blanks.
SHORTEST_UNSPACED = 3
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]{3,}")


@dataclass(frozen=True, slots=True)
class File:
    """A document that can be searched, by its name."""

    id: uuid.UUID
    generation: int
    filename: str


@dataclass(frozen=True, slots=True)
class Files:
    """What a question says of documents.

    `listed` are all that it may be about, the newest first; `named` those that it names. `request`
    is the question with `NAMED` in the place of a name. `compared` says whether it asks about
    several.
    """

    listed: Sequence[File]
    named: Sequence[File]
    request: str
    compared: bool


def read(scope: Scope, question: str) -> Files:
    """Return the documents that a question may be about, and those that it names."""
    return told(question, _listed(scope))


def told(question: str, listed: Sequence[File]) -> Files:
    """Return what a question says of these documents."""
    question = question[:LONGEST]
    compared = compares(question)
    found = _by_whole_name(question, listed) or _by_all_words(question, listed)
    if not found and compared:
        rare = _by_a_rare_word(question, listed)
        found = rare if len(rare) > 1 else {}
    if not 0 < len(found) <= MOST_NAMED:
        return Files(listed, [], question, compared)
    named = [file for file in listed if file.id in found]
    return Files(listed, named, _replaced(question, named, found), compared)


def _listed(scope: Scope) -> list[File]:
    query = select(Document.id, Document.generation, Document.filename).where(
        Document.owner_id == scope.owner_id, Document.is_live, Document.generation > 0
    )
    if scope.document_ids:
        query = query.where(Document.id.in_(scope.document_ids))
    if scope.collection_ids:
        query = query.where(Document.collection_id.in_(scope.collection_ids))
    with transaction(scope.owner_id) as session:
        rows = session.execute(query.order_by(Document.id.desc()).limit(MOST_LISTED)).all()
    return [File(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Name:
    """A file's name as it may be spelled: folded, without its ending, and its words."""

    whole: str
    stem: str
    words: tuple[str, ...]


@lru_cache(maxsize=10_000)
def _name(filename: str) -> _Name:
    stem = PurePath(filename).stem
    return _Name(fold(filename), fold(stem), tuple(words_of(stem)))


# The words of names that were found, by document.
_Found = dict[uuid.UUID, Sequence[str]]


def _by_whole_name(question: str, listed: Sequence[File]) -> _Found:
    """Find names as they are written, with their ending or without."""
    folded, words = fold(question), f" {' '.join(words_of(question))} "
    found: _Found = {}
    for file in listed:
        name = _name(file.filename)
        has_ending = name.stem != name.whole
        if has_ending and len(name.whole) >= SHORTEST_WORD and name.whole in folded:
            found[file.id] = words_of(file.filename)
        elif (len(name.words) > 1 and f" {' '.join(name.words)} " in words) or (
            _UNSPACED.fullmatch(name.stem) and name.stem in folded
        ):
            found[file.id] = name.words
    return found


def _by_all_words(question: str, listed: Sequence[File]) -> _Found:
    """Find names all of whose words stand somewhere in the question, at least two."""
    words = set(words_of(question))
    found: _Found = {}
    for file in listed:
        parts = _name(file.filename).words
        if len(set(parts)) > 1 and words.issuperset(parts) and not WORDS["en"].issuperset(parts):
            found[file.id] = parts
    return found


def _by_a_rare_word(question: str, listed: Sequence[File]) -> _Found:
    """Find files by a word that stands in the name of no other."""
    parts = {file.id: set(_name(file.filename).words) for file in listed}
    counts = Counter(word for words in parts.values() for word in words)
    words = {word for word in words_of(question) if len(word) >= SHORTEST_WORD}
    found = {
        file.id: [word for word in parts[file.id] & words if counts[word] == 1] for file in listed
    }
    return {document: rare for document, rare in found.items() if rare}


def _replaced(question: str, named: Sequence[File], found: _Found) -> str:
    """Return the question's words, with one sign for all words of names."""
    text = fold(question)
    for file in named:
        # As it is written, since in some scripts no blank parts it from other words.
        for spelled in (_name(file.filename).whole, _name(file.filename).stem):
            if len(spelled) >= SHORTEST_UNSPACED:
                text = text.replace(spelled, f" {NAMED} ")
    names = {word for words in found.values() for word in words}
    kept: list[str] = []
    for word in words_of(text):
        if word != NAMED and word not in names:
            kept.append(word)
        elif kept[-1:] != [NAMED]:
            kept.append(NAMED)
    return " ".join(kept)
