"""Take the markers of passages out of an answer as it comes, and say what stood where."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.services.generation.citations import MarkerFilter
from assistant.services.generation.proof import prove
from assistant.services.responses.file_search import Found
from assistant.services.responses.output_items import Members
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit

# Around markers, between the filter that finds them and what takes them out; no model's own.
BEGIN, END = "\ue000", "\ue001"
OWN = str.maketrans({BEGIN: "\ufffd", END: "\ufffd"})
MARKERS = re.compile(r"[ \u00a0]?(?:\[\d+\])+")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an answer a passage is named, by its number from 1."""

    index: int
    number: int


class CitingFilter(MarkerFilter):
    """Lets an answer through without any marker; `marked` is the answer with them."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.marked = ""
        self.places: list[Place] = []
        self.count = count
        self._length = 0

    def feed(self, delta: str) -> str:
        """Return what can be given out now that this text has arrived."""
        return self._without(super().feed(delta.translate(OWN)))

    def close(self) -> str:
        """Return what was still held back."""
        return self._without(super().close())

    def _settle(self) -> str:
        # What stands in code is no marker, whatever it looks like.
        is_code = bool(self._code)
        shown = super()._settle()
        return f"{BEGIN}{shown}{END}" if MARKERS.fullmatch(shown) and not is_code else shown

    def _without(self, given: str) -> str:
        kept = []
        for number, piece in enumerate(re.split(f"[{BEGIN}{END}]", given)):
            # They come in pairs, and never one of them alone.
            if number % 2:
                self.places += [Place(self._length, int(one)) for one in NUMBER.findall(piece)]
            else:
                kept.append(piece)
                self._length += len(piece)
            self.marked += piece
        return "".join(kept)


def annotations_of(
    owner_id: uuid.UUID,
    question: Question,
    hits: Sequence[Hit],
    found: Sequence[Found],
    markers: CitingFilter,
    check: Callable[[], None],
) -> list[Members]:
    """Return the citations of an answer that was made from these hits.

    Where a model names no passage at all, those count that prove its sentences.
    """
    places = markers.places
    if not places:
        # Then the answer has the same places with markers and without.
        proof = prove(owner_id, question.text, question, hits, markers.marked, markers, check)
        places = [
            Place(one["end"], number)
            for one in proof.support or ()
            if one["supported"]
            for number in one["citations"]
        ]
    files = {one.hit.document_id: one for one in found}
    cited = dict.fromkeys(Place(p.index, p.number) for p in places if 1 <= p.number <= len(hits))
    return [
        {
            "type": "file_citation",
            "index": place.index,
            "file_id": files[hits[place.number - 1].document_id].file_id,
            "filename": files[hits[place.number - 1].document_id].filename,
        }
        for place in cited
    ]
