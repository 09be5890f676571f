"""What connections may cost the web server, and how a process of it that has grown makes way."""

import http.client
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import httpx
import psutil
import pytest

from assistant import server
from assistant.serving import worker
from assistant.serving.connection import HEAD_SECONDS
from assistant.serving.room import Room
from tests.services.factories import wait_for
from tests.test_server import Gunicorn

APPLICATION = "tests.doubles.reading_app:application"
CHUNKED = (
    "POST /{} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n"
    "Content-Type: text/plain\r\n\r\n"
)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """Run an application that reads bodies."""
    with Gunicorn(tmp_path_factory.mktemp("serving") / "log", APPLICATION) as started:
        yield started


def connect(web: Gunicorn) -> socket.socket:
    return socket.create_connection(("127.0.0.1", web.port), timeout=20)


def answer(connection: socket.socket) -> tuple[int, dict[str, int]]:
    """Read one answer: its status, and the JSON in it."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    kind = response.headers.get_content_type()
    return response.status, json.loads(body) if kind == "application/json" else {}


def head(path: str, length: int) -> bytes:
    return f"POST /{path} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "body",
    [
        *("zz\r\nx\r\n0\r\n\r\n", "-f\r\nx\r\n0\r\n\r\n", "0xf\r\nx\r\n0\r\n\r\n"),
        *("0_f\r\nx\r\n0\r\n\r\n", "1;a=\x01\r\nx\r\n0\r\n\r\n", "\r\nx\r\n0\r\n\r\n"),
        f"1;{'a' * 60_000}\r\nx\r\n0\r\n\r\n",
        "1\r\nxyz\r\n0\r\n\r\n",
        "1\r\nx\r\n0\r\nno field\r\n\r\n",
        "1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n",
    ],
)
@pytest.mark.parametrize("path", ["read", "unread"])
def test_a_body_that_is_not_chunked_as_it_should_be_is_a_400(
    web: Gunicorn, body: str, path: str
) -> None:
    with connect(web) as connection:
        connection.sendall((CHUNKED.format(path) + body).encode())
        status, _ = answer(connection)
        assert status == (400 if path == "read" else 200)
        # Where the next request would begin, nobody knows.
        assert _ended(connection)
    assert "Traceback" not in web.log.read_text()


def test_a_chunked_body_may_have_extensions_and_trailers(web: Gunicorn) -> None:
    with connect(web) as connection:
        body = "3;a=b\r\nxyz\r\n0\r\nChecksum: 1\r\n\r\n"
        for _ in range(2):
            connection.sendall((CHUNKED.format("read") + body).encode())
            status, said = answer(connection)
            assert (status, said["bytes"]) == (200, 3)


def test_half_a_body_is_not_waited_for_for_ever(web: Gunicorn) -> None:
    with connect(web) as connection:
        connection.sendall(head("read", 1000) + b"x" * 500)
        began = time.monotonic()
        status, _ = answer(connection)
        assert status == 408
        assert 0.5 < time.monotonic() - began < 5
        assert connection.recv(100) == b""


def test_a_slow_body_is_taken_as_long_as_it_comes(web: Gunicorn) -> None:
    with connect(web) as connection:
        connection.sendall(head("read", 1500))
        for _ in range(15):
            connection.sendall(b"x" * 100)
            time.sleep(0.2)
        status, said = answer(connection)
        assert (status, said["bytes"]) == (200, 1500)


def test_half_a_body_of_somebody_unknown_does_not_reach_the_application(web: Gunicorn) -> None:
    half = head("unread", 100) + b"x" * 50
    with connect(web) as connection, connect(web) as claiming:
        connection.sendall(half)
        claiming.sendall(half.replace(b"Host: here", b"Host: here\r\nAuthorization: Bearer x"))
        # It answers without a look at the body, if it is asked.
        assert answer(claiming)[0] == 200
        assert answer(connection)[0] == 408


def test_whoever_asks_first_whether_to_send_a_body_is_told(web: Gunicorn) -> None:
    with connect(web) as connection:
        asking = head("read", 3).replace(b"Host: here", b"Host: here\r\nExpect: 100-continue")
        connection.sendall(asking)
        said = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(said)) == said
        connection.sendall(b"abc")
        assert answer(connection) == (200, {"bytes": 3, "pid": ANY})


def test_a_body_that_drips_is_not(web: Gunicorn) -> None:
    with connect(web) as connection:
        connection.sendall(head("known", 1000))
        give_up = time.monotonic() + 15
        while not select.select([connection], [], [], 0.2)[0] and time.monotonic() < give_up:
            connection.sendall(b"x")
        assert answer(connection)[0] == 408


@pytest.mark.parametrize("sent", [b"", b"GET /re", b"GET /read HTTP/1.1\r\nHost: h"])
def test_a_head_has_a_moment_whatever_comes_of_it(web: Gunicorn, sent: bytes) -> None:
    with connect(web) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        while not (ended := _ended(connection, 0.1)) and time.monotonic() - began < 10:
            if sent:
                connection.sendall(b"e")
        assert ended
        assert time.monotonic() - began < 3


def _ended(connection: socket.socket, seconds: float = 5) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_head_has_its_own_time_after_a_rest(web: Gunicorn) -> None:
    with connect(web) as connection:
        for _ in range(2):
            connection.sendall(b"GET /read HT")
            time.sleep(0.3)
            connection.sendall(b"TP/1.1\r\nHost: here\r\n\r\n")
            assert answer(connection)[0] == 200
            # Longer than a head may take, and shorter than a connection may rest.
            time.sleep(1.2)


def test_a_head_that_is_too_large_is_refused(web: Gunicorn) -> None:
    fields = "".join(f"X-{number}: {'x' * 8000}\r\n" for number in range(60))
    with connect(web) as connection:
        connection.sendall(f"GET /read HTTP/1.1\r\nHost: here\r\n{fields}\r\n".encode())
        assert answer(connection)[0] == 431


def test_what_nobody_reads_keeps_nobody_waiting(web: Gunicorn) -> None:
    def send() -> None:
        with connect(web) as connection:
            connection.sendall(head("unread", 64 * 1024 * 1024))
            for _ in range(64):
                connection.sendall(bytes(1024 * 1024))
            assert answer(connection)[0] == 200
            # It was read to its end, and the connection goes on.
            connection.sendall(b"GET /read HTTP/1.1\r\nHost: here\r\n\r\n")
            assert answer(connection)[0] == 200

    sending = threading.Thread(target=send)
    sending.start()
    longest = 0.0
    while sending.is_alive():
        began = time.perf_counter()
        assert httpx.get(f"{web.url}unread").status_code == 200
        longest = max(longest, time.perf_counter() - began)
    sending.join()
    assert longest < 1.0


def test_who_takes_nothing_of_an_answer_is_cut_off(web: Gunicorn) -> None:
    with connect(web) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        mine = connection.getsockname()[1]

        def served() -> bool:
            workers = psutil.Process(web.process.pid).children()
            links = [link for process in workers for link in process.net_connections()]
            return any(link.raddr and link.raddr.port == mine for link in links)

        wait_for(served)
        wait_for(lambda: not served(), 60)
    assert "Traceback" not in web.log.read_text()


class Guest:
    """A connection of which only matters whether it was closed."""

    def __init__(self) -> None:
        self.open = True

    def hang_up(self) -> None:
        """Be closed."""
        self.open = False


def guests(count: int, room: Room) -> list[Guest]:
    made = [Guest() for _ in range(count)]
    for guest in made:
        room.enter(guest)
    return made


def test_strangers_make_room_for_strangers_the_oldest_first() -> None:
    room = Room(100, 3)
    came = guests(5, room)
    assert [guest.open for guest in came] == [False, False, True, True, True]


def test_who_is_known_or_has_a_request_in_hand_stays() -> None:
    room = Room(100, 2)
    known, served, resting = guests(3, Room(100, 100))
    for guest in (known, served, resting):
        room.enter(guest)
        if guest is known:
            room.know(guest)
        elif guest is served:
            assert room.serve(guest, False)
        else:
            room.rest(guest)
    guests(50, room)
    assert known.open
    assert served.open
    assert resting.open


def test_so_many_strangers_are_served_at_once() -> None:
    room = Room(100, 2)
    _, second, third = guests(3, room)
    assert room.serve(second, False)
    assert room.serve(third, False)
    fourth = guests(1, room)[0]
    assert not room.serve(fourth, False)
    room.rest(second)
    assert room.serve(fourth, False)


def test_the_longest_idle_goes_when_it_is_full() -> None:
    room = Room(3, 3)
    came = guests(3, room)
    for guest in (came[2], came[0], came[1]):
        assert room.serve(guest, False)
        room.rest(guest)
    guests(1, room)
    assert [guest.open for guest in came] == [True, True, False]


def test_who_shows_a_credential_is_served_however_many_do_not() -> None:
    room = Room(100, 2)
    for guest in guests(2, room):
        assert room.serve(guest, False)
    claiming = guests(10, room)
    assert all(room.serve(guest, True) for guest in claiming[-2:])
    [late] = guests(1, room)
    room.know(late)
    # As a body that is whole makes it be asked.
    assert room.serve(late, False)
    assert all(guest.open for guest in (*claiming[-2:], late))


def test_a_false_credential_makes_room_when_it_is_full() -> None:
    room = Room(4, 4)
    known, false, claiming, resting = guests(4, room)
    for guest in (known, false, claiming, resting):
        assert room.serve(guest, True)
    room.know(known)
    room.rest(resting)
    guests(2, room)
    assert not resting.open
    assert not false.open
    assert known.open
    assert claiming.open


@pytest.mark.parametrize("shows_credential", [True, False])
def test_a_stranger_who_is_slow_to_take_an_answer_makes_room(shows_credential: bool) -> None:
    room = Room(100, 2)
    answered = []
    for _ in range(4):
        [guest] = guests(1, room)
        assert room.serve(guest, shows_credential)
        room.answer(guest)
        answered.append(guest)
    assert [guest.open for guest in answered] == [False, False, True, True]
    [known] = guests(1, room)
    assert room.serve(known, True)
    room.know(known)
    room.answer(known)
    assert answered[2].open
    assert known.open


def test_half_requests_make_room_and_a_whole_one_is_answered(tmp_path: Path) -> None:
    # So few that a hundred of them may be of strangers.
    files = worker.OTHER_FILES + 400
    with Gunicorn(tmp_path / "log", APPLICATION, files=files, SILENCE="60") as web:
        held = [connect(web) for _ in range(500)]
        for connection in held:
            connection.sendall(head("read", 1000) + b"x")
        assert httpx.get(f"{web.url}unread", timeout=10).status_code == 200
        assert _ended(held[0])
        for connection in held:
            connection.close()


GET = "GET /{} HTTP/1.1\r\nHost: here\r\n\r\n"
SIGNED_IN = {"Authorization": "Bearer x"}
# So few that a hundred strangers of each kind are let in.
FEW = worker.OTHER_FILES + 400


def ask(web: Gunicorn, request: str, count: int) -> list[socket.socket]:
    """Send it over so many connections."""
    made = [connect(web) for _ in range(count)]
    for connection in made:
        connection.sendall(request.encode())
    return made


def test_too_many_without_a_credential_are_refused_and_who_shows_one_is_not(
    tmp_path: Path,
) -> None:
    with Gunicorn(tmp_path / "log", APPLICATION, files=FEW) as web:
        held = ask(web, GET.format("wait?seconds=20"), 100)
        unread = f"{web.url}unread"

        def refused() -> bool:
            return httpx.get(unread).status_code == 503

        wait_for(refused, 10)
        assert httpx.post(f"{web.url}read", content=b"x").status_code == 503
        assert httpx.get(unread, headers=SIGNED_IN).status_code == 200
        assert httpx.post(f"{web.url}read", content=b"x", headers=SIGNED_IN).status_code == 200
        assert httpx.post(f"{web.url}known?ticket=x", content=b"x").status_code == 200
        for connection in held:
            connection.close()
        assert "Traceback" not in web.log.read_text()


def test_who_takes_little_of_an_answer_keeps_nobody_out(tmp_path: Path) -> None:
    with Gunicorn(tmp_path / "log", APPLICATION, files=FEW, UNREAD="60") as web:
        held = []
        for _ in range(120):
            held += ask(web, GET.format("large"), 1)
            # Each one has begun to get its answer.
            assert held[-1].recv(15) == b"HTTP/1.1 200 OK"
        assert httpx.get(f"{web.url}unread").status_code == 200
        for connection in held:
            connection.close()
        assert "Traceback" not in web.log.read_text()


@pytest.mark.parametrize("sent", ["", "GET /read HT"])
def test_limits_hold_after_the_first_request_as_before_it(tmp_path: Path, sent: str) -> None:
    rest = "--keep-alive 5"
    with (
        Gunicorn(tmp_path / "log", APPLICATION, GUNICORN_CMD_ARGS=rest) as web,
        connect(web) as connection,
    ):
        connection.sendall(GET.format("read").encode())
        assert answer(connection)[0] == 200
        connection.sendall(sent.encode())
        began = time.monotonic()
        while not (ended := _ended(connection, 0.1)) and time.monotonic() - began < 15:
            if sent:
                connection.sendall(b"e")
        assert ended
        # A head has its moment, and a rest the seconds of `keepalive`.
        assert time.monotonic() - began < (3 if sent else 8)


@pytest.mark.slow
def test_a_rest_is_longer_than_that_of_common_clients(web: Gunicorn) -> None:
    # With five seconds here and there, every sixth of these requests met the end of its connection.
    rests = [4.9 + 0.2 * number / 100 for number in range(100)]
    opened = [connect(web) for _ in rests]
    try:
        for connection in opened:
            connection.sendall(GET.format("read").encode())
            assert answer(connection)[0] == 200
        answered = time.monotonic()
        for connection, rest in zip(opened, rests, strict=True):
            time.sleep(max(0.0, answered + rest - time.monotonic()))
            connection.sendall(GET.format("read").encode())
        assert [answer(connection)[0] for connection in opened] == [200] * len(opened)
    finally:
        for connection in opened:
            connection.close()


def test_the_server_is_the_last_to_end_a_connection_at_rest() -> None:
    assert server.keepalive >= 75
    assert HEAD_SECONDS <= 5


def test_a_second_head_that_is_too_large_is_refused(web: Gunicorn) -> None:
    fields = "".join(f"X-{number}: {'x' * 8000}\r\n" for number in range(60))
    with connect(web) as connection:
        connection.sendall(GET.format("read").encode())
        assert answer(connection)[0] == 200
        connection.sendall(f"GET /read HTTP/1.1\r\nHost: here\r\n{fields}\r\n".encode())
        assert answer(connection)[0] == 431


@pytest.mark.parametrize("together", [False, True])
def test_a_second_request_in_hand_is_not_at_rest(tmp_path: Path, together: bool) -> None:
    with Gunicorn(tmp_path / "log", APPLICATION) as web, connect(web) as connection:
        first, second = GET.format("read").encode(), GET.format("wait?seconds=4").encode()
        connection.sendall(first + second if together else first)
        assert answer(connection)[0] == 200
        if not together:
            connection.sendall(second)
            # It has to come before the process leaves, and says nothing of that.
            assert httpx.get(f"{web.url}unread").status_code == 200
        for process in psutil.Process(web.process.pid).children():
            process.terminate()
        assert answer(connection)[0] == 200


def test_half_a_body_sent_with_the_request_before_makes_room(tmp_path: Path) -> None:
    with Gunicorn(tmp_path / "log", APPLICATION, files=FEW, SILENCE="60") as web:
        pipelined = GET.format("read") + head("read", 1000).decode() + "x"
        held = []
        for _ in range(120):
            held += ask(web, pipelined, 1)
            assert answer(held[-1])[0] == 200
        assert _ended(held[0])
        for connection in held:
            connection.close()


def test_a_body_that_nobody_wants_has_a_moment_to_end(web: Gunicorn) -> None:
    with connect(web) as connection:
        # Fast enough for one that is wanted.
        connection.sendall(head("unread", 500_000))
        assert answer(connection)[0] == 200
        began = time.monotonic()
        while not (ended := _ended(connection, 0.1)) and time.monotonic() - began < 15:
            connection.sendall(b"x" * 100)
        assert ended
        assert time.monotonic() - began < 8


def test_who_is_signed_in_is_never_cut(tmp_path: Path) -> None:
    """Neither one who waits for an answer, nor one who says nothing, nor on a second request."""
    with Gunicorn(tmp_path / "log", APPLICATION, files=FEW) as web:
        followers = [ask(web, GET.format("follow?seconds=8"), 1)[0] for _ in range(2)]
        talker, twice = ask(web, GET.format("talk"), 1)[0], connect(web)
        twice.sendall(GET.format("read").encode())
        assert answer(twice)[0] == 200
        twice.sendall(GET.format("talk").encode())
        assert httpx.get(f"{web.url}unread").status_code == 200
        # More than are let in, of each kind, and then some.
        held = ask(web, "POST /read HTTP/1.1\r\n", 150)
        held += ask(web, GET.format("wait?seconds=3"), 150)
        held += ask(web, GET.format("large"), 150)
        for follower in followers:
            assert answer(follower)[0] == 200
        for quiet in (talker, twice):
            quiet.sendall(b"hello")
            response = http.client.HTTPResponse(quiet)
            response.begin()
            assert response.read() == b"hello"
        for connection in (*held, *followers, talker, twice):
            connection.close()


@pytest.mark.slow
def test_a_process_that_has_grown_makes_way(tmp_path: Path) -> None:
    limit = {"WEB_MEMORY_LIMIT": str(128 * 1024 * 1024)}
    with Gunicorn(tmp_path / "log", APPLICATION, **limit) as web, connect(web) as upload:
        master = psutil.Process(web.process.pid)
        # The upload begins before the process grows, and ends when another one serves.
        upload.sendall(head("read", 10_000_000) + b"x" * 100)
        sent = 100
        grown = httpx.post(f"{web.url}grow").json()["pid"]

        def another_serves() -> int:
            nonlocal sent
            upload.sendall(b"x" * 1000)
            sent += 1000
            serves = httpx.get(f"{web.url}unread").json()["pid"]
            return int(serves) if serves != grown else 0

        successor = wait_for(another_serves, 30)
        assert psutil.pid_exists(grown), "it lets the upload end"
        upload.sendall(b"x" * (10_000_000 - sent))
        status, said = answer(upload)
        assert (status, said["pid"]) == (200, grown)
        wait_for(lambda: [child.pid for child in master.children()] == [successor], 30)
        # Another one may not so soon; in three looks it would have.
        httpx.post(f"{web.url}grow")
        time.sleep(3.5)
        assert [child.pid for child in master.children()] == [successor]
        assert httpx.get(f"{web.url}unread").json()["pid"] == successor
