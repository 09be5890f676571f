"""What a reply is made from: passages, whole documents, or the talk alone."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from assistant.pieces import with_header
from assistant.services.generation import (
    answerability,
    follow_ups,
    named_files,
    near_duplicates,
    whole_documents,
)
from assistant.services.generation.follow_ups import Asked, Leaning, Turn
from assistant.services.generation.joining import joined
from assistant.services.generation.named_files import File, Files
from assistant.services.generation.whole_documents import FRAME_TOKENS
from assistant.services.generation.wording import small_talk
from assistant.services.generation.wording.whole_documents import is_about_a_whole
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope, find
from assistant.services.retrieval.tuning import Tuning, installed
from assistant.token_estimates import estimate_tokens

# Of what is found, near-duplicates take no places from others.
OVERSAMPLING = 2
# The part of the room that a request about whole documents leaves to what it may have asked for.
FOUND_BESIDE = 0.25


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a reply is made from, best first.

    `question` is what was searched for. Without hits the reply is a refusal, unless it `is_talk`,
    which is answered without documents. `wholes` are documents in their own order if a question is
    about them as a whole, and `is_excerpt` says that parts of them are left out. Each of those that
    are `sharing` is to have a part in the answer.
    """

    question: Question
    hits: Sequence[Hit] = ()
    is_talk: bool = False
    wholes: Sequence[Hit] = ()
    is_excerpt: bool = False
    sharing: Sequence[uuid.UUID] = ()


def gather(
    scope: Scope,
    text: str,
    history: Sequence[Turn],
    room: int,
    recent: Sequence[uuid.UUID] = (),
    tuning: Tuning | None = None,
) -> Gathered:
    """Return what to answer a message from, in so many tokens.

    `history` is the branch that leads to it, and `recent` the documents that its last reply cited.
    Without `tuning` it is found as the operator has set it.
    """
    tuning = tuning or installed()
    question = Question(scope.owner_id, text)
    if small_talk.languages_of(text) is not None:
        return Gathered(question, is_talk=True)
    files = named_files.read(scope, text)
    if not files.listed:
        return Gathered(question)
    asked = follow_ups.read(text, history)
    if is_about_a_whole(files.request):
        return _whole(scope, asked, _wanted(files, scope, recent), room, tuning)
    sharing = _sharing(files, scope)
    found = _search(scope, asked, sharing, tuning)
    if not found.is_answerable:
        return Gathered(found.question)
    hits = joined(scope.owner_id, _that_fit(found.hits, room))
    return Gathered(found.question, hits, sharing=[file.id for file in sharing])


def _wanted(files: Files, scope: Scope, recent: Sequence[uuid.UUID]) -> Sequence[File]:
    """Return the documents that a request about a whole one means: all, if nothing says which."""
    if files.named:
        return files.named
    cited = [file for file in files.listed if file.id in recent]
    return files.listed if scope.document_ids else cited or files.listed


def _whole(
    scope: Scope, asked: Asked, files: Sequence[File], room: int, tuning: Tuning
) -> Gathered:
    """Show documents as a whole; beside an excerpt what may have been asked for stands first."""
    wholes = whole_documents.read(scope.owner_id, files, room)
    question = Question(scope.owner_id, asked.text)
    if not wholes.is_excerpt:
        return Gathered(question, wholes.hits, wholes=wholes.hits)
    beside = int(room * FOUND_BESIDE)
    wholes = whole_documents.read(scope.owner_id, files, room - beside)
    within = replace(scope, document_ids=[file.id for file in files])
    found = _search(within, asked, (), tuning)
    shown = [*_that_fit(found.hits, beside), *wholes.hits]
    hits = joined(scope.owner_id, shown)
    return Gathered(question, hits, wholes=wholes.hits, is_excerpt=True)


def _sharing(files: Files, scope: Scope) -> Sequence[File]:
    """Return the documents of which each is to have a share of the places."""
    if files.named:
        return files.named
    is_choice = files.compared or bool(scope.document_ids)
    return files.listed if is_choice and 1 < len(files.listed) <= named_files.MOST_NAMED else ()


@dataclass(frozen=True, slots=True)
class _Found:
    question: Question
    hits: Sequence[Hit]
    is_answerable: bool


def _search(scope: Scope, asked: Asked, sharing: Sequence[File], tuning: Tuning) -> _Found:
    """Search for a question, and for what it leans on if it may lean on anything."""
    limit = tuning.limit
    alone = Question(scope.owner_id, asked.text)
    if asked.widened is None:
        hits = _find(scope, alone, tuning, sharing)
        return _Found(alone, hits, answerability.judge(asked.text, asked.language, hits, tuning))
    own = _find(scope, alone, tuning, sharing)
    wide = Question(scope.owner_id, asked.widened)
    leaning = _find(scope, wide, tuning, sharing)
    if asked.leaning is Leaning.SURELY:
        hits = _in_turns(leaning, leaning, own)[:limit]
        fits = asked.is_answered or answerability.judge(
            asked.widened, asked.language, leaning, tuning
        )
        return _Found(wide, hits, fits)
    stands = answerability.judge(asked.text, asked.language, own, tuning)
    hits = _in_turns(own, leaning)[:limit]
    fits = stands or answerability.judge_leaning(asked, leaning)
    return _Found(alone if stands else wide, hits, fits)


def _find(scope: Scope, question: Question, tuning: Tuning, sharing: Sequence[File]) -> list[Hit]:
    """Return the best chunks, near-duplicates last, at least some of each document that shares."""
    limit = tuning.limit
    found = near_duplicates.spread(_found(scope, question, tuning))
    if not sharing:
        return found[:limit]
    each = max(limit // (2 * len(sharing)), 1)
    shares = [
        near_duplicates.spread(_found(replace(scope, document_ids=[file.id]), question, tuning))[
            :each
        ]
        for file in sharing
    ]
    return _once([*_in_turns(*shares), *found])[:limit]


def _found(scope: Scope, question: Question, tuning: Tuning) -> list[Hit]:
    most = tuning.limit * OVERSAMPLING
    return find(scope, question, most, tuning.ranking, rerank=tuning.rerank)


def _in_turns(*lists: Sequence[Hit]) -> list[Hit]:
    """Return the best of each list, then the next of each; a list given twice has two turns."""
    turns: list[Iterable[Hit]] = []
    seen: dict[int, int] = {}
    for one in lists:
        step, first = sum(other is one for other in lists), seen.get(id(one), 0)
        seen[id(one)] = first + 1
        turns.append(one[first::step])
    return _once(hit for hit in chain.from_iterable(zip_longest(*turns)) if hit is not None)


def _once(hits: Iterable[Hit]) -> list[Hit]:
    kept: dict[object, Hit] = {}
    for hit in hits:
        kept.setdefault((hit.document_id, hit.generation, hit.ordinal), hit)
    return list(kept.values())


def _that_fit(hits: Sequence[Hit], room: int) -> list[Hit]:
    """Return the best hits that fit together; the first one even if it does not."""
    kept: list[Hit] = []
    for hit in hits:
        room -= estimate_tokens(with_header(hit.table_header, hit.text)) + FRAME_TOKENS
        if room < 0 and kept:
            break
        kept.append(hit)
    return kept
