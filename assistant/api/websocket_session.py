"""Handle the frames of one signed-in WebSocket: ask, follow, cancel, and tell what happens."""

import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable

from flask import g
from werkzeug.exceptions import HTTPException, InternalServerError

from assistant import security
from assistant.adapters.websocket import GOING_AWAY, TOO_MANY, Closed, WebSocket
from assistant.api import frames, messages
from assistant.api.session_recheck import Presence
from assistant.errors import (
    AssistantError,
    InvalidCredentials,
    PermissionDenied,
    RateLimited,
)
from assistant.models import Scope
from assistant.services import jobs
from assistant.services.accounts.caller import Caller
from assistant.services.events.listening import Listener
from assistant.services.jobs import Body
from assistant.services.jobs.event_log import Event

logger = logging.getLogger(__name__)

# So many frames in so many seconds; whoever then goes on regardless is sent away.
MOST_FRAMES = 20
FRAMES_SECONDS = 10.0
PING_SECONDS = 20.0
DEAD_SECONDS = 50.0
# Proxies and new releases must be able to move a client; it comes back with its cursors.
LONGEST_SECONDS = 3600.0

NOT_SIGNED_IN, NOT_YOURS, TOO_SLOW = 4401, 4403, 4408


class Talk:
    """A client that has signed in with `token`."""

    def __init__(self, socket: WebSocket, token: str) -> None:
        self._socket = socket
        self._token = token
        self._presence = Presence(lambda: self._authenticate(self._token))
        self.user_id = self._presence.demand()
        self._began = self._pinged = time.monotonic()
        self._times: deque[float] = deque(maxlen=MOST_FRAMES)
        self._refused = 0
        self._listener: Listener | None = None

    def run(self) -> None:
        """Answer until one side leaves."""
        self._listener = Listener(self.user_id, self)
        try:
            while True:
                message = self._socket.receive()
                if message is not None:
                    self._take(message)
                self._look_after()
        except InvalidCredentials as error:
            self._socket.close(NOT_SIGNED_IN, error.detail)
        except PermissionDenied as error:
            self._socket.close(NOT_YOURS, error.detail)
        finally:
            self._listener.close()

    def tell(self, job_id: uuid.UUID, events: list[Event]) -> None:
        """Pass on what happened to a job."""
        self._socket.send(*(frames.of_event(job_id, event) for event in events))

    def answer(self, job: Body, reply: Body | None) -> None:
        """Pass on how a reply has ended."""
        about = {"job_id": job["id"], "conversation_id": job["conversation_id"]}
        ended = {"state": job["state"], "error": job["error"], "assistant_message": reply}
        self._socket.send(frames.make("chat_response", **about, **ended))

    def refuse(self, error: AssistantError, job_id: uuid.UUID) -> None:
        """Say why a job cannot be followed."""
        self._socket.send(frames.of_error(error, {"job_id": str(job_id)}))

    def drop(self, why: str) -> None:
        """Send the client away."""
        self._socket.close(TOO_SLOW, why)

    def _authenticate(self, token: str) -> uuid.UUID:
        """Demand that the session is alive, and let the services know whose it is."""
        return self._go_on_as(security.authenticate(token))

    def _go_on_as(self, caller: Caller) -> uuid.UUID:
        # It is told everything that happens.
        security.demand_scope(Scope.READ, caller)
        g.caller = caller
        return security.caller_id()

    def _look_after(self) -> None:
        now = time.monotonic()
        self._presence.look()
        if now - self._began > LONGEST_SECONDS:
            self._socket.close(GOING_AWAY, "Come back, with the cursors of what you follow.")
        silent = now - self._socket.heard_at
        if silent > DEAD_SECONDS:
            self._socket.close(TOO_SLOW, "There was no sign of life.")
        elif silent > PING_SECONDS and now - self._pinged > PING_SECONDS:
            self._pinged = now
            self._socket.ping()

    def _take(self, message: str | bytes) -> None:
        """Do what a frame asks for; what is wrong with it is answered, and nothing ends."""
        about: Body = {}
        try:
            self._limit()
            kind, values = frames.read(message, about)
            self._presence.demand()
            if kind != "ping":
                security.count_request(None, security.caller())
            HANDLERS[kind](self, frames.load(kind, values), about)
        except (InvalidCredentials, Closed):
            raise
        except (AssistantError, HTTPException) as error:
            self._socket.send(frames.of_error(error, about))
        except Exception:
            # One frame that fails must not end what the others on this socket began.
            logger.exception("a frame failed")
            self._socket.send(frames.of_error(InternalServerError(), about))

    def _limit(self) -> None:
        now = time.monotonic()
        if len(self._times) < MOST_FRAMES or now - self._times[0] > FRAMES_SECONDS:
            self._times.append(now)
            self._refused = 0
            return
        self._refused += 1
        if self._refused > MOST_FRAMES:
            self._socket.close(TOO_MANY, "Too many frames.")
            raise Closed
        wait = FRAMES_SECONDS - (now - self._times[0])
        raise RateLimited(
            f"At most {MOST_FRAMES} frames in {FRAMES_SECONDS:.0f} seconds; this one was ignored.",
            retry_after=wait,
        )

    @property
    def _listening(self) -> Listener:
        assert self._listener is not None
        return self._listener

    def _auth(self, values: Body, about: Body) -> None:
        caller = security.authenticate(values["token"])
        if caller.user_id != self.user_id:
            raise PermissionDenied("This is the token of somebody else. Open another socket.")
        self._go_on_as(caller)
        self._token = values["token"]

    def _chat(self, values: Body, about: Body) -> None:
        security.demand_scope(Scope.WRITE)
        with self._listening.accepting():
            job = messages.accept(values).get_json()
            self._socket.send(frames.make("accepted", job=job, **about))
            self._listening.follow(uuid.UUID(job["id"]))

    def _follow(self, values: Body, about: Body) -> None:
        jobs.get(self.user_id, values["job_id"])
        self._listening.follow(values["job_id"], values.get("after"))

    def _unfollow(self, values: Body, about: Body) -> None:
        self._listening.unfollow(values["job_id"])

    def _cancel(self, values: Body, about: Body) -> None:
        security.demand_scope(Scope.WRITE)
        security.demand_scope_of(values["job_id"])
        job = json.loads(jobs.cancel(self.user_id, values["job_id"]))
        self._socket.send(frames.make("job", job=job, **about))

    def _ping(self, values: Body, about: Body) -> None:
        self._socket.send(frames.make("pong", **about))


HANDLERS: dict[str, Callable[[Talk, Body, Body], None]] = {
    "auth": Talk._auth,
    "chat": Talk._chat,
    "follow": Talk._follow,
    "unfollow": Talk._unfollow,
    "cancel": Talk._cancel,
    "ping": Talk._ping,
}
