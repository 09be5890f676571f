"""Cut an answer into its sentences, each with the passages that its markers name."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.unanswered import states_nothing
from assistant.services.evidence.units import Kind, Unit, units_of
from assistant.services.generation.footnotes import Form

# What stands before a sentence and is none of it: the mark of an item, its number, emphasis.
_LEAD = re.compile(r"\s*(?:(?:[-*•‣·+>]|\(?\d{1,3}[.)])\s+)*[*_]*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A slice of an answer, what it says without its markers, and the passages that those name."""

    start: int
    end: int
    said: Particulars
    passages: Sequence[int]

    @property
    def states_nothing(self) -> bool:
        """Return whether there is nothing in it to be proved."""
        return not self.said.words.terms or states_nothing(self.said.text)


def sentences_of(answer: str, form: Form, markers: Collection[int]) -> list[Sentence]:
    """Return the sentences and rows of an answer; its headings and its code state nothing.

    A marker behind a full stop belongs to the sentence before.
    """
    spans: list[tuple[int, int]] = []
    block = -1
    for unit in units_of(answer):
        if unit.kind in (Kind.HEADING, Kind.CODE):
            block = -1
            continue
        start = unit.start + _markers_before(answer, unit, form)
        if start > unit.start and (unit.block == block or start == unit.end) and spans:
            spans[-1] = (spans[-1][0], unit.start + len(answer[unit.start : start].rstrip()))
            start += len(answer[start : unit.end]) - len(answer[start : unit.end].lstrip())
        else:
            start = unit.start
        if start < unit.end:
            spans.append((start, unit.end))
        block = unit.block
    return [_sentence(answer, *span, form, markers) for span in spans]


def _markers_before(answer: str, unit: Unit, form: Form) -> int:
    before = re.compile(rf"(?:{form.pattern.pattern}[ .]?)*")
    match = before.match(answer, unit.start, unit.end)
    return match.end() - unit.start if match else 0


def _sentence(answer: str, start: int, end: int, form: Form, markers: Collection[int]) -> Sentence:
    text = answer[start:end]
    named = [int(number) for number in form.pattern.findall(text)]
    bare = form.pattern.sub("", text)
    bare = bare[lead.end() :] if (lead := _LEAD.match(bare)) else bare
    passages = list(dict.fromkeys(number for number in named if number in markers))
    return Sentence(start, end, Particulars(bare.replace("**", "").strip()), passages)
