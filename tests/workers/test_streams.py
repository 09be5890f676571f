"""Server-sent events through a real gunicorn, and through proxies that mean no good."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest

from tests.doubles.proxy import Proxy
from tests.live import Live
from tests.services.factories import wait_for
from tests.webs import Web

pytestmark = pytest.mark.slow


@contextmanager
def stream(
    live: Live, job_id: str, port: int | None = None, key: str | None = None, **parameters: Any
) -> Iterator[Any]:
    """Open a stream of events, through a proxy if its port is given, or as a program."""
    url = f"http://127.0.0.1:{port or live.stack.settings.port}/api/v1/jobs/{job_id}/events"
    credential = f"Bearer {key}" if key else live.client.headers["Authorization"]
    headers = {"Authorization": credential, "Connection": "close"}
    with httpx.stream("GET", url, headers=headers, params=parameters, timeout=30) as response:
        assert response.status_code == 200
        yield response


def events(response: httpx.Response) -> Iterator[tuple[int, str, dict[str, Any], float]]:
    """Yield number, kind, data and time of each event, as soon as it is there."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        fields[name] = value
        if not line and "data" in fields:
            data = json.loads(fields["data"])
            yield int(fields["id"]), fields["event"], data, time.perf_counter()
            fields = {}


def text_of(parts: list[tuple[int, str, dict[str, Any], float]], text: str = "") -> str:
    """Put a text together."""
    for _, kind, data, _ in parts:
        if kind in ("delta", "snapshot"):
            text = (text if kind == "delta" else "") + data["text"]
    return text


def test_a_reply_comes_word_by_word(live: Live) -> None:
    live.model.script(tokens=20, interval=40)
    job = live.ask("Tell me.")
    with stream(live, job["id"]) as response:
        got = list(events(response))
    deltas = [moment for _, kind, _, moment in got if kind == "delta"]
    assert len(deltas) >= 8
    assert got[-1][1] == "done"
    assert got[-1][3] - deltas[0] > 0.5
    assert got[-1][2] == live.get(f"/jobs/{job['id']}")
    assert text_of(got) == live.get(f"/messages/{job['message_id']}")["content"]


def test_a_stream_on_which_nothing_happens_shows_that_it_lives(live: Live) -> None:
    live.model.script("hang")
    job = live.ask("Think long.")
    live.until(job, lambda job: job["state"] == "running")
    pieces, began = [], time.monotonic()
    with stream(live, job["id"]) as response:
        for piece in response.iter_raw():
            pieces.append(piece)
            if time.monotonic() - began > 14:
                break
    # Of a chunk the length, and in it a comment with one newline.
    assert pieces[-1] == b":\n"
    assert all(b"\n:\n\n" not in piece for piece in pieces)
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()


def test_a_stream_ends_soon_after_its_key_is_revoked(live: Live) -> None:
    live.model.script("hang")
    job = live.ask("Think long.")
    body = {"name": "x", "scopes": ["read"]}
    key = live.client.post("/api-keys", json=body).raise_for_status().json()
    with stream(live, job["id"], key=key["key"]) as response:
        pieces = response.iter_raw()
        next(pieces)
        live.client.delete(f"/api-keys/{key['id']}").raise_for_status()
        revoked = time.monotonic()
        for _ in pieces:
            pass
    # Far from the ten minutes that a stream may last.
    assert time.monotonic() - revoked < 31
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()


def test_one_that_reads_nothing_is_cut_off(live: Live, start_web: Callable[..., Web]) -> None:
    live.model.script(text="x" * 8_000_000)
    job = live.ended(live.ask("Tell me a lot."))
    web = start_web()
    [worker] = psutil.Process(web.process.pid).children()
    request = (
        f"GET /api/v1/jobs/{job['id']}/events HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: {live.client.headers['Authorization']}\r\n\r\n"
    )
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", web.port))
        client.sendall(request.encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        here = client.getsockname()[1]

        def is_held() -> bool:
            return any(c.raddr and c.raddr.port == here for c in worker.net_connections())

        assert is_held()
        wait_for(lambda: not is_held(), 30)
    assert web.answers()
    assert "Traceback" not in web.log.read_text()


def test_one_that_pauses_misses_nothing(live: Live) -> None:
    """While it pauses the connection fills up, so that events are written to it in parts."""
    live.model.script(text=" ".join(["x" * 100_000] * 80), interval=25)
    job = live.ask("Tell me a lot.")
    live.until(job, lambda job: job["state"] == "running")
    url = f"{live.stack.api_url}/api/v1/jobs/{job['id']}/events"
    small = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)])
    with (
        httpx.Client(transport=small, headers=live.client.headers, timeout=30) as client,
        client.stream("GET", url) as response,
    ):
        parts = events(response)
        got = [next(parts)]
        live.ended(job)
        got += parts
    assert text_of(got) == live.get(f"/messages/{job['message_id']}")["content"]


def test_a_proxy_that_buffers_delays_everything_and_loses_nothing(live: Live) -> None:
    live.model.script(tokens=20, interval=40)
    with Proxy(live.stack.settings.port) as proxy:
        proxy.set("buffer")
        job = live.ask("Tell me.")
        with stream(live, job["id"], proxy.port) as response:
            assert response.headers["X-Accel-Buffering"] == "no", "what real proxies heed"
            got = list(events(response))
    moments = [moment for *_, moment in got]
    assert moments[-1] - moments[0] < 0.2, "it did buffer"
    assert got[-1][2]["state"] == "succeeded"
    assert text_of(got) == live.get(f"/messages/{job['message_id']}")["content"]


def test_a_proxy_that_cuts_idle_connections_costs_a_reconnect(live: Live) -> None:
    live.model.script(tokens=4, interval=1500)
    with Proxy(live.stack.settings.port) as proxy:
        proxy.idle_seconds = 0.8
        job = live.ask("Tell me.")
        got: list[Any] = []
        cuts = 0
        while not got or got[-1][1] != "done":
            after = {"after": got[-1][0]} if got else {}
            try:
                with stream(live, job["id"], proxy.port, **after) as response:
                    got += events(response)
            except httpx.HTTPError:
                cuts += 1
        assert cuts == proxy.cut > 0
    numbers = [number for number, *_ in got]
    assert numbers == sorted(set(numbers))
    assert text_of(got) == live.get(f"/messages/{job['message_id']}")["content"]
