"""The documents that a question may be about, and those of them that it names."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
    listed = _listed(scope)
    compared = compares(question)
    for naming in (_by_whole_name, _by_all_words, _by_a_rare_word):
        found = naming(question, listed)
        if naming is _by_a_rare_word and not (compared and len(found) > 1):
            found = {}
        if 0 < len(found) <= MOST_NAMED:
            named = [file for file in listed if file.id in found]
            return Files(listed, named, _replaced(question, found), compared)
    return Files(listed, [], question, compared)


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


_Found = dict[uuid.UUID, list[str]]


def _by_whole_name(question: str, listed: Sequence[File]) -> _Found:
    """Find names as they are written, with their ending or without."""
    folded, words = fold(question), f" {' '.join(words_of(question))} "
    found: _Found = {}
    for file in listed:
        stem = _stem(file)
        spelled = " ".join(words_of(stem))
        whole = fold(file.filename)
        if len(whole) >= SHORTEST_WORD and stem != file.filename and whole in folded:
            found[file.id] = words_of(file.filename)
        elif (" " in spelled and f" {spelled} " in words) or (
            _UNSPACED.fullmatch(stem) and fold(stem) in folded
        ):
            found[file.id] = spelled.split()
    return found


def _by_all_words(question: str, listed: Sequence[File]) -> _Found:
    """Find names all of whose words stand somewhere in the question, at least two."""
    words = set(words_of(question))
    found: _Found = {}
    for file in listed:
        parts = words_of(_stem(file))
        if len(set(parts)) > 1 and words.issuperset(parts) and not WORDS["en"].issuperset(parts):
            found[file.id] = parts
    return found


def _by_a_rare_word(question: str, listed: Sequence[File]) -> _Found:
    """Find files by a word that stands in the name of no other."""
    parts = {file.id: set(words_of(_stem(file))) for file in listed}
    counts = Counter(word for words in parts.values() for word in words)
    words = set(words_of(question))
    found: _Found = {}
    for file in listed:
        rare = [
            word
            for word in parts[file.id] & words
            if counts[word] == 1 and len(word) >= SHORTEST_WORD
        ]
        if rare:
            found[file.id] = rare
    return found


def _stem(file: File) -> str:
    return PurePath(file.filename).stem


def _replaced(question: str, found: _Found) -> str:
    """Return the question's words, with one sign for all words of names."""
    names = {word for words in found.values() for word in words}
    kept: list[str] = []
    for word in words_of(question):
        if word not in names:
            kept.append(word)
        elif kept[-1:] != [NAMED]:
            kept.append(NAMED)
    return " ".join(kept)
