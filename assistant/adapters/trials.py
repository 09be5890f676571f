"""Writes that are tried only to see whether a disk, or the server behind an API, takes them."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from assistant.adapters.chroma_words import why_not_written
from assistant.adapters.offloading import offload
from assistant.errors import TransientError

# Enough to need a block of its own, whatever the file system.
TRIAL = bytes(64 * 1024)
CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Upkeep takes no other name than those of our indexes and of its markers for anybody's.
COLLECTION = "trial_of_writing"
API = "api/v2/tenants/default_tenant/databases/default_database/collections"
SHOWN = 200


def write_file(folder: Path | None = None) -> None:
    """Write a file without a name where `folder` is, or in the folder for temporary files.

    Raises `OSError`.
    """
    offload(lambda: _write(folder))


def _write(folder: Path | None) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(TRIAL)
        file.flush()


class ChromaTrial:
    """Writes one vector again and again, by HTTP: a web process must not load Chroma's client."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/{API}"
        self._collection = ""
        local = urlsplit(url).hostname in LOOPBACK
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        # A proxy from the environment must not get what goes to this very machine.
        self._client = httpx.Client(timeout=timeout, trust_env=not local)

    def write(self) -> None:
        """Write; raises `TransientError` with what Chroma says if it does not take it."""
        try:
            answer = self._upsert() if self._collection else None
            if answer is None or answer.status_code == httpx.codes.NOT_FOUND:
                # Nobody has written before, or the server was emptied.
                self._collection = self._make()
                answer = self._upsert()
            _demand(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError("does not answer", code="chroma_unavailable") from error

    def _make(self) -> str:
        configuration = {"hnsw": {"space": "cosine"}, "embedding_function": None}
        wanted = {"name": COLLECTION, "configuration": configuration, "get_or_create": True}
        answer = self._client.post(self._url, json=wanted)
        _demand(answer)
        try:
            return str(answer.json()["id"])
        except (ValueError, KeyError, TypeError):
            raise TransientError("is no Chroma server", code="chroma_failed") from None

    def _upsert(self) -> httpx.Response:
        vector = {"ids": ["trial"], "embeddings": [[1.0, 0.0]]}
        return self._client.post(f"{self._url}/{self._collection}/upsert", json=vector)


def _demand(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    said = " ".join(answer.text.split())[:SHOWN]
    brief, code = why_not_written(said) or (f"takes no writes: it says {said!r}", "chroma_failed")
    raise TransientError(brief, code=code)
