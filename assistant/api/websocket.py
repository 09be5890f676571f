"""Endpoints that open a WebSocket and sign its client in."""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import BadRequest, HTTPException

from assistant.adapters.websocket import (
    BROKEN,
    FAREWELL_SECONDS,
    GOING_AWAY,
    TOO_MANY,
    Closed,
    WebSocket,
)
from assistant.api import frames
from assistant.api.arguments import StrictBlueprint
from assistant.api.websocket_session import NOT_SIGNED_IN, NOT_YOURS, Talk
from assistant.errors import AssistantError, InvalidCredentials
from assistant.extensions import settings
from assistant.middleware import vouch
from assistant.problems import problem
from assistant.security import allow

logger = logging.getLogger(__name__)

blp = StrictBlueprint("sockets", __name__, url_prefix="/ws", description="Everything live")

AUTH_SECONDS = 5.0
LARGEST_FRAME = 64 * 1024
# In each process; then the one that has been silent longest makes room for a new one.
MOST_UNSIGNED = 500

_open: set[WebSocket] = set()
_unsigned: dict[WebSocket, None] = {}
_sockets_of: Counter[uuid.UUID] = Counter()
_leaving = threading.Event()


@blp.get("")
@allow(public=True)
@blp.alt_response(426, "UPGRADE_REQUIRED")
def open_socket() -> Response:
    """Open a WebSocket; its first frame signs in: `{"type": "auth", "token": …}`."""
    return _serve(None)


@blp.get("/<uuid:user_id>")
@allow(public=True)
@blp.alt_response(426, "UPGRADE_REQUIRED")
def open_socket_of(user_id: uuid.UUID) -> Response:
    """Open a WebSocket that takes the tokens of this user only."""
    return _serve(user_id)


def _take_handshakes(state: BlueprintSetupState) -> None:
    # The same once more, since Werkzeug tells real handshakes from other requests.
    state.add_url_rule("", "open_socket", methods=["GET"], websocket=True)
    state.add_url_rule("/<uuid:user_id>", "open_socket_of", methods=["GET"], websocket=True)


blp.record(_take_handshakes)


class Taken(Response):
    """The answer of a request whose connection was used for something else."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Tell the web server to write nothing more: gunicorn, or that of Flask itself."""
        raise StopIteration if "gunicorn.socket" in environ else ConnectionAbortedError


def _serve(only: uuid.UUID | None) -> Response:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return problem(
            426,
            "Upgrade Required",
            "Open a WebSocket here, or follow a job with server-sent events.",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
            code="upgrade_required",
        )
    try:
        socket = WebSocket(request.environ, LARGEST_FRAME)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    except Closed:
        return Taken(status=101)
    _open.add(socket)
    try:
        _talk(socket, only)
    except Closed:
        pass
    except Exception:
        # The answer has begun, so nobody above could still say what went wrong.
        logger.exception("a socket failed")
        socket.close(BROKEN, "Something went wrong here.")
    finally:
        _open.discard(socket)
        socket.finish()
    return Taken(status=101)


def _talk(socket: WebSocket, only: uuid.UUID | None) -> None:
    if _leaving.is_set():
        return socket.close(GOING_AWAY, "The server is leaving. Come back.")
    with _unknown(socket):
        talk = _sign_in(socket)
    if talk is None:
        return None
    vouch()
    socket.trust()
    if only not in (None, talk.user_id):
        return socket.close(NOT_YOURS, "This address is another user's.")
    with _counted(talk.user_id) as number:
        if number > settings.max_sockets_per_user:
            return socket.close(TOO_MANY, "Too many sockets are open. Close one.")
        return talk.run()


def _sign_in(socket: WebSocket) -> Talk | None:
    """Wait for the first frame, which has to bring a good token."""
    give_up = time.monotonic() + AUTH_SECONDS
    message = None
    while message is None and (left := give_up - time.monotonic()) > 0:
        message = socket.receive(left)
    if message is None:
        socket.close(NOT_SIGNED_IN, "No token came in time.")
        return None
    try:
        kind, values = frames.read(message, {})
        if kind != "auth":
            raise InvalidCredentials("The first frame has to be `auth`, with a token.")
        return Talk(socket, frames.load(kind, values)["token"])
    except (AssistantError, HTTPException) as error:
        code = NOT_SIGNED_IN if getattr(error, "status", 401) < 500 else BROKEN
        socket.close(
            code, getattr(error, "detail", None) or "The first frame is not as it must be."
        )
        return None


@contextmanager
def _unknown(socket: WebSocket) -> Iterator[None]:
    """Keep few sockets of whose clients nothing is known."""
    _unsigned[socket] = None
    if len(_unsigned) > MOST_UNSIGNED:
        oldest = next(iter(_unsigned))
        del _unsigned[oldest]
        oldest.hang_up()
    try:
        yield
    finally:
        _unsigned.pop(socket, None)


@contextmanager
def _counted(user_id: uuid.UUID) -> Iterator[int]:
    _sockets_of[user_id] += 1
    try:
        yield _sockets_of[user_id]
    finally:
        _sockets_of[user_id] -= 1
        if not _sockets_of[user_id]:
            del _sockets_of[user_id]


def close() -> None:
    """Send all away; they come back to another process."""
    _leaving.set()
    for socket in tuple(_open):
        # Each by itself: one that is slow must not hold up the others.
        threading.Thread(target=_send_away, args=(socket,), daemon=True).start()


def _send_away(socket: WebSocket) -> None:
    socket.close(GOING_AWAY, "The server is leaving. Come back.")
    # A moment for its answer; then nobody waits any longer.
    time.sleep(FAREWELL_SECONDS)
    socket.hang_up()
