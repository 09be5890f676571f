"""WebSockets against a live stack with a real gunicorn."""

import contextlib
import random
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
import redis

from assistant.adapters.websocket import WebSocket
from assistant.api import websocket
from tests.live import PASSWORD, Live
from tests.services.factories import wait_for
from tests.sockets import GONE, Reader, Talk
from tests.webs import FLASK, Web

pytestmark = pytest.mark.slow


def register(live: Live) -> str:
    """Register somebody else and return their token."""
    name = f"user{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    url = f"{live.stack.api_url}/api/v1/auth"
    assert httpx.post(f"{url}/register", json=body).status_code == 201
    signed_in = httpx.post(f"{url}/token", data={"username": name, "password": PASSWORD})
    return str(signed_in.json()["access_token"])


def connect(live: Live, *, url: str | None = None, token: str | None = "", **how: str) -> Talk:
    """Open a socket: signed in, as somebody else, or not at all."""
    if token == "":
        token = live.client.headers["Authorization"].removeprefix("Bearer ")
    return Talk(url or live.stack.api_url, token, **how)


def my_id(live: Live) -> str:
    return str(live.get("/auth/me")["id"])


def test_a_question_is_answered_live(live: Live) -> None:
    live.model.script(tokens=15, interval=30)
    talk = connect(live)
    job = talk.chat("Tell me.", request="mine", temperature=0.5)
    assert job["state"] == "queued"
    reader = Reader(job["id"])
    frames = talk.until("chat_response")
    for frame in frames:
        reader.take(frame)
    assert reader.kinds.count("delta") >= 6, "word by word"
    assert reader.kinds[-1] == "done"
    assert reader.done == live.get(f"/jobs/{job['id']}")
    answer = frames[-1]
    message = live.get(f"/messages/{job['message_id']}")
    assert answer["assistant_message"] == message
    assert message["tokens_used"] > 0
    assert reader.text == message["content"]
    about = {"type", "job_id", "conversation_id", "state", "error", "assistant_message"}
    assert set(answer) == about
    assert answer["conversation_id"] == job["conversation_id"]
    again = talk.chat("And then?", conversation_id=job["conversation_id"])
    assert again["conversation_id"] == job["conversation_id"]
    assert talk.until("chat_response")[-1]["job_id"] == again["id"]


def test_flasks_own_server_speaks_it_too(live: Live, start_web: Callable[..., Web]) -> None:
    web = start_web(command=FLASK)
    talk = connect(live, url=web.url)
    job = talk.chat("Hello.")
    assert talk.until("chat_response")[-1]["job_id"] == job["id"]
    talk.socket.close()
    assert connect(live, url=web.url, token="x").close_code() == 4401
    wait_for(lambda: web.log.read_text().count("GET /api/v1/ws 101") == 2)
    assert "Traceback" not in web.log.read_text()


def test_a_frame_that_asks_for_an_answer_gets_it_under_its_name(live: Live) -> None:
    talk = connect(live)
    talk.send("ping", request=7)
    assert talk.next() == {"type": "pong", "request": 7}
    talk.send("chat", content="Hello.", request="a")
    accepted = talk.next()
    assert (accepted["type"], accepted["request"]) == ("accepted", "a")


def test_a_request_that_is_no_text_is_repeated_all_the_same(live: Live) -> None:
    talk = connect(live)
    talk.socket.send('{"type": "ping", "request": "\\ud800"}')
    assert talk.next() == {"type": "pong", "request": "\ud800"}
    talk.send("ping")
    assert talk.next() == {"type": "pong"}


def test_who_signs_in_has_no_longer_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "AUTH_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    environ = {
        "gunicorn.socket": ours,
        "HTTP_HOST": "here",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_UPGRADE": "websocket",
        "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
    }
    with ours, theirs:
        began = time.monotonic()
        assert websocket._sign_in(WebSocket(environ, 1000)) is None
        assert time.monotonic() - began < 2
        assert (4401).to_bytes(2, "big") in theirs.recv(4096)


