"""Vectors in a real Chroma server, and what happens when it is away."""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import numpy as np
import pytest

from assistant.adapters.chroma import ChromaStore
from assistant.errors import PermanentError, TransientError
from assistant.ports import Vectors


@pytest.fixture
def store(chroma_url: str) -> ChromaStore:
    return ChromaStore(chroma_url)


@pytest.fixture
def collection() -> str:
    return f"c-{uuid4().hex}"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Return the address of a server that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def unit_vectors(count: int, seed: int = 1) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def ids(count: int) -> list[str]:
    return [f"doc:1:{ordinal}" for ordinal in range(count)]


def test_finds_the_nearest_by_cosine(store: ChromaStore, collection: str) -> None:
    vectors = unit_vectors(20)
    store.upsert(collection, ids(20), vectors)

    matches = store.query(collection, vectors[7], 5)

    expected = vectors @ vectors[7]
    assert [m.id for m in matches] == [f"doc:1:{i}" for i in np.argsort(-expected)[:5]]
    assert [m.score for m in matches] == pytest.approx(sorted(expected)[::-1][:5], abs=1e-5)


def test_upsert_replaces_and_takes_more_than_one_batch(store: ChromaStore, collection: str) -> None:
    store.upsert(collection, ids(700), unit_vectors(700))
    store.upsert(collection, ids(700), unit_vectors(700, seed=2))

    assert store.present(collection, [*ids(700), "doc:1:9999"]) == 700
    assert store.query(collection, unit_vectors(700, seed=2)[650], 1)[0].id == "doc:1:650"


def test_deletes_by_id(store: ChromaStore, collection: str) -> None:
    store.upsert(collection, ids(400), unit_vectors(400))
    store.delete(collection, [*ids(350), "not:there:0"])
    assert store.present(collection, ids(400)) == 50
    assert len(store.query(collection, unit_vectors(1)[0], 100)) == 50


def test_lists_ids_page_by_page(
    store: ChromaStore, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.adapters.chroma.PAGE", 30)
    assert list(store.ids(collection)) == []
    store.upsert(collection, ids(70), unit_vectors(70))
    pages = list(store.ids(collection))
    assert [len(page) for page in pages] == [30, 30, 10]
    assert sorted(i for page in pages for i in page) == sorted(ids(70))


def test_a_server_that_breaks_off_is_told_from_one_that_is_away() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        store = ChromaStore(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def hang_up() -> None:
            listener.accept()[0].close()

        with ThreadPoolExecutor(1) as pool:
            pool.submit(hang_up)
            with pytest.raises(TransientError) as caught:
                store.query("c-1", unit_vectors(1)[0], 1)
    assert caught.value.code == "chroma_broke_off"
    assert not caught.value.counted


def test_a_missing_collection_is_empty(store: ChromaStore, collection: str) -> None:
    assert store.query(collection, unit_vectors(1)[0], 3) == []
    assert store.present(collection, ids(3)) == 0
    store.delete(collection, ids(3))
    store.drop(collection)


def test_a_collection_that_others_dropped_is_made_again(
    store: ChromaStore, chroma_url: str, collection: str
) -> None:
    store.upsert(collection, ids(3), unit_vectors(3))
    ChromaStore(chroma_url).drop(collection)

    assert store.query(collection, unit_vectors(1)[0], 3) == []
    store.upsert(collection, ids(3), unit_vectors(3))
    ChromaStore(chroma_url).drop(collection)
    store.upsert(collection, ids(2), unit_vectors(2))

    assert store.present(collection, ids(3)) == 2


def test_finds_a_collection_that_others_made_anew(
    store: ChromaStore, chroma_url: str, collection: str
) -> None:
    store.upsert(collection, ids(3), unit_vectors(3))
    other = ChromaStore(chroma_url)
    other.drop(collection)
    other.upsert(collection, ids(5), unit_vectors(5))
    assert len(store.query(collection, unit_vectors(1)[0], 9)) == 5


def test_vectors_of_another_length_are_refused_for_good(
    store: ChromaStore, collection: str
) -> None:
    store.upsert(collection, ids(1), unit_vectors(1))
    with pytest.raises(PermanentError) as caught:
        store.upsert(collection, ["doc:2:0"], np.ones((1, 3), np.float32))
    assert not isinstance(caught.value, TransientError)
    assert caught.value.code == "chroma_refused"


def test_serves_many_threads(store: ChromaStore, collection: str) -> None:
    vectors = unit_vectors(40)

    def work(n: int) -> str:
        store.upsert(collection, [f"doc:1:{n}"], vectors[n : n + 1])
        return store.query(collection, vectors[n], 1)[0].id

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == ids(40)


def test_works_in_a_child_forked_after_use(store: ChromaStore, collection: str) -> None:
    store.upsert(collection, ids(2), unit_vectors(2))
    child = os.fork()
    if child == 0:
        counted = 0
        try:
            counted = store.present(collection, ids(2))
        finally:
            os._exit(0 if counted == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.present(collection, ids(2)) == 2


def test_no_server_is_a_transient_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        store = ChromaStore(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(TransientError) as caught:
            store.query("c-1", unit_vectors(1)[0], 1)
    assert caught.value.code == "chroma_unavailable"
    assert "CHROMA_URL" in caught.value.detail


def test_a_server_that_never_answers_is_given_up(silent_url: str) -> None:
    store = ChromaStore(silent_url, read=0.3)
    begin = time.monotonic()
    with pytest.raises(TransientError):
        store.upsert("c-1", ids(1), unit_vectors(1))
    with pytest.raises(TransientError):
        store.ping()
    assert time.monotonic() - begin < 5


def test_loopback_requests_ignore_proxies(chroma_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(httpx.ConnectError):
        httpx.get(chroma_url)
    ChromaStore(chroma_url).ping()


def test_lists_all_collections(
    store: ChromaStore, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.adapters.chroma.PAGE", 2)
    mine = {f"{collection}-{n}" for n in range(5)}
    for name in mine:
        store.upsert(name, ids(1), unit_vectors(1))
    names = store.names()
    assert mine <= set(names)
    assert len(names) == len(set(names))
