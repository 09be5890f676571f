"""Embedding texts with a converted model: neither torch nor transformers is imported."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.adapters.converted.runtime import compile_model, openvino
from assistant.adapters.importing import one_at_a_time
from assistant.ports import Offsets, Vectors

GRAPH, TOKENIZER, DESCRIPTION = "model.xml", "tokenizer.json", "description.json"
# What one thread embeds at once: with more, memory grows and nothing gets faster.
BATCH_TOKENS, BATCH_TEXTS = 1024, 32
# From so many batches on, each thread works at one of its own.
MANY = 3
# Each length needs code of its own, made when it is first met; so there are fewer of them.
LENGTHS = 16

Rows = list[list[int]]


@dataclass(frozen=True, slots=True)
class Description:
    """What the graph and the tokenizer do not say; `inputs` is what pads each of the graph's."""

    dimensions: int
    # Tokens that are read of a text with the marks that the model adds; none if there is no end.
    longest: int | None
    window: int
    prompt: str
    inputs: dict[str, int]

    def write(self, folder: Path) -> None:
        """Write it beside the graph."""
        (folder / DESCRIPTION).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Description":
        """Read what was written."""
        return cls(**json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")))


class ConvertedModel:
    """An `EmbeddingModel` that was converted into a folder; it is loaded at once."""

    def __init__(self, name: str, folder: Path, precision: str, *, threads: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        with one_at_a_time:
            from tokenizers import Tokenizer
        self.name = name
        self.backend = f"OpenVINO {precision}"
        self._described = Description.read(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._compile = partial(compile_model, folder / GRAPH, precision, threads)
        self._threads = threads
        # For what is short, each batch by all threads.
        self._request = self._compile().create_infer_request()
        # The tokenizer is switched, and the request holds one batch.
        self._lock = threading.Lock()
        self._queue: Any = None
        self._bulk_lock = threading.Lock()

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return self._described.dimensions

    @property
    def window(self) -> int:
        """Return how many tokens of a text are read, without those that the model adds itself."""
        return self._described.window

    def locate_tokens(self, texts: Sequence[str]) -> list[Offsets]:
        """Return where the tokens of each text begin, however many there are."""
        with self._lock:
            self._tokenizer.no_truncation()
            found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.array([start for start, _ in one.offsets], np.int32) for one in found]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        read = self._read(texts)
        lengths = [len(row) for row in read["input_ids"]]
        planned = list(batches(lengths))
        run = self._in_bulk if len(planned) >= MANY and self._threads > 1 else self._in_turn
        run(read, planned, vectors)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)

    def _in_turn(self, read: dict[str, Rows], planned: list[list[int]], vectors: Vectors) -> None:
        for batch in planned:
            inputs = self._inputs(read, batch, 1)
            with self._lock:
                [vectors[batch]] = self._request.infer(inputs, share_inputs=True).values()

    def _in_bulk(self, read: dict[str, Rows], planned: list[list[int]], vectors: Vectors) -> None:
        """Embed a batch on each thread at a time; whoever asks for a few texts does not wait."""

        def take(request: Any, batch: list[int]) -> None:
            vectors[batch] = request.get_output_tensor().data

        with self._bulk_lock:
            if self._queue is None:
                compiled = self._compile(streams=self._threads)
                self._queue = openvino().AsyncInferQueue(compiled, self._threads)
            self._queue.set_callback(take)
            try:
                for batch in planned:
                    self._queue.start_async(self._inputs(read, batch, LENGTHS), batch)
            finally:
                self._queue.wait_all()

    def _inputs(
        self, read: dict[str, Rows], batch: list[int], multiple: int
    ) -> dict[str, NDArray[np.int64]]:
        return {
            name: self._pad(name, [rows[n] for n in batch], multiple) for name, rows in read.items()
        }

    def _read(self, texts: Sequence[str]) -> dict[str, Rows]:
        """Return what each input of the graph is given for each text."""
        with self._lock:
            if self._described.longest:
                self._tokenizer.enable_truncation(self._described.longest)
            else:
                self._tokenizer.no_truncation()
            found = self._tokenizer.encode_batch([self._described.prompt + text for text in texts])
        rows = {
            "input_ids": [one.ids for one in found],
            "attention_mask": [one.attention_mask for one in found],
            "token_type_ids": [one.type_ids for one in found],
        }
        return {name: rows[name] for name in self._described.inputs}

    def _pad(self, name: str, rows: Rows, multiple: int) -> NDArray[np.int64]:
        padding, longest = self._described.inputs[name], max(map(len, rows))
        # What a model has no position for it cannot be given, not even as padding.
        room = max(longest, self._described.longest or 0)
        length = min(-(-longest // multiple) * multiple, room)
        padded = np.full((len(rows), length), padding, np.int64)
        for row, values in zip(padded, rows, strict=True):
            row[: len(values)] = values
        return padded


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield which texts to embed together: as long as each other, so that padding is small."""
    # The longest come first: what does not fit into memory is seen at once.
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    while order:
        size = min(BATCH_TEXTS, max(1, BATCH_TOKENS // max(1, lengths[order[0]])))
        yield order[:size]
        del order[:size]
