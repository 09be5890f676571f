"""Connections to a Chroma server that end in time, and the handles of its collections."""

import os
from urllib.parse import urlsplit

import httpx
from chromadb.api.fastapi import FastAPI
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings, System

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ChromaSession:
    """The connections and collection handles of one process."""

    def __init__(self, url: str, timeout: httpx.Timeout) -> None:
        self.pid = os.getpid()
        self.api = _api(url, timeout)
        self.handles: dict[str, Collection] = {}

    def handle(self, name: str, *, create: bool) -> Collection:
        """Return a collection; raises `NotFoundError` if it is not there and not to be made."""
        if name not in self.handles:
            if create:
                # No function is named, so that Chroma never loads one of its own.
                model = self.api.create_collection(
                    name,
                    configuration={"hnsw": {"space": "cosine"}, "embedding_function": None},
                    get_or_create=True,
                )
            else:
                model = self.api.get_collection(name)
            self.handles[name] = Collection(self.api, model, embedding_function=None)
        return self.handles[name]


def _api(url: str, timeout: httpx.Timeout) -> FastAPI:
    """Return the server half of `chromadb.HttpClient`, which is where the requests are made.

    `HttpClient` has no setting for timeouts, waits without one already in its constructor, and
    asks for tenant and database in three requests that add nothing here.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint="",
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=parts.hostname,
        chroma_server_http_port=parts.port or (443 if secure else 80),
        chroma_server_ssl_enabled=secure,
    )
    api = System(settings).instance(FastAPI)
    headers = dict(api.get_request_headers())
    api._session.close()
    # A proxy from the environment must not get what goes to this very machine.
    api._session = httpx.Client(
        timeout=timeout,
        limits=api.http_limits,
        headers=headers,
        trust_env=parts.hostname not in LOOPBACK,
    )
    return api
