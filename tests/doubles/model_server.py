"""A scripted model server that speaks the OpenAI protocol, the only double in the project.

`python -m tests.doubles.model_server --port N` for benchmarks, `with ModelServer() as server`
in tests. It is one asyncio protocol on the standard library, so that hundreds of streams cost
little and it sees a closed connection at once.
"""

import argparse
import asyncio
import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tests.doubles import model_rules, model_script
from tests.doubles.model_script import Script

MODELS = ("scripted-model", "other-model")


@dataclass(slots=True)
class Asked:
    """One chat request: what was asked, and how it ended."""

    body: dict[str, Any]
    headers: dict[str, str]
    connection: int
    at: float = field(default_factory=time.time)
    ended: str | None = None
    tokens_sent: int = 0
    closed_at: float | None = None

    def end(self, how: str) -> None:
        """Note how and when it ended; the first to say so is right."""
        if self.ended is None:
            self.ended, self.closed_at = how, time.time()


@dataclass(slots=True)
class State:
    """What one server remembers."""

    scripts: deque[Script] = field(default_factory=deque)
    requests: deque[Asked] = field(default_factory=lambda: deque(maxlen=20_000))
    connections: int = 0
    open: set[asyncio.Transport] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """One connection of a client, with any number of requests after each other."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None
        self.asked: Asked | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the connection a number, so that tests can see reuse."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.state.open.add(transport)
        self.state.connections += 1
        self.number = self.state.connections

    def data_received(self, data: bytes) -> None:
        """Start on a request as soon as it is whole."""
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, path, _ = first.split(" ", 2)
        self.task = asyncio.ensure_future(self.serve(method, path, headers, rest[:length]))

    def connection_lost(self, _: Exception | None) -> None:
        """Note that the client closed, and stop what runs for it."""
        self.state.open.discard(self.transport)
        if self.asked:
            self.asked.end("closed by client")
        if self.task:
            self.task.cancel()

    async def serve(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Answer one request."""
        match method, path.partition("?")[0]:
            case "POST", "/v1/chat/completions":
                await self.chat(headers, json.loads(body))
            case "GET", "/v1/models":
                await self.models()
            case "POST", "/script":
                scripts = json.loads(body)
                scripts = scripts if isinstance(scripts, list) else [scripts]
                self.state.scripts.extend(map(model_script.from_json, scripts))
                self.reply(200, b'{"queued": true}')
            case "GET", "/requests":
                self.reply(200, json.dumps([asdict(item) for item in self.state.requests]).encode())
            case "POST", "/reset":
                self.state.scripts.clear()
                self.state.requests.clear()
                self.reply(200, b"{}")
            case _:
                self.reply(404, b'{"error": {"message": "Not Found"}}')

    async def models(self) -> None:
        """List the models; a queued script that is not an answer applies here too."""
        queued = self.state.scripts.popleft() if self.state.scripts else Script()
        if queued.behaviour in model_script.ERRORS:
            self.reply(*model_script.error_body(queued.behaviour))
        elif queued.behaviour in ("hang", "drip"):
            await asyncio.Event().wait()
        elif queued.behaviour == "html":
            self.reply(200, b"<html>hello</html>", {"Content-Type": "text/html"})
        else:
            data = [{"id": name, "object": "model", "owned_by": "tests"} for name in MODELS]
            self.reply(200, json.dumps({"object": "list", "data": data}).encode())

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        self.transport.write(head(status, headers) + body)

    async def chat(self, headers: dict[str, str], body: dict[str, Any]) -> None:
        """Act out one chat request."""
        asked = self.asked = Asked(body, headers, self.number)
        self.state.requests.append(asked)
        if (complaint := model_rules.complaint(body)) is not None:
            self.reply(*complaint)
            asked.end("refused")
            self.asked = None
            return
        script = model_script.choose(
            body, self.state.scripts.popleft() if self.state.scripts else None
        )
        if script.behaviour in model_script.ERRORS:
            status, answer = model_script.error_body(script.behaviour, script.message)
            self.reply(status, answer, model_script.retry_after_header(script))
        elif script.behaviour == "hang":
            await asyncio.Event().wait()
        elif script.behaviour == "drop":
            asked.end("dropped")
            self.transport.abort()
        elif script.behaviour == "html":
            self.reply(200, b"<html>\n\nIt works!\n\n</html>", {"Content-Type": "text/html"})
        elif script.behaviour == "empty":
            self.reply(200, b"", {"Content-Type": "text/event-stream"})
        elif script.behaviour == "json" or not body.get("stream"):
            await asyncio.sleep(script.delay / 1000)
            self.reply(200, whole(script, body))
        else:
            await self.stream(script, asked)
        asked.end("finished")
        self.asked = None

    async def stream(self, script: Script, asked: Asked) -> None:
        """Send the answer token by token, and end it as the script says."""
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        self.transport.write(head(200, headers))
        await asyncio.sleep(script.delay / 1000)
        if script.behaviour in ("comments", "drip"):
            await self.drip(b": still here\n\n" if script.behaviour == "comments" else b"data: {")
        for _ in range(script.reasoning):
            self.event(delta(asked.body, {"reasoning_content": "hmm "}))
            await asyncio.sleep(script.interval / 1000)
        now = asyncio.get_running_loop().time
        began = now()
        for number, content in enumerate(stream_deltas(script, asked.body)):
            if (
                script.behaviour not in ("answer", "endless", "done_only")
                and number >= script.after
            ):
                break
            if number and script.interval:
                # By the clock, or what each pause is too long would add up.
                await asyncio.sleep(began + number * script.interval / 1000 - now())
            while self.transport.get_write_buffer_size() > 65_536:
                await asyncio.sleep(0.005)
            self.event(delta(asked.body, content))
            asked.tokens_sent += 1
        await self.finish(script, asked)

    async def finish(self, script: Script, asked: Asked) -> None:
        """End the stream, well or badly."""
        match script.behaviour:
            case "hang_stream":
                await asyncio.Event().wait()
            case "reset":
                await asyncio.sleep(0.02)
                asked.end("reset")
                self.transport.abort()
                return
            case "bad_json":
                self.event(b'{"choices": [{"del')
            case "error_event":
                self.event(model_script.error_body("500", script.message)[1])
            case "json_error":
                self.event(b'{"error": "CUDA out of memory"}')
            case "no_choices":
                self.event(b'{"id": "1", "choices": []}')
            case "cut":
                pass
            case "done_only":
                self.event(b"[DONE]")
            case _:
                self.event(delta(asked.body, {}, script.finish_reason))
                if script.behaviour == "hang_end":
                    await asyncio.Event().wait()
                if (asked.body.get("stream_options") or {}).get("include_usage"):
                    figures = script.usage or model_script.usage(asked.body, asked.tokens_sent)
                    chunk = {**json.loads(delta(asked.body, {})), "choices": [], "usage": figures}
                    self.event(json.dumps(chunk).encode())
                self.event(b"[DONE]")
        self.transport.write(b"0\r\n\r\n")

    async def drip(self, line: bytes) -> None:
        """Send something small for ever."""
        while True:
            for byte in line if line.startswith(b"data") else [line]:
                piece = byte if isinstance(byte, bytes) else bytes([byte])
                self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await asyncio.sleep(0.05)
            line = line if line.startswith(b":") else b"data: " + b" " * 1000

    def event(self, data: bytes) -> None:
        """Send one server-sent event as one chunk."""
        self.transport.write(b"%x\r\ndata: %b\n\n\r\n" % (len(data) + 8, data))


