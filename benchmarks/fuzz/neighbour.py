"""Somebody else who uploads a small file every few seconds, and waits until it can be found."""

import threading
from statistics import median

from benchmarks.accept import sign_in
from benchmarks.stack import Whole
from benchmarks.uploads import alone, searchable

PAUSE_SECONDS = 2.0
IDLE_READINGS = 15


class Neighbour:
    """Measures alone when it is made, and then as long as the `with` lasts."""

    def __init__(self, whole: Whole) -> None:
        self._client = whole.client()
        token = sign_in(whole.stack.settings.port, "neighbour")
        self._client.headers["Authorization"] = f"Bearer {token}"
        self.idle = median(alone(self._client, IDLE_READINGS))
        self.times: list[float] = []
        self.troubles: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._client.close()

    def _go_on(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.times.append(searchable(self._client, len(self.times)))
            except Exception as error:  # whatever it is, the file could not be found
                self.troubles.append(repr(error)[:300])
