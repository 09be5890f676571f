"""Markers that can only be told from other text when a reply has ended: `[^1]` and `(1)`."""

# Full stops of many scripts.
# ruff: noqa: RUF001

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

_CODE = re.compile(
    r"(?ms)^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)"
)
_LINE_START = re.compile(r"[ \t>*#-]*")
_STOP = r"[.!?…。！？｡।؟]"
_AFTER_STOP = re.compile(rf"{_STOP}[\"'”’»」』)）]*\s*$")
_BEFORE_END = re.compile(rf"\s*(?:{_STOP}|\n|$)")


class Form(StrEnum):
    """How a reply marks what a sentence rests on."""

    BRACKETS = "[1]"
    FOOTNOTES = "[^1]"
    PARENTHESES = "(1)"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what finds a marker of this form; its number is the group."""
        return _PATTERNS[self]


_PATTERNS = {
    Form.BRACKETS: re.compile(r"\[(\d{1,3})\]"),
    Form.FOOTNOTES: re.compile(r"\[\^(\d{1,3})\]"),
    Form.PARENTHESES: re.compile(r"\((\d{1,3})\)"),
}


def form_of(text: str, count: int) -> tuple[Form, list[int]]:
    """Return how a reply without `[1]` marks, and which passages it names, in its order.

    A form counts if all that looks like it stands at a sentence's end and names a passage: a list
    with `(1)` at its lines, or `f(1)`, has another use for it.
    """
    prose = _CODE.sub(lambda code: re.sub(r"\S", " ", code[0]), text)
    for form in (Form.FOOTNOTES, Form.PARENTHESES):
        numbers = list(_used(prose, form, count))
        if numbers and all(numbers):
            return form, list(dict.fromkeys(numbers))
    return Form.BRACKETS, []


def _used(text: str, form: Form, count: int) -> Iterator[int]:
    """Yield what each marker names; 0 for what is none."""
    runs = re.finditer(rf"(?:{form.pattern.pattern}[ ]?)+", text)
    for run in runs:
        numbers = [int(number) for number in form.pattern.findall(run[0])]
        end = run.start() + len(run[0].rstrip())
        if form is Form.FOOTNOTES and text.startswith(":", end):
            # What the note says, below the text.
            continue
        if _is_marker(text, run.start(), end, form) and _are_passages(numbers, count):
            yield from numbers
        else:
            yield 0


def _is_marker(text: str, start: int, end: int, form: Form) -> bool:
    if _LINE_START.fullmatch(text, text.rfind("\n", 0, start) + 1, start):
        return False
    if (
        form is Form.PARENTHESES
        and start
        and text[start - 1].isascii()
        and text[start - 1].isalnum()
    ):
        return False
    after_stop = _AFTER_STOP.search(text[max(0, start - 8) : start])
    if after_stop and (end == len(text) or text[end].isspace()):
        return True
    return bool(_BEFORE_END.match(text, end))


def _are_passages(numbers: Sequence[int], count: int) -> bool:
    return all(1 <= number <= count for number in numbers)
