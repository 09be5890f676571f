"""Embedding texts by an OpenAI-compatible server, within limits that hold whatever it does."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from assistant.adapters.chat.connections import note_new_connection, stale
from assistant.adapters.chat.loop import background_loop
from assistant.adapters.chat.quoting import Called
from assistant.adapters.endpoint import failures
from assistant.adapters.endpoint.answers import Unusable, vectors_of
from assistant.adapters.endpoint.failures import AnswerTooLong
from assistant.adapters.endpoint.tokens import ByteBound, TokenizerFile
from assistant.adapters.model_access import ModelAccess
from assistant.ports import Offsets, Vectors

# Local servers want no key, but the SDK does.
NO_KEY = "none"
CONNECT_SECONDS = 5.0
# Of texts, in one request; providers allow more.
BATCH_CHARACTERS = 100_000
# What a model adds to a text of its own: where it begins and ends, and the like.
MARKS = 8
# A long vector in decimal digits, and what every answer has besides.
BYTES_A_TEXT, BYTES_BESIDE = 512 * 1024, 64 * 1024
POOL = httpx2.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the endpoint reads of a text in tokens, how many texts at once, and its seconds."""

    window: int
    batch: int
    seconds: float
    tokenizer: Path | None = None


class EndpointModel:
    """An `EmbeddingModel` that somebody else runs; shared by all threads of a process.

    `name` stands with the vectors, `model` is what the server calls it.
    """

    def __init__(self, name: str, model: str, access: ModelAccess, limits: Limits) -> None:
        self.name = name
        self._model = model
        self._access = access
        self._limits = limits
        self._lock = threading.Lock()
        self._tokens: ByteBound | TokenizerFile | None = None
        self._dimensions: int | None = None
        self._encoding = "base64"
        # Connections belong to one event loop, so a forked process gets a client of its own.
        self._clients: dict[int, AsyncOpenAI] = {}

    @property
    def backend(self) -> str:
        """Return where it runs."""
        return f"the endpoint at {self._access.server}"

    @property
    def dimensions(self) -> int:
        """Return the length of a vector, which the first call tells."""
        if self._dimensions is None:
            self.embed(["dimensions"])
        assert self._dimensions is not None
        return self._dimensions

    @property
    def window(self) -> int:
        """Return how many tokens of a text are read, without those that the model adds itself."""
        return max(1, self._limits.window - MARKS)

    def locate_tokens(self, texts: Sequence[str]) -> Sequence[Offsets]:
        """Return where the tokens of each text begin; without the tokenizer at the earliest."""
        with self._lock:
            if self._tokens is None:
                path = self._limits.tokenizer
                self._tokens = TokenizerFile(path) if path else ByteBound()
        return self._tokens.locate(texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text; raises `TransientError` or `PermanentError`."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        return np.concatenate([self._embed(batch) for batch in self._batches(texts)])

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        characters = 0
        for text in texts:
            full = len(batch) == self._limits.batch or characters + len(text) > BATCH_CHARACTERS
            if batch and full:
                yield batch
                batch, characters = [], 0
            # Many refuse an empty text.
            batch.append(text or " ")
            characters += len(text)
        yield batch

    def _embed(self, texts: list[str]) -> Vectors:
        called = Called(self._access.server, self._model, self._access.key, texts)
        answer = asyncio.run_coroutine_threadsafe(
            self._ask_in_time(called, texts), background_loop()
        ).result()
        try:
            vectors = vectors_of(answer, len(texts))
        except Unusable as error:
            raise failures.bad_answer(called, str(error)) from None
        with self._lock:
            known = self._dimensions = self._dimensions or vectors.shape[1]
        if vectors.shape[1] != known:
            raise failures.wrong_dimension(called, vectors.shape[1], known)
        return vectors

    async def _ask_in_time(self, called: Called, texts: list[str]) -> Any:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._ask(called, texts)
        except TimeoutError:
            raise failures.timed_out(called) from None

    async def _ask(self, called: Called, texts: list[str]) -> Any:
        while True:
            encoding = self._encoding
            body = {"model": self._model, "input": texts, "encoding_format": encoding}
            try:
                # `embeddings.create` is this call, and then decodes only what it expects.
                return await self._client().post("/embeddings", body=body, cast_to=object)
            except openai.APIStatusError as error:
                if encoding == "float" or "encoding_format" not in str(error.body):
                    raise failures.refused(called, error) from None
                self._encoding = "float"
            except openai.APIConnectionError as error:
                if not stale(error):
                    raise failures.unreachable(called, error) from None
            except openai.APIError as error:
                raise failures.bad_answer(called, "sent an answer that cannot be read") from error
            except (ValueError, httpx2.InvalidURL) as error:
                raise failures.bad_answer(called, "cannot be asked, or sent no JSON") from error

    def _client(self) -> AsyncOpenAI:
        client = self._clients.get(os.getpid())
        if client is None:
            client = self._clients[os.getpid()] = AsyncOpenAI(
                base_url=self._access.url,
                api_key=self._access.key or NO_KEY,
                max_retries=0,
                timeout=httpx2.Timeout(self._limits.seconds, connect=CONNECT_SECONDS),
                http_client=DefaultAsyncHttpxClient(
                    limits=POOL,
                    event_hooks={"request": [note_new_connection], "response": [self._bound]},
                ),
            )
        return client

    async def _bound(self, response: httpx2.Response) -> None:
        most = BYTES_BESIDE + BYTES_A_TEXT * self._limits.batch
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream, most)


class _Bounded(httpx2.AsyncByteStream):
    """A body of which no more is read than it may have."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise AnswerTooLong("too long")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
