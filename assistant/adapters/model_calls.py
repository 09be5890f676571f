"""Send requests to the model server as they are, without the SDK, which no web process loads."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from assistant.adapters.model_access import ModelAccess
from assistant.adapters.model_list import LOOPBACK
from assistant.errors import PermanentError, TransientError

CONNECT_SECONDS = 5.0
# Whoever calls sees to it that there are not too many.
POOL = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30)
# No answer is larger.
MOST_BYTES = 64 * 1024 * 1024
UNREACHABLE = "model_unreachable"
TIMED_OUT = "model_timeout"
CUT = "model_stream_cut"


class ModelAnswer:
    """What the server answers: its status and headers, and a body that is still to be read."""

    def __init__(self, response: httpx.Response, seconds: float) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._seconds = seconds

    @property
    def media_type(self) -> str:
        """Return what the server says that the body is."""
        kind: str = self.headers.get("content-type", "")
        return kind.partition(";")[0].strip().lower()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes; raises `TransientError` if it breaks off or stops coming."""
        try:
            with _explained(begun=True):
                yield from self._response.iter_bytes()
        finally:
            self.close()

    def read(self) -> bytes:
        """Return the whole body, which has to come within the time of an answer."""
        body, give_up = bytearray(), time.monotonic() + self._seconds
        for piece in self.pieces():
            body += piece
            if len(body) > MOST_BYTES or time.monotonic() > give_up:
                self.close()
                raise TransientError("The model's answer has no end.", code=TIMED_OUT)
        return bytes(body)

    def close(self) -> None:
        """Close the connection unless the answer has come to its end."""
        self._response.close()


class HttpModelCalls:
    """Calls of an OpenAI-compatible server; shared by all threads of a process."""

    def __init__(
        self, access: ModelAccess, seconds: float, *, connect: float = CONNECT_SECONDS
    ) -> None:
        self._access = access
        self._seconds = seconds
        self._timeout = httpx.Timeout(seconds, connect=connect)
        # Connections do not survive a fork.
        self._clients: dict[int, httpx.Client] = {}

    @property
    def seconds(self) -> float:
        """Return how long the server may be silent."""
        return self._seconds

    def post(self, path: str, body: bytes) -> ModelAnswer:
        """Send a body of JSON and return the answer as soon as its headers are there.

        Raises `TransientError` if there is none, `PermanentError` if none can be had.
        """
        while True:
            is_new: list[bool] = []

            def note(event: str, _: Any, is_new: list[bool] = is_new) -> None:
                if event == "connection.connect_tcp.started":
                    is_new.append(True)

            try:
                with _explained(begun=False):
                    return ModelAnswer(self._sent(path, body, note), self._seconds)
            except TransientError as error:
                # A kept connection may be closed at the moment at which something is sent on it;
                # that removes it, so this comes to an end. See RFC 9112 §9.3.1.
                if is_new or not isinstance(error.__cause__, STALE):
                    raise

    def _sent(self, path: str, body: bytes, note: Any) -> httpx.Response:
        client = self._client()
        key = self._access.key
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            **({"Authorization": f"Bearer {key}"} if key else {}),
        }
        request = client.build_request(
            "POST",
            f"{self._access.url.rstrip('/')}{path}",
            content=body,
            headers=headers,
            extensions={"trace": note},
        )
        return client.send(request, stream=True)

    def without_key(self, words: str) -> str:
        """Return words of the server without our key, which some repeat."""
        return words.replace(self._access.key, "…") if len(self._access.key) > 7 else words

    def _client(self) -> httpx.Client:
        pid = os.getpid()
        if pid not in self._clients:
            # A proxy from the environment must not get what goes to this very machine.
            trust = httpx.URL(self._access.url).host not in LOOPBACK
            self._clients[pid] = httpx.Client(timeout=self._timeout, limits=POOL, trust_env=trust)
        return self._clients[pid]


STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@contextmanager
def _explained(begun: bool) -> Iterator[None]:
    """Say in our words what went wrong between us and the server."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeEncodeError) as error:
        raise PermanentError(
            "The model server's address or key cannot be used.", code="model_address"
        ) from error
    except httpx.ConnectTimeout as error:
        raise TransientError("The model server cannot be reached.", code=UNREACHABLE) from error
    except httpx.TimeoutException as error:
        said = "stopped answering" if begun else "did not begin to answer in time"
        raise TransientError(f"The model {said}.", code=TIMED_OUT) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        if begun:
            said = "The model stopped in the middle of its answer."
            raise TransientError(said, code=CUT) from error
        raise TransientError("The model server cannot be reached.", code=UNREACHABLE) from error
