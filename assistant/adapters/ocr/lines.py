"""Recognised lines: what an engine says, made into words with boxes."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from assistant.adapters.documents.normalisation import normalise

# A line that is less sure than this, of 1, is more often a stain or a part of a drawing than text.
# A single word may be right though the engine doubts it.
LEAST_SURE = 0.3
NUMBER_OF_COLUMNS = 12


class Seen(NamedTuple):
    """A word in pixels, and how sure the engine is, from 0 to 1."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


class SeenLine(NamedTuple):
    """Words of a line from left to right, and its block if the engine knows any."""

    words: list[Seen]
    block: int | None


def of_tesseract(answer: bytes) -> list[SeenLine]:
    """Read the table that tesseract writes, whose order is that of reading.

    Raises `ValueError` if it is none.
    """
    lines: dict[tuple[str, ...], SeenLine] = {}
    for row in answer.decode("utf-8", "replace").split("\n")[1:]:
        fields = row.split("\t")
        if len(fields) != NUMBER_OF_COLUMNS or not fields[11].strip():
            continue
        left, top, width, height = map(int, fields[6:10])
        confidence = min(max(float(fields[10]) / 100, 0.0), 1.0)
        word = Seen(
            normalise(fields[11].strip()), left, top, left + width, top + height, confidence
        )
        line = lines.setdefault(tuple(fields[1:5]), SeenLine([], int(fields[2])))
        if word.text and width > 0 < height:
            line.words.append(word)
    return [line for line in lines.values() if _is_text(line)]


def _is_text(line: SeenLine) -> bool:
    letters = sum(len(word.text) for word in line.words)
    return sum(word.confidence * len(word.text) for word in line.words) > LEAST_SURE * letters


def of_json(answer: Any) -> list[SeenLine]:
    """Read what the other engine's program says, lines of words; raises `ValueError`."""
    try:
        return list(_of_json(answer))
    except (TypeError, KeyError) as error:
        raise ValueError("the engine's answer makes no sense") from error


def _of_json(answer: Any) -> Iterator[SeenLine]:
    for seen in answer:
        words = [_seen(*word) for word in seen]
        words = [word for word in words if word.left < word.right and word.top < word.bottom]
        line = SeenLine([word for word in words if word.text], None)
        if _is_text(line):
            yield line


def _seen(text: object, box: Sequence[float], confidence: float) -> Seen:
    left, top, right, bottom = map(float, box)
    sure = min(max(float(confidence), 0.0), 1.0)
    return Seen(normalise(str(text)).strip(), left, top, right, bottom, sure)
