"""Putting passages in order by a server, within limits that hold whatever it does.

Servers take one of two shapes. Cohere, Jina, vLLM and llama.cpp are sent `documents` and answer
with `results` that have a `relevance_score`; text-embeddings-inference is sent `texts` and answers
with a list that has a `score`. Which of them it is shows when the first one is refused.
"""

import asyncio
import json
import math
import os
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import httpx

from assistant.adapters.chat.loop import background_loop
from assistant.adapters.model_access import ModelAccess
from assistant.errors import TransientError

PATHS = ("/rerank", "/reranking")
CONNECT_SECONDS = 2.0
# After a failure nobody waits for it for so long.
REST_SECONDS = 30.0
MOST_BYTES = 1024 * 1024
POOL = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# How a server says that it wants the other shape.
MISUNDERSTOOD = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
# What breaks where a kept connection was closed at the other end.
DROPPED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class RerankServer:
    """A `Reranker` that somebody else runs; shared by all threads of a process."""

    def __init__(self, access: ModelAccess, model: str | None, seconds: float) -> None:
        self._access = access
        self._model = model
        self._seconds = seconds
        self._takes_texts = False
        self._rests_until = 0.0
        # Connections belong to one event loop, so a forked process gets a client of its own.
        self._clients: dict[int, httpx.AsyncClient] = {}

    @property
    def is_resting(self) -> bool:
        """Return whether it failed a moment ago, so that nobody should wait for it."""
        return time.monotonic() < self._rests_until

    def order(self, question: str, passages: Sequence[str]) -> list[int]:
        """Return the numbers of passages, best first; raises `TransientError`."""
        asking = self._ask_in_time(question, list(passages))
        try:
            answer = asyncio.run_coroutine_threadsafe(asking, background_loop()).result()
            return order_of(answer, len(passages))
        except ValueError as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise self._failure(str(error)) from None
        except TransientError:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise

    async def _ask_in_time(self, question: str, passages: list[str]) -> Any:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(question, passages)
        except (TimeoutError, httpx.TimeoutException):
            raise self._failure(
                f"did not answer within {self._seconds:g} s; a slow one needs a larger "
                "RERANK_TIMEOUT"
            ) from None
        except UnicodeEncodeError:
            raise self._failure("cannot be sent this key; check RERANK_API_KEY") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise self._failure("cannot be reached; check that it runs") from None

    async def _ask(self, question: str, passages: list[str]) -> Any:
        status, body = await self._send(question, passages, as_texts=self._takes_texts)
        if status in MISUNDERSTOOD:
            other = not self._takes_texts
            status, body = await self._send(question, passages, as_texts=other)
            if status == HTTPStatus.OK:
                self._takes_texts = other
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._failure("refused the key; check RERANK_API_KEY")
        if status != HTTPStatus.OK:
            raise self._failure(f"answered with {status}")
        try:
            return json.loads(body)
        except ValueError:
            raise ValueError("answered with something that is no JSON") from None

    async def _send(
        self, question: str, passages: list[str], *, as_texts: bool
    ) -> tuple[int, bytes]:
        body: dict[str, Any] = {"query": question}
        body |= {"texts": passages, "truncate": True} if as_texts else {"documents": passages}
        if self._model:
            body["model"] = self._model
        try:
            return await self._post(body)
        except DROPPED:
            # A kept connection may have been closed meanwhile; a new one tells.
            return await self._post(body)

    async def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        received = bytearray()
        async with self._client().stream("POST", self._address, json=body) as response:
            async for piece in response.aiter_bytes():
                received += piece
                if len(received) > MOST_BYTES:
                    raise ValueError("sent more than any order takes")
        return response.status_code, bytes(received)

    @property
    def _address(self) -> str:
        url = self._access.url.rstrip("/")
        return url if url.endswith(PATHS) else f"{url}{PATHS[0]}"

    def _client(self) -> httpx.AsyncClient:
        client = self._clients.get(os.getpid())
        if client is None:
            key = self._access.key
            client = self._clients[os.getpid()] = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx.Timeout(self._seconds, connect=CONNECT_SECONDS),
                limits=POOL,
                # A proxy from the environment must not get what goes to this very machine.
                trust_env=httpx.URL(self._access.url).host not in LOOPBACK,
            )
        return client

    def _failure(self, what: str) -> TransientError:
        return TransientError(
            f"The reranker at {self._access.server} {what}. Check RERANK_URL and RERANK_MODEL.",
            code="rerank_failed",
        )


def order_of(answer: Any, count: int) -> list[int]:
    """Return the numbers of passages by falling score, those without one last.

    Raises `ValueError`, whose words end a sentence, for what is no such answer.
    """
    listed = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        raise ValueError("answered with something that is no list of results")
    scores: dict[int, float] = {}
    for item in listed:
        number, score = _read(item)
        if not 0 <= number < count or number in scores:
            raise ValueError("did not say which passage is meant")
        scores[number] = score
    ranked = sorted(scores, key=lambda number: (-scores[number], number))
    return [*ranked, *(number for number in range(count) if number not in scores)]


def _read(item: Any) -> tuple[int, float]:
    found = item if isinstance(item, dict) else {}
    number, score = found.get("index"), found.get("relevance_score", found.get("score"))
    # Not `isinstance`: a truth value is an `int`, too.
    if type(number) is not int or type(score) is bool or not isinstance(score, int | float):
        raise ValueError("answered with results that have no index or no score")
    if not math.isfinite(score):
        raise ValueError("answered with a score that is no number")
    return number, float(score)