def test_those_who_do_not_sign_in_make_room_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Guest:
        open = True

        def hang_up(self) -> None:
            self.open = False

    monkeypatch.setattr(websocket, "MOST_UNSIGNED", 2)
    guests: list[Any] = [Guest() for _ in range(4)]
    with contextlib.ExitStack() as come:
        for guest in guests:
            come.enter_context(websocket._unknown(guest))
        assert [guest.open for guest in guests] == [False, False, True, True]
    assert not websocket._unsigned


def test_several_conversations_share_a_socket(live: Live) -> None:
    live.model.script(tokens=20, interval=20)
    talk = connect(live)
    readers = {}
    for number in range(4):
        talk.send("chat", content=f"Question {number}")
    answered = 0
    while answered < 4:
        frame = talk.next()
        if frame["type"] == "accepted":
            readers[frame["job"]["id"]] = Reader(frame["job"]["id"])
            continue
        readers[frame["job_id"]].take(frame)
        answered += frame["type"] == "chat_response"
    for reader in readers.values():
        assert reader.answer is not None
        assert reader.text == reader.answer["assistant_message"]["content"]


def test_every_socket_of_a_user_hears_the_answer_and_nobody_else(
    live: Live, start_web: Callable[..., Web]
) -> None:
    elsewhere = start_web()
    asking, beside, far = connect(live), connect(live), connect(live, url=elsewhere.url)
    stranger = connect(live, token=register(live))
    for talk in (beside, far, stranger):
        talk.send("ping")
        assert talk.next() == {"type": "pong"}
    job = asking.chat("Hello.")
    answer = asking.until("chat_response")[-1]
    assert beside.next() == far.next() == answer
    # Also of what was asked in another way.
    other = live.ask("Hello again.")
    for talk in (asking, beside, far):
        assert talk.next()["job_id"] == other["id"]
    stranger.send("ping")
    assert stranger.next() == {"type": "pong"}
    assert job["id"] != other["id"]


def test_a_reply_is_cancelled_and_says_what_there_is(live: Live) -> None:
    live.model.script("endless", interval=20)
    talk = connect(live)
    job = talk.chat("Tell me a long story.")
    live.model.wait_for(lambda asked: asked.tokens_sent > 10, seconds=20)
    talk.send("cancel", job_id=job["id"])
    frames = talk.until("chat_response")
    [confirmed] = [frame for frame in frames if frame["type"] == "job"]
    assert confirmed["job"]["cancel_requested_at"] is not None
    assert (frames[-2]["event"], frames[-2]["data"]["state"]) == ("done", "cancelled")
    assert frames[-1]["state"] == "cancelled"
    assert frames[-1]["assistant_message"]["content"].startswith("word0 word1 ")


