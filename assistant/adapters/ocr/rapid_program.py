"""The program that recognises text with rapidocr: a picture on standard input, JSON as answer."""

import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from assistant.adapters.documents.confinement import confine

MEMORY = 3 * 1024**3
PARAMETERS = {
    "Global.log_level": "critical",
    # What looks whether a line stands on its head turns some that do not; pages are upright here.
    "Global.use_cls": False,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

# What stands between two spaces, except that each sign of a script without spaces is one.
WIDE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(f"[{WIDE}]|[^\\s{WIDE}]+")


def main(cpu_seconds: int, parent: int) -> None:
    """Recognise a picture under limits; models are loaded before their files are out of reach."""
    answer = os.dup(1)
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    cv2.setNumThreads(1)
    engine = RapidOCR(params=PARAMETERS)
    confine(parent, os.fstat(0).st_size, memory=MEMORY, cpu_seconds=cpu_seconds)
    with open(0, "rb") as file:
        picture = _grey(file.read())
    lines = _lines(engine(picture, return_word_box=True))
    with open(answer, "wb") as output:
        output.write(json.dumps(lines, ensure_ascii=False).encode())
    os._exit(0)


def _grey(data: bytes) -> Any:
    """Return the pixels of a portable grey map, three channels of them, as the engine wants it."""
    _, size, _, pixels = data.split(b"\n", 3)
    columns, rows = map(int, size.split())
    grey = np.frombuffer(pixels, np.uint8, columns * rows).reshape(rows, columns)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


Placed = tuple[str, tuple[float, ...], float]


def _lines(found: Any) -> list[list[Placed]]:
    """Return words with their boxes and how sure they are, line by line."""
    texts, boxes, scores = found.txts or (), found.boxes, found.scores
    lines = []
    for i, text in enumerate(texts):
        pieces = [
            (piece, _around(corners), float(sure)) for piece, sure, corners in found.word_results[i]
        ]
        words = _joined(text, pieces)
        lines.append(words or _spread(text, _around(boxes[i]), float(scores[i])))
    return lines


def _joined(text: str, pieces: Sequence[Placed]) -> list[Placed]:
    """Return the words of a line of which the engine gave pieces; none if those are not its text.

    Where a line has a Chinese sign, it takes all words apart into letters; of long lines it
    sometimes loses letters.
    """
    words: list[Placed] = []
    left = list(reversed(pieces))
    for match in WORD.finditer(text):
        word = match[0]
        parts: list[Placed] = []
        while left and sum(len(part) for part, *_ in parts) < len(word):
            parts.append(left.pop())
        if "".join(part for part, *_ in parts) != word:
            return []
        corners = np.array([box for _, box, _ in parts])
        box = (*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist())
        words.append((word, box, sum(sure for *_, sure in parts) / len(parts)))
    return [] if left else words


def _spread(text: str, box: tuple[float, ...], sure: float) -> list[Placed]:
    """Return the words of a line as if all letters were of one width."""
    left, top, right, bottom = box
    width = (right - left) / max(len(text), 1)
    return [
        (match[0], (left + match.start() * width, top, left + match.end() * width, bottom), sure)
        for match in WORD.finditer(text)
    ]


def _around(corners: Any) -> tuple[float, ...]:
    points = np.asarray(corners, float)
    return (*map(float, points.min(axis=0)), *map(float, points.max(axis=0)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
