"""Ask an OpenAI-compatible server, within limits that hold whatever the server does."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import httpx2
import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from assistant.adapters.chat import failures
from assistant.adapters.chat.chunks import Reading
from assistant.adapters.chat.connections import POOL, note_new_connection, stale
from assistant.adapters.chat.dialect import Body, Dialect, limit_of
from assistant.adapters.chat.events import EventStream
from assistant.adapters.chat.loop import background_loop
from assistant.adapters.chat.messages import private_words
from assistant.adapters.chat.quoting import Called
from assistant.adapters.chat.stream import AnswerStream, Finish
from assistant.adapters.model_access import ModelAccess
from assistant.chat import ChatRequest, Piece
from assistant.errors import PermanentError

# Local servers want no key, but the SDK does.
NO_KEY = "none"
# After the finish reason only the usage is missing; a server that keeps it gets this long.
USAGE_SECONDS = 2.0
# Of a body that should have been a stream, this much is read to find out what it says.
BODY_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that is under way: who hears what is said, and until when."""

    request: ChatRequest
    called: Called
    put: Callable[[Piece], None]
    deadline: float


@dataclass(frozen=True, slots=True)
class Followed:
    """How following an answer ended: what is wrong if it was cut, and what to send `instead`."""

    failure: PermanentError
    is_done: bool
    instead: Body | None
    limit: int | None