def test_a_job_that_was_begun_elsewhere_is_followed_and_left(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a long story.")
    talk = connect(live)
    talk.send("follow", job_id=job["id"])
    reader = Reader(job["id"])
    while not (reader.text or "").count("word") > 5:
        reader.take(talk.next())
    talk.send("follow", job_id=job["id"], request="twice")
    refused = talk.until("error")[-1]
    assert (refused["code"], refused["request"]) == ("conflict", "twice")
    talk.send("unfollow", job_id=job["id"])
    talk.send("ping")
    talk.until("pong")
    talk.send("ping")
    assert talk.next() == {"type": "pong"}, "nothing in between"
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    assert talk.next()["type"] == "chat_response"


def test_what_is_not_yours_is_not_there(live: Live) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a secret.")
    stranger = connect(live, token=register(live))
    for kind in ("follow", "cancel"):
        stranger.send(kind, job_id=job["id"])
        refused = stranger.next()
        assert (refused["status"], refused["code"]) == (404, "not_found")
    stranger.send("unfollow", job_id=job["id"])
    stranger.send("chat", content="x", conversation_id=job["conversation_id"])
    assert stranger.next()["status"] == 404
    assert live.get(f"/jobs/{job['id']}")["cancel_requested_at"] is None
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()


@pytest.mark.parametrize(
    ("frame", "status", "words"),
    [
        ("not JSON", 400, "JSON"),
        ("[1]", 400, "object"),
        ("[" * 50_000, 400, "JSON"),
        ('{"content": "x"}', 422, "type"),
        ('{"type": "dance"}', 422, "type"),
        ('{"type": "chat", "content": "", "colour": 1}', 422, "colour"),
        ('{"type": "chat", "content": "x", "temperature": 9}', 422, "temperature"),
        ('{"type": "follow", "job_id": "x"}', 422, "job_id"),
        (f'{{"type": "follow", "job_id": "{uuid.UUID(int=4)}", "after": -1}}', 422, "after"),
        ('{"type": "cancel"}', 422, "job_id"),
        ('{"type": "ping", "request": {}}', 422, "request"),
        (b"bytes", 400, "text"),
    ],
)
def test_a_mistake_is_explained_and_ends_nothing(
    live: Live, frame: str | bytes, status: int, words: str
) -> None:
    talk = connect(live)
    if isinstance(frame, bytes):
        talk.socket.send_binary(frame)
    else:
        talk.socket.send(frame)
    refused = talk.next()
    assert (refused["type"], refused["status"]) == ("error", status)
    assert words in refused["detail"]
    assert {"code", "title"} <= set(refused)
    talk.send("ping")
    assert talk.next() == {"type": "pong"}


def test_who_does_not_sign_in_is_sent_away(live: Live) -> None:
    silent = connect(live, token=None)
    began = time.monotonic()
    for token in ("", "x", "a.b.c"):
        assert connect(live, token=token or "nothing").close_code() == 4401
    rude = connect(live, token=None)
    rude.send("ping")
    assert rude.close_code() == 4401
    garbage = connect(live, token=None)
    garbage.socket.send("\x00")
    assert garbage.close_code() == 4401
    assert silent.close_code() == 4401
    assert 4 < time.monotonic() - began < 8


def test_an_address_with_a_user_takes_that_user_only(live: Live) -> None:
    mine = connect(live, path=f"/ws/{my_id(live)}")
    mine.send("ping")
    assert mine.next() == {"type": "pong"}
    assert connect(live, path=f"/ws/{uuid.uuid4()}").close_code() == 4403


def test_the_end_of_a_session_ends_its_sockets(live: Live) -> None:
    talk = connect(live)
    talk.send("ping")
    assert talk.next() == {"type": "pong"}
    live.client.post("/auth/logout").raise_for_status()
    talk.send("ping")
    assert talk.close_code() == 4401


def test_a_silent_socket_ends_with_its_session_too(live: Live) -> None:
    talk = connect(live)
    talk.send("ping")
    assert talk.next() == {"type": "pong"}
    talk.socket.settimeout(40)
    live.client.post("/auth/logout").raise_for_status()
    began = time.monotonic()
    assert talk.close_code() == 4401
    assert time.monotonic() - began < 31


def make_key(live: Live, *scopes: str) -> dict[str, Any]:
    body = {"name": "x", "scopes": scopes}
    return dict(live.client.post("/api-keys", json=body).raise_for_status().json())


def test_a_key_does_over_a_socket_what_its_scopes_name(live: Live) -> None:
    assert connect(live, token=make_key(live, "write")["key"]).close_code() == 4401
    job = live.ended(live.ask("Tell me."))
    reading = connect(live, token=make_key(live, "read")["key"])
    for frame in ({"kind": "chat", "content": "x"}, {"kind": "cancel", "job_id": job["id"]}):
        reading.send(**frame)
        refused = reading.next()
        assert (refused["type"], refused["code"]) == ("error", "insufficient_scope")
    reading.send("auth", token=make_key(live, "write")["key"])
    assert reading.next()["code"] == "insufficient_scope"
    reading.send("follow", job_id=job["id"])
    assert reading.until("event")[-1]["job_id"] == job["id"]
    assert connect(live, token=make_key(live, "read", "write")["key"]).chat("Tell me.")


def test_a_socket_goes_on_with_a_key_that_reads_and_no_other(live: Live) -> None:
    key = make_key(live, "read")
    talk = connect(live, token=key["key"])
    talk.send("auth", token=make_key(live, "write")["key"])
    refused = talk.next()
    assert (refused["type"], refused["code"]) == ("error", "insufficient_scope")
    talk.send("ping")
    assert talk.next() == {"type": "pong"}
    # Nothing does this so far; whoever follows is to be told all the same.
    live.sql("UPDATE api_keys SET scopes = '{write}' WHERE id = :id RETURNING id", id=key["id"])
    talk.socket.settimeout(90)
    assert talk.close_code() == 4403


def test_a_write_key_cancels_no_deletion_of_a_user(live: Live) -> None:
    talk = connect(live, token=make_key(live, "read", "write")["key"])
    job = live.ended(live.ask("Tell me."))
    talk.send("cancel", job_id=job["id"])
    assert talk.until("job")[-1]["job"]["id"] == job["id"]
    live.sql("UPDATE jobs SET kind = 'users.delete' WHERE id = :id RETURNING id", id=job["id"])
    talk.send("cancel", job_id=job["id"])
    refused = talk.until("error")[-1]
    assert (refused["code"], "admin" in refused["detail"]) == ("insufficient_scope", True)


def test_a_socket_ends_with_its_key_also_a_silent_one(live: Live) -> None:
    key = make_key(live, "read")
    talk, silent = connect(live, token=key["key"]), connect(live, token=key["key"])
    for one in (talk, silent):
        one.send("ping")
        assert one.next() == {"type": "pong"}
        one.socket.settimeout(40)
    live.client.delete(f"/api-keys/{key['id']}").raise_for_status()
    revoked = time.monotonic()
    talk.send("ping")
    assert talk.close_code() == 4401
    assert silent.close_code() == 4401
    assert time.monotonic() - revoked < 31


def test_a_frame_that_is_too_large_ends_the_socket(live: Live) -> None:
    talk = connect(live)
    talk.send("chat", content="x" * (63 * 1024))
    assert talk.next()["type"] == "accepted"
    talk.send("ping", filler="x" * (65 * 1024))
    assert talk.close_code() == 1009


def test_a_flood_is_refused_and_then_ended(live: Live) -> None:
    talk = connect(live)
    for _ in range(25):
        talk.send("ping")
    frames = [talk.next() for _ in range(25)]
    assert [frame["type"] for frame in frames] == ["pong"] * 20 + ["error"] * 5
    assert frames[-1]["code"] == "rate_limited"
    assert frames[-1]["retry_after"] <= 10
    with contextlib.suppress(*GONE):
        for _ in range(30):
            talk.send("ping")
    assert talk.close_code() == 4429


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_flood_of_pings_is_ended_and_a_neighbour_goes_on(live: Live, signed_in: bool) -> None:
    talk = connect(live) if signed_in else connect(live, token=None)
    with contextlib.suppress(*GONE):
        for _ in range(100):
            talk.socket.sock.sendall((b"\x89\x80" + bytes(4)) * 1000)
    began = time.perf_counter()
    live.get("/users/me")
    assert time.perf_counter() - began < 1
    with contextlib.suppress(*GONE):
        assert talk.close_code() == 4429


def test_a_user_has_so_many_sockets(live: Live, start_web: Callable[..., Web]) -> None:
    web = start_web(MAX_SOCKETS_PER_USER="2")
    first, second = connect(live, url=web.url), connect(live, url=web.url)
    for talk in (first, second):
        talk.send("ping")
        assert talk.next() == {"type": "pong"}
    assert connect(live, url=web.url).close_code() == 4429
    first.socket.close()

    def fits() -> bool:
        talk = connect(live, url=web.url)
        talk.send("ping")
        return talk.socket.recv() != ""

    wait_for(fits)


def test_a_request_that_is_no_handshake_is_told_so(live: Live) -> None:
    plain = live.client.get("/ws")
    assert (plain.status_code, plain.json()["code"]) == (426, "upgrade_required")
    assert plain.headers["Upgrade"] == "websocket"
    half = live.client.get("/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert half.status_code == 400
    assert half.json()["status"] == 400


def test_one_that_reads_nothing_is_dropped(live: Live) -> None:
    live.model.script(text="x" * 1_000_000)
    job = live.ended(live.ask("Tell me a lot."))
    talk = connect(live)
    with contextlib.suppress(*GONE):
        # Each brings the text twice; what is between us holds a few of them.
        for _ in range(15):
            talk.send("follow", job_id=job["id"])
            time.sleep(0.6)
    frames: list[dict[str, Any]] = []

    def ended() -> bool:
        try:
            frames.append(talk.next())
        except GONE:
            return True
        return False

    wait_for(ended)
    assert len(frames) < 30


def test_with_redis_away_whoever_asked_is_answered(live: Live) -> None:
    live.model.script(tokens=10, interval=100)
    talk = connect(live)
    job = talk.chat("Hello.")
    while talk.next().get("event") != "delta":
        pass
    client = redis.Redis.from_url(live.stack.settings.redis_url)
    stop = threading.Event()

    def disturb() -> None:
        # What PostgreSQL has is all there is: every subscription is lost at once, again and again.
        while not stop.is_set():
            client.flushdb()
            client.client_kill_filter(_type="pubsub")
            time.sleep(0.05)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        frame = talk.until("chat_response")[-1]
    finally:
        stop.set()
        thread.join()
    assert frame["assistant_message"]["content"] == "".join(f"word{n} " for n in range(10))
    assert frame["job_id"] == job["id"]


def test_two_hundred_cuts_and_a_flushed_redis_leave_every_text_whole(live: Live) -> None:
    live.model.script(tokens=80, interval=40)
    jobs = [live.ask(f"Question {number}") for number in range(8)]
    client = redis.Redis.from_url(live.stack.settings.redis_url)
    readers = [Reader(job["id"]) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        ends = [
            pool.submit(reader.read, partial(connect, live), 25, random.Random(number))
            for number, reader in enumerate(readers)
        ]
        while not all(end.done() for end in ends):
            client.flushdb()
            time.sleep(0.4)
        for end in ends:
            end.result()
    for job, reader in zip(jobs, readers, strict=True):
        stored = live.get(f"/messages/{job['message_id']}")
        assert reader.text == stored["content"] != ""
        assert reader.answer is not None
        assert reader.answer["assistant_message"] == stored


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_web_server_that_stops_does_not_wait_for_followers(
    live: Live, start_web: Callable[..., Web], how: int
) -> None:
    live.model.script("endless", interval=20)
    job = live.ask("Tell me a long story.")
    web = start_web()
    talk = connect(live, url=web.url)
    talk.send("follow", job_id=job["id"])
    while talk.next().get("event") != "delta":
        pass
    headers = {"Authorization": live.client.headers["Authorization"]}
    url = f"{web.url}/api/v1/jobs/{job['id']}/events"
    ended: dict[str, Any] = {}

    def read() -> None:
        with contextlib.suppress(httpx.HTTPError), httpx.stream("GET", url, headers=headers) as got:
            for piece in got.iter_raw():
                ended.setdefault("first", piece)
        ended["at"] = time.perf_counter()

    reading = threading.Thread(target=read)
    reading.start()
    wait_for(lambda: "first" in ended)
    asked_at = time.perf_counter()
    seconds = web.stop(how)
    reading.join(10)
    print(f"\nthe stream ended after {ended['at'] - asked_at:.2f} s, the server {seconds:.2f} s")
    # A server that waited for its followers would do so for eight seconds.
    assert ended["at"] - asked_at < 5
    assert seconds < 7
    assert web.process.returncode == 0
    assert "Traceback" not in web.log.read_text()
    with contextlib.suppress(*GONE):
        assert talk.close_code() == 1001
    live.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
