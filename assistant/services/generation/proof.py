"""Prove an answer: what supports each of its sentences, and the quotes that show it."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import Unavailable
from assistant.extensions import adapters
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.quotes import LONGEST_QUESTION, Asked, quotes_of
from assistant.services.evidence.statements import Statements
from assistant.services.evidence.support import find_support
from assistant.services.evidence.wording import Words
from assistant.services.generation import evidence
from assistant.services.generation.citations import MarkerFilter
from assistant.services.generation.languages import detect
from assistant.services.generation.sentences import Sentence, sentences_of
from assistant.services.jobs import Stopped
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit

logger = logging.getLogger(__name__)

# How much of a sentence another passage must have than the one that it names.
SURE = 0.6
# So much of a text tells its language.
SAMPLE = 600


@dataclass(frozen=True, slots=True)
class Proof:
    """What a message keeps of it; `support` is None if the answer could not be checked."""

    citations: list[Any] = field(default_factory=list)
    support: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    sentence: Sentence
    supported: bool | None
    markers: Sequence[int]


def prove(
    owner_id: uuid.UUID,
    asked: str,
    question: Question,
    hits: Sequence[Hit],
    answer: str,
    markers: MarkerFilter,
    check: Callable[[], None] = lambda: None,
) -> Proof:
    """Check the sentences of an answer against the passages that it was made from, and quote them.

    A sentence that states nothing, such as that the documents do not say it, is neither supported
    nor not; an answer of nothing else cites nothing, whatever markers it has. `check` is called for
    each sentence, and raises if the work must be put down. What goes wrong otherwise does not cost
    the answer, which has been given out.
    """
    try:
        return _prove(owner_id, asked, question, hits, answer, markers, check)
    except (Stopped, Unavailable):
        # The job is put down, or tried again without being counted.
        raise
    except Exception:
        logger.exception("an answer could not be checked")
        return Proof()


def _prove(
    owner_id: uuid.UUID,
    asked: str,
    question: Question,
    hits: Sequence[Hit],
    answer: str,
    markers: MarkerFilter,
    check: Callable[[], None],
) -> Proof:
    statements = Statements(hits, adapters.embedding_model.embed)
    words = Words(asked[:LONGEST_QUESTION])
    sentences = sentences_of(answer, markers.form, markers.used)
    foreign = _is_foreign(answer, hits)
    checked = []
    for sentence in sentences:
        check()
        checked.append(_check(sentence, statements, words, foreign=foreign))
    support = [
        {
            "start": one.sentence.start,
            "end": one.sentence.end,
            "supported": one.supported,
            "citations": list(one.markers),
        }
        for one in checked
    ]
    if all(one.sentence.states_nothing for one in checked):
        return Proof(support=support)
    quotes = [
        (marker, quote)
        for marker, said in _said_of(checked, markers.used).items()
        for quote in quotes_of(marker - 1, said, statements, Asked(words, question.vector()))
    ]
    return Proof(evidence.citations(owner_id, hits, quotes), support)


def _check(sentence: Sentence, statements: Statements, asked: Words, *, foreign: bool) -> _Checked:
    if sentence.states_nothing:
        return _Checked(sentence, None, ())
    own = [
        marker
        for marker in sentence.passages
        if find_support(sentence.said, statements, statements.of([marker - 1]), asked)
    ]
    if own:
        return _Checked(sentence, True, own)
    found = find_support(sentence.said, statements, statements.all, asked)
    if found is not None and (not sentence.passages or found.share > SURE):
        return _Checked(sentence, True, [found.window[0].passage + 1])
    if len(sentence.passages) > 1 and (several := _from_several(sentence, statements, asked)):
        return _Checked(sentence, True, several)
    if foreign:
        return _check_foreign(sentence, statements)
    return _Checked(sentence, False, ())


def _from_several(sentence: Sentence, statements: Statements, asked: Words) -> list[int]:
    """Return the passages of which each proves a part of a sentence; none if a part is left."""
    among = statements.of([marker - 1 for marker in sentence.passages])
    clauses = sentence.said.clauses
    found = [find_support(clause, statements, among, asked) for clause in clauses]
    if len(clauses) < 2 or None in found:
        return []
    return sorted({one.window[0].passage + 1 for one in found if one})


def _is_foreign(answer: str, hits: Sequence[Hit]) -> bool:
    """Return whether an answer is in another language than all of its passages."""
    language = detect(answer)
    return all(detect(hit.text[:SAMPLE]) != language for hit in hits)


def _check_foreign(sentence: Sentence, statements: Statements) -> _Checked:
    """Check what is the same in all languages: figures, codes and names."""
    said = sentence.said
    marks = [*said.numbers, *(frozenset({code}) for code in said.codes)]
    if not marks:
        return _Checked(sentence, None, sentence.passages)
    among = statements.of([marker - 1 for marker in sentence.passages]) or statements.all
    for one in among:
        if all(mark & (one.values | one.codes) for mark in marks):
            return _Checked(sentence, True, [one.passage + 1])
    return _Checked(sentence, False, ())


def _said_of(checked: Sequence[_Checked], used: Sequence[int]) -> dict[int, list[Particulars]]:
    """Return for each passage what was said of it; what is proved counts before what is not."""
    said: dict[int, list[Particulars]] = {}
    for one in checked:
        for marker in one.markers:
            said.setdefault(marker, []).append(one.sentence.said)
        for marker in one.sentence.passages:
            said.setdefault(marker, [])
    for one in checked:
        for marker in one.sentence.passages:
            said[marker] = said[marker] or [one.sentence.said]
    for marker in used:
        said.setdefault(marker, [one.sentence.said for one in checked[:1]])
    return said
