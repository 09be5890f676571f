"""Embed texts that a client sends: a question to the search workers, who have the model."""

import base64
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.errors import InvalidInput, RateLimited
from assistant.extensions import adapters, settings
from assistant.models import Queue
from assistant.ports import EmbeddingModel, Offsets, Vectors
from assistant.services import worker_calls
from assistant.services.worker_calls import Call

# So much takes a worker about a second, after which a search may come before the next batch.
BATCH_TEXTS, BATCH_CHARACTERS = 32, 50_000
# Of one text. Longer ones are documents.
MOST_TOKENS, MOST_CHARACTERS = 8192, 200_000
# A piece that begins within a word may have more tokens than the same letters had in it.
SPARE_TOKENS = 8
# How long a batch waits while others of the same user are at work.
PATIENCE_SECONDS = 30.0

EMBED = Call(
    task="embeddings.run",
    queue=Queue.SEARCH,
    # Fewer than searches, which stand in the same line.
    most=2,
    away="Embedding is not available at the moment. Try again.",
    silent="No search worker answered. Check that one runs, or try again.",
    unexpected="Something unexpected went wrong; the operator finds it in the search worker's log.",
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """Unit vectors as little-endian float32 in base64, and how many tokens were read."""

    vectors: list[str]
    dimensions: int
    tokens: int


def embed(owner_id: uuid.UUID, texts: Sequence[str], dimensions: int | None) -> Embedded:
    """Return a vector per text, in their order.

    Raises `InvalidInput` for a text that is too long, and if vectors are not of the `dimensions`.
    """
    for number, text in enumerate(texts):
        if len(text) > MOST_CHARACTERS:
            raise _too_long(number)
    vectors: list[str] = []
    size = tokens = 0
    for batch in _batches(texts):
        said = _ask(owner_id, batch)
        if "too_long" in said:
            raise _too_long(len(vectors) + said["too_long"])
        size = said["dimensions"]
        if dimensions not in (None, size):
            raise InvalidInput(
                f"The vectors of '{settings.embedding_model}' have {size} dimensions, and cannot "
                "have others. Leave `dimensions` out.",
                pointer="/dimensions",
            )
        vectors += said["vectors"]
        tokens += said["tokens"]
    return Embedded(vectors, size, tokens)


def _too_long(number: int) -> InvalidInput:
    return InvalidInput(
        f"input[{number}] has more than the {MOST_TOKENS} tokens that one text may have. Cut it, "
        "or upload it as a document.",
        pointer="/input",
    )


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == BATCH_TEXTS or characters + len(text) > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    yield batch


def _ask(owner_id: uuid.UUID, texts: list[str]) -> dict[str, Any]:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            body = worker_calls.ask(EMBED, owner_id, {"texts": texts}, settings.search_timeout)
        except RateLimited:
            if time.monotonic() > give_up:
                raise
        else:
            said: dict[str, Any] = json.loads(body)
            return said


def answer(call_id: str, request: dict[str, Any]) -> None:
    """Embed what a message from `embed` holds, and send the vectors or what went wrong back."""
    worker_calls.answer(EMBED, call_id, lambda: embedded(request["texts"]))


def embedded(texts: Sequence[str]) -> dict[str, Any]:
    """Return the vectors of texts; of one that is longer than the model reads, of all its parts."""
    model = adapters.embedding_model
    offsets = model.locate_tokens(texts)
    for number, found in enumerate(offsets):
        if len(found) > MOST_TOKENS:
            return {"too_long": number}
    vectors = _whole(model, texts, offsets)
    return {
        "vectors": [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors],
        "dimensions": int(vectors.shape[1]),
        "tokens": sum(max(len(found), 1) for found in offsets),
    }


def _whole(model: EmbeddingModel, texts: Sequence[str], offsets: Sequence[Offsets]) -> Vectors:
    """Embed each text in parts that the model reads, and add these up by how long they are."""
    parts: list[str] = []
    weights: list[int] = []
    firsts: list[int] = []
    for text, found in zip(texts, offsets, strict=True):
        firsts.append(len(parts))
        for part, tokens in _parts(text, found, model.window):
            parts.append(part)
            weights.append(tokens)
    rows = model.embed(parts) * np.array(weights, np.float32)[:, None]
    sums = np.add.reduceat(rows, firsts, axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(norms, 1e-12), np.float32)


def _parts(text: str, found: Offsets, window: int) -> Iterator[tuple[str, int]]:
    if len(found) <= window:
        yield text, 1
        return
    step = max(window - SPARE_TOKENS, 1)
    cuts = [*(int(start) for start in found[step::step]), len(text)]
    begin = 0
    for number, cut in enumerate(cuts):
        yield text[begin:cut], min(step, len(found) - number * step)
        begin = cut
