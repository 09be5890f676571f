"""A look behind the scenes: at servers, processes, PostgreSQL and Chroma, past the application."""

import threading
import time
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from assistant.adapters.chroma import ChromaStore
from assistant.local.program import Server
from assistant.local.stack import LocalStack
from assistant.models.collection import chroma_name
from benchmarks.drill.books import Books

# Several look for their victims all the time.
STATES_SECONDS = 0.1


@dataclass
class Backstage(ABC):
    """The servers of an application that runs, and the ways to look at them."""

    servers: LocalStack
    books: Books
    _states: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _asking: Any = field(default_factory=threading.Lock, init=False)

    @abstractmethod
    def supervised(self) -> dict[str, dict[str, Any]]:
        """Ask what the application's programs are doing."""

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what was known of the application's programs a moment ago."""
        with self._asking:
            if time.monotonic() - self._asked_at > STATES_SECONDS:
                self._states = self.supervised()
                self._asked_at = time.monotonic()
            return self._states

    def server(self, name: str) -> Server:
        """Return one of the servers."""
        return next(server for server in self.servers.servers if server.program.name == name)

    def vectors(self, collection_id: uuid.UUID, version: int) -> set[str]:
        """Return the ids of all vectors that Chroma has of a collection."""
        store = ChromaStore(self.servers.settings.chroma_url)
        found = store._call(
            chroma_name(collection_id, version), lambda handle: handle.get(include=[])
        )
        return set(found["ids"]) if found else set()

    def indexes(self) -> list[str]:
        """Return the names of all that Chroma has."""
        return ChromaStore(self.servers.settings.chroma_url).names()
