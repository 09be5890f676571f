"""Neighbouring chunks of one document as one passage, which is still a slice of its text."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from sqlalchemy import func, select

from assistant.database import transaction
from assistant.models import DocumentText
from assistant.services.retrieval.retrieval import Hit

# Between neighbours, where white space was trimmed.
WIDEST_GAP = 8


def joined(owner_id: uuid.UUID, hits: Sequence[Hit]) -> list[Hit]:
    """Return hits with neighbours joined, each in the place of the best of its parts."""
    places = {id(hit): place for place, hit in enumerate(hits)}
    runs: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda hit: (hit.document_id, hit.generation, hit.start, hit.end)):
        if runs and _touch(runs[-1], hit):
            runs[-1].append(hit)
        else:
            runs.append([hit])
    runs.sort(key=lambda run: min(places[id(hit)] for hit in run))
    return [run[0] if len(run) == 1 else _join(owner_id, run) for run in runs]


def _touch(run: Sequence[Hit], hit: Hit) -> bool:
    last = run[-1]
    end = max(one.end for one in run)
    is_same = (last.document_id, last.generation) == (hit.document_id, hit.generation)
    return is_same and (
        hit.start <= end or (hit.ordinal == last.ordinal + 1 and hit.start - end <= WIDEST_GAP)
    )


def _join(owner_id: uuid.UUID, run: Sequence[Hit]) -> Hit:
    """Return one passage for several that touch; all of it stands under what they share."""
    best = max(run, key=lambda hit: hit.score)
    text = _together(run)
    end = max(hit.end for hit in run)
    if text is None:
        text = _slice(owner_id, run[0], end)
    if text is None:
        # Taken away since it was found.
        return best
    return replace(
        best,
        ordinal=run[0].ordinal,
        page=run[0].page,
        start=run[0].start,
        end=end,
        text=text,
        headings=_common([hit.headings for hit in run]),
        table_header=run[0].table_header,
    )


def _together(run: Sequence[Hit]) -> str | None:
    """Return the text of passages that overlap; None if white space is missing between some."""
    text, covered = "", run[0].start
    for hit in run:
        if hit.start > covered:
            return None
        text += hit.text[covered - hit.start :]
        covered = max(covered, hit.end)
    return text


def _common(paths: Sequence[Sequence[str]]) -> tuple[str, ...]:
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))
    return tuple(level[0] for level in levels)


def _slice(owner_id: uuid.UUID, hit: Hit, end: int) -> str | None:
    query = select(func.substr(DocumentText.text, hit.start + 1, end - hit.start)).where(
        DocumentText.document_id == hit.document_id, DocumentText.generation == hit.generation
    )
    with transaction(owner_id) as session:
        return session.scalar(query)