class OpenAIChat:
    """A language model behind an OpenAI-compatible server; shared by all threads of a process."""

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        *,
        connect_timeout: float = 5.0,
        token_timeout: float = 60.0,
    ) -> None:
        self._access = ModelAccess.of(base_url, api_key)
        self._connect_timeout = connect_timeout
        self._token_timeout = token_timeout
        # Connections belong to one event loop, so a forked process gets a client of its own.
        self._clients: dict[int, AsyncOpenAI] = {}
        self._dialect = Dialect()

    def stream(self, request: ChatRequest) -> AnswerStream:
        """Send the request and return its running answer."""
        return AnswerStream(request.model, partial(self._answer, request))

    def forget(self) -> None:
        """Forget what was learnt of models, as a new process has."""
        self._dialect.forget()

    def close(self) -> None:
        """Close the connections that are kept for later requests."""
        client = self._clients.pop(os.getpid(), None)
        if client is not None:
            asyncio.run_coroutine_threadsafe(client.close(), background_loop()).result()

    def window(self, model: str) -> int | None:
        """Return how many tokens the server has said that a model takes."""
        return self._dialect.habits(model).window

    def context(self, model: str, default: int) -> int:
        """Return how many tokens a model takes, by what its server has said."""
        return min(default, self.window(model) or default)

    async def _answer(self, request: ChatRequest, put: Callable[[Piece], None]) -> Finish:
        deadline = asyncio.get_running_loop().time() + request.timeout
        asking = Asking(request, self._called(request), put, deadline)
        parameters: Body | None = None
        while True:
            reading = Reading(request.model, self._dialect.habits(request.model).closing)
            followed = await self._follow(asking, parameters, reading)
            if followed.instead is None:
                break
            parameters = followed.instead
        for piece in reading.close(is_done=followed.is_done):
            put(piece)
        is_cut = self._dialect.hear(request.model, reading, is_done=followed.is_done)
        finish = None if is_cut else reading.finish(is_done=followed.is_done)
        if finish is None:
            raise followed.failure
        return replace(finish, max_tokens=followed.limit)

    async def _follow(self, asking: Asking, parameters: Body | None, reading: Reading) -> Followed:
        """Ask, and pass on what is said; return how that ended."""
        now, called, deadline = asyncio.get_running_loop().time, asking.called, asking.deadline
        stream: EventStream | None = None
        instead: Body | None = None
        try:
            # A model may read a long prompt for as long as the whole answer may take; once it
            # writes, a pause is a sign that it is stuck.
            async with asyncio.timeout_at(deadline) as limit:
                stream, parameters = await self._open(asking, parameters)
                async with stream:
                    await self._expect_events(called, stream)
                    async for chunk in stream:
                        for piece in reading.take(chunk):
                            asking.put(piece)
                        if reading.alive:
                            limit.reschedule(min(now() + self._patience(reading), deadline))
        except TimeoutError:
            failure: PermanentError = failures.timed_out(called, "stopped answering")
            # Not what time it is: a timer may go off a millisecond early.
            if limit.when() == deadline:
                failure = failures.too_slow(called, asking.request.timeout, reading.begun)
        except openai.APIConnectionError:
            failure = failures.cut(called)
        except openai.APIError as error:
            if parameters is not None and not reading.begun:
                instead = self._dialect.learn(asking.request, parameters, error)
            failure = failures.broken(self._informed(called), error)
        except ValueError:
            failure = failures.garbage(called, "sent something that is no chat completion")
        else:
            failure = failures.cut(called)
            if not reading.events:
                failure = failures.garbage(called, "answered with an empty stream")
        is_done = stream is not None and stream.is_done
        return Followed(failure, is_done, instead, limit_of(parameters))

    def _patience(self, reading: Reading) -> float:
        return USAGE_SECONDS if reading.reason else self._token_timeout

    async def _open(self, asking: Asking, parameters: Body | None) -> tuple[EventStream, Body]:
        """Send a request until it is taken, in as many ways as can be learnt; return that, too."""
        request, called = asking.request, asking.called
        parameters = parameters or self._dialect.parameters(request)
        while True:
            try:
                # `chat.completions.create` is this call, and then builds a model of each chunk,
                # which takes six times as long as all the rest.
                stream = await self._client().post(
                    "/chat/completions",
                    body=parameters,
                    cast_to=object,
                    stream=True,
                    stream_cls=EventStream,
                )
            except openai.APIStatusError as error:
                instead = self._dialect.learn(request, parameters, error)
                if instead is None:
                    raise failures.refused(self._informed(called), error) from None
                parameters = instead
            except openai.APIConnectionError as error:
                if not stale(error):
                    raise failures.unreachable(called, error) from None
            except (ValueError, httpx2.InvalidURL) as error:
                raise self._unusable(called, error) from None
            else:
                return stream, parameters

    async def _expect_events(self, called: Called, stream: EventStream) -> None:
        """Refuse a body that says itself that it is no stream of events."""
        kind = stream.response.headers.get("content-type", "")
        if not kind.startswith(("application/json", "application/problem+json", "text/html")):
            return
        body = b""
        async for piece in stream.response.aiter_bytes():
            body += piece
            if len(body) > BODY_LIMIT:
                break
        answer = json.loads(body) if "json" in kind else None
        if isinstance(answer, dict) and answer.get("error"):
            raise openai.APIError("", stream.response.request, body=answer["error"])
        what = "JSON instead of a stream" if "json" in kind else "a web page"
        raise failures.garbage(called, f"answered with {what}")

    def _client(self) -> AsyncOpenAI:
        client = self._clients.get(os.getpid())
        if client is None:
            client = self._clients[os.getpid()] = AsyncOpenAI(
                base_url=self._access.url,
                api_key=self._access.key or NO_KEY,
                max_retries=0,
                timeout=httpx2.Timeout(None, connect=self._connect_timeout),
                http_client=DefaultAsyncHttpxClient(
                    limits=POOL, event_hooks={"request": [note_new_connection]}
                ),
            )
        return client

    def _called(self, request: ChatRequest) -> Called:
        private = private_words(request.messages)
        return Called(self._access.server, request.model, self._access.key, private)

    def _informed(self, called: Called) -> Called:
        """Return the same with what has been learnt of the model."""
        return replace(called, window=self.window(called.model))

    def _unusable(self, called: Called, error: Exception) -> PermanentError:
        if isinstance(error, UnicodeEncodeError):
            return PermanentError(
                "The model server's key has characters that no key has. Check OPENAI_API_KEY.",
                code="model_credentials",
            )
        if isinstance(error, httpx2.InvalidURL):
            return PermanentError(
                "The model server's address is not one. Check OPENAI_BASE_URL.",
                code="model_address",
            )
        return failures.garbage(called, "sent something that is no JSON")