def head(status: int, headers: dict[str, str]) -> bytes:
    """Return a response's first line and headers."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def delta(asked: dict[str, Any], content: Mapping[str, Any], finish: str | None = None) -> bytes:
    """Return one chunk of a streamed answer."""
    model, said, reason = (json.dumps(value) for value in (asked.get("model"), content, finish))
    return (
        '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":'
        f'{model},"choices":[{{"index":0,"delta":{said},"finish_reason":{reason}}}]}}'
    ).encode()


def stream_deltas(script: Script, asked: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what the answer's chunks say; for ever, if the script says so."""
    if script.deltas is not None:
        yield from script.deltas
        return
    if script.behaviour == "endless":
        number = 0
        while True:
            yield {"content": f"word{number} "}
            number += 1
    for token in model_script.answer_tokens(script, asked):
        yield {"content": token}


def whole(script: Script, asked: dict[str, Any]) -> bytes:
    """Return a whole answer as one JSON object."""
    tokens = model_script.answer_tokens(script, asked)
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": script.finish_reason}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.get("model"),
        "choices": [choice],
        "usage": model_script.usage(asked, len(tokens)),
    }
    return json.dumps(answer).encode()


class ModelServer:
    """The server in a thread of this process, on a free port."""

    def __init__(self) -> None:
        self.state = State()
        self.loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self.server = self.loop.run_until_complete(
            self.loop.create_server(lambda: Connection(self.state), "127.0.0.1", 0, backlog=1024)
        )
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    async def _close(self) -> None:
        self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in list(self.state.open):
            transport.abort()
        await asyncio.sleep(0)

    def script(self, behaviour: str = "answer", **figures: Any) -> None:
        """Queue what to do with the next request."""
        values = {"behaviour": behaviour, **figures}
        self.state.scripts.append(model_script.from_json(values))

    def reset(self) -> None:
        """Forget scripts and requests."""
        self.state.scripts.clear()
        self.state.requests.clear()

    @property
    def requests(self) -> list[Asked]:
        """Return what was asked, oldest first."""
        return list(self.state.requests)

    def wait_for(self, true_of_last: Callable[[Asked], object], seconds: float = 5) -> Asked:
        """Return the last request once this is true of it."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.state.requests and true_of_last(self.state.requests[-1]):
                return self.state.requests[-1]
            time.sleep(0.002)
        raise AssertionError(f"waited {seconds} s in vain; seen: {self.requests[-1:]}")


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()

    async def serve() -> None:
        state = State()
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(state), arguments.host, arguments.port, backlog=1024
        )
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
