"""Reading the vectors out of an endpoint's answer, and trusting nothing in it."""

import base64
import binascii
from typing import Any

import numpy as np

from assistant.ports import Vectors


class Unusable(ValueError):
    """The answer holds no vectors that can be used; the words end a sentence."""


def vectors_of(answer: Any, count: int) -> Vectors:
    """Return unit vectors in the order of the texts; raises `Unusable`.

    They come as lists of numbers or as base64 of four bytes a number, whatever was asked for.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        raise Unusable("answered with something that is no list of embeddings")
    if len(data) != count:
        raise Unusable(f"returned {len(data)} vectors for {count} texts")
    rows: dict[int, Vectors] = {}
    for place, item in enumerate(data):
        if not isinstance(item, dict):
            raise Unusable("answered with something that is no list of embeddings")
        number = item.get("index", place)
        rows[number if isinstance(number, int) else place] = _row(item.get("embedding"))
    if set(rows) != set(range(count)):
        raise Unusable("did not say which vector is whose")
    if len({len(row) for row in rows.values()}) > 1:
        raise Unusable("returned vectors of different lengths")
    return _unit(np.stack([rows[number] for number in range(count)]))


def _row(value: Any) -> Vectors:
    try:
        if isinstance(value, str):
            row = np.frombuffer(base64.b64decode(value, validate=True), "<f4")
        else:
            row = np.asarray(value, np.float32)
    except (ValueError, TypeError, binascii.Error):
        raise Unusable("returned vectors that are not made of numbers") from None
    if row.ndim != 1 or not len(row):
        raise Unusable("returned a vector without numbers")
    return row.astype(np.float32, copy=False)


def _unit(rows: Vectors) -> Vectors:
    # In double precision, or large numbers would become infinite when they are squared.
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not (norms > 0).all():
        raise Unusable("returned vectors that are no numbers (NaN), or nothing but zeros")
    return np.asarray(rows / norms, np.float32)
