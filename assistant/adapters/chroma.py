"""Keeping vectors in a Chroma server."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from json import JSONDecodeError
from typing import TypeVar

import httpx
import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.errors import ChromaError, NotFoundError

from assistant.adapters.chroma_session import ChromaSession
from assistant.adapters.chroma_words import why_not_written
from assistant.errors import PermanentError, TransientError
from assistant.ports import Match, Vectors

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
BATCH = 300
PAGE = 5000
Result = TypeVar("Result")


class ChromaStore:
    """A `VectorStore`; usable in several threads, and in children forked after it was made."""

    def __init__(
        self, url: str, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS
    ) -> None:
        self._url = url
        self._timeout = httpx.Timeout(read, connect=connect)
        # At once: Chroma imports parts of itself for it, which no two threads may do together.
        self._session = ChromaSession(self._url, self._timeout)

    def upsert(self, collection: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors under their ids, and create the collection if it does not exist."""
        self._call(collection, lambda handle: _upsert(handle, ids, vectors), create=True)

    def query(self, collection: str, vector: Vectors, limit: int) -> list[Match]:
        """Return the nearest vectors, best first; none if the collection does not exist."""
        if limit < 1:
            return []
        return self._call(collection, lambda handle: _query(handle, vector, limit)) or []

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove these ids; those that are not there do not matter."""
        self._call(collection, lambda handle: _delete(handle, ids))

    def present(self, collection: str, ids: Sequence[str]) -> int:
        """Count how many of these ids the collection holds."""
        return len(self.which(collection, ids))

    def which(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Return those of these ids that the collection holds."""
        return self._call(collection, lambda handle: _which(handle, ids)) or set()

    def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that the collection holds under these ids."""
        return self._call(collection, lambda handle: _vectors(handle, ids)) or {}

    def ids(self, collection: str) -> Iterator[list[str]]:
        """Yield the ids that the collection holds, page by page; none if it does not exist."""
        start = 0
        while found := self._call(collection, partial(_page, start)):
            yield found
            start += PAGE

    def count(self, collection: str) -> int:
        """Return how many vectors the collection holds; none if it does not exist."""
        return self._call(collection, Collection.count) or 0

    def drop(self, collection: str) -> None:
        """Remove the collection with all its vectors, if it exists."""
        with _translated():
            session = self._connected()
            session.handles.pop(collection, None)
            with suppress(NotFoundError):
                session.api.delete_collection(collection)

    def names(self) -> list[str]:
        """Return the names of all collections, whoever made them."""
        found: list[str] = []
        with _translated():
            api = self._connected().api
            while page := api.list_collections(limit=PAGE, offset=len(found)):
                found += [model.name for model in page]
        return found

    def ping(self) -> None:
        """Raise `TransientError` if the server does not answer."""
        with _translated():
            self._connected().api.heartbeat()

    def _call(
        self, collection: str, use: Callable[[Collection], Result], *, create: bool = False
    ) -> Result | None:
        """Use the collection, or return nothing if there is none and none shall be created."""
        with _translated():
            session = self._connected()
            cached = collection in session.handles
            try:
                return use(session.handle(collection, create=create))
            except NotFoundError:
                session.handles.pop(collection, None)
                if not (cached or create):
                    return None
            # Somebody dropped it, or wiped the server: the remembered id is of no use any more.
            try:
                return use(session.handle(collection, create=create))
            except NotFoundError:
                session.handles.pop(collection, None)
                if create:
                    raise
                return None

    def _connected(self) -> ChromaSession:
        # Two threads may both make one; the loser's is closed when it is collected.
        if self._session.pid != os.getpid():
            self._session = ChromaSession(self._url, self._timeout)
        return self._session


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, BATCH):
        yield slice(start, start + BATCH)


def _upsert(handle: Collection, ids: Sequence[str], vectors: Vectors) -> None:
    for part in _batches(len(ids)):
        handle.upsert(ids=list(ids[part]), embeddings=vectors[part])


def _query(handle: Collection, vector: Vectors, limit: int) -> list[Match]:
    found = handle.query(
        query_embeddings=vector.reshape(1, -1), n_results=limit, include=["distances"]
    )
    distances = found["distances"]
    if not distances:
        return []
    pairs = zip(found["ids"][0], distances[0], strict=True)
    return [Match(id=name, score=1.0 - float(distance)) for name, distance in pairs]


def _delete(handle: Collection, ids: Sequence[str]) -> None:
    for part in _batches(len(ids)):
        handle.delete(ids=list(ids[part]))


def _which(handle: Collection, ids: Sequence[str]) -> set[str]:
    parts = _batches(len(ids))
    return {i for part in parts for i in handle.get(ids=list(ids[part]), include=[])["ids"]}


def _vectors(handle: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for part in _batches(len(ids)):
        got = handle.get(ids=list(ids[part]), include=["embeddings"])
        rows = np.asarray(got["embeddings"], np.float32)
        found |= dict(zip(got["ids"], rows, strict=True))
    return found


def _page(start: int, handle: Collection) -> list[str]:
    return handle.get(include=[], limit=PAGE, offset=start)["ids"]


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what Chroma and the network raise into the errors of this project.

    None of the transient ones counts against a job: the index is ours, and heals by itself.
    """
    try:
        yield
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        # A damaged index can make Chroma die of whoever touches it.
        raise TransientError(
            "The vector store broke off; look at Chroma's log.",
            code="chroma_broke_off",
            counted=False,
        ) from error
    except httpx.HTTPError as error:
        raise TransientError(
            "The vector store does not answer; check that Chroma runs at CHROMA_URL.",
            code="chroma_unavailable",
            counted=False,
        ) from error
    except Exception as error:
        if isinstance(error, ChromaError) and error.code() < 500:
            raise PermanentError(
                f"The vector store refused the request ({error}); rebuild the collection's index.",
                code="chroma_refused",
            ) from error
        # Chroma raises bare exceptions for answers it does not know, such as a proxy's.
        if isinstance(error, ChromaError | JSONDecodeError) or type(error) is Exception:
            brief, code = why_not_written(str(error)) or ("failed", "chroma_failed")
            raise TransientError(
                f"The vector store {brief}; look at Chroma's log.", code=code, counted=False
            ) from error
        raise
