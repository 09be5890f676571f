"""`flask vectors verify` finds whatever differs between PostgreSQL and Chroma, and repairs it."""

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters, settings
from assistant.models import Collection
from assistant.models.collection import chroma_name
from assistant.services import jobs
from assistant.services.documents import collections, documents
from assistant.services.retrieval import walks
from assistant.services.upkeep import marker, verification
from tests.cli.conftest import Run
from tests.services.factories import make_owner, perform, sql, upload

Read = Callable[..., Any]
TEXTS = [f"Sentence {number} is about ship {number * 7919 % 10_007}." for number in range(9)]


@pytest.fixture
def collection(app: Flask) -> Iterator[Collection]:
    """Return a collection of nine vectors; Chroma knows no others of ours or of others."""
    owner = make_owner()
    for number, text in enumerate(TEXTS):
        assert perform(upload(owner, text, f"{number}.txt")).state == "succeeded"
    with transaction(SYSTEM) as session:
        found = session.scalars(select(Collection).where(Collection.owner_id == owner)).one()
    yield found
    adapters.vector_store.drop(found.chroma_name)


def count(name: str) -> int:
    """Ask Chroma itself, by HTTP, how many vectors it has under a name."""
    base = f"{settings.chroma_url}/api/v2/tenants/default_tenant/databases/default_database"
    with httpx.Client(trust_env=False) as client:
        found = client.get(f"{base}/collections/{name}")
        if found.status_code == 404:
            return 0
        answer = client.get(f"{base}/collections/{found.json()['id']}/count")
    assert answer.status_code == 200, answer.text
    return int(answer.json())


def ids_of(collection: Collection) -> list[str]:
    return sorted(i for page in adapters.vector_store.ids(collection.chroma_name) for i in page)


def vector() -> Any:
    row = np.zeros((1, adapters.embedding_model.dimensions), np.float32)
    row[0, 0] = 1
    return row


def test_all_is_right(run: Run, read: Read, collection: Collection) -> None:
    done = run("vectors", "verify", "--collection", collection.id)
    assert done.stdout == "1 collection with 9 vectors: PostgreSQL and Chroma agree.\n"
    assert "Comparing" in done.stderr
    found = read("vectors", "verify", "--collection", collection.id)
    assert {name: found[name] for name in ("vectors", "missing", "strays", "sampled", "wrong")} == {
        "vectors": 9,
        "missing": 0,
        "strays": 0,
        "sampled": 9,
        "wrong": 0,
    }
    assert count(collection.chroma_name) == 9


def test_both_ways_and_values(run: Run, read: Read, collection: Collection) -> None:
    store, name, ids = adapters.vector_store, collection.chroma_name, ids_of(collection)
    store.delete(name, ids[:2])
    store.upsert(name, [ids[5]], vector())
    store.upsert(name, [f"{uuid.uuid4()}:1:0", "nonsense"], np.repeat(vector(), 2, axis=0))
    words = ("vectors", "verify", "--collection", collection.id)
    failed = run(*words, code=1)
    assert "Of 1 collection 1 are not right. Repair them: --repair" in failed.stdout
    found = read(*words, code=1)
    [one] = found["wrong_collections"]
    assert (one["missing"], one["strays"], one["wrong"], one["sampled"]) == (2, 2, 1, 7)
    assert found["left"] == [one]
    repaired = read(*words, "--repair")
    assert (repaired["wrong_collections"], repaired["left"]) == ([one], [])
    assert ids_of(collection) == ids
    assert count(name) == 9
    assert "agree" in run(*words).stdout


def test_an_index_that_is_gone(run: Run, read: Read, collection: Collection) -> None:
    adapters.vector_store.drop(collection.chroma_name)
    words = ("vectors", "verify", "--collection", collection.id)
    assert read(*words, code=1)["missing"] == 9
    assert "1 of 1 repaired." in run(*words, "--repair").stdout
    assert count(collection.chroma_name) == 9


def test_vectors_of_another_length(read: Read, collection: Collection) -> None:
    store, name, ids = adapters.vector_store, collection.chroma_name, ids_of(collection)
    store.drop(name)
    store.upsert(name, ids, np.eye(9, 12, dtype=np.float32))
    words = ("vectors", "verify", "--collection", collection.id)
    [one] = read(*words, code=1)["wrong_collections"]
    assert (one["dimensions"], one["wrong"]) == (12, 9)
    assert read(*words, "--repair")["left"] == []
    with transaction(SYSTEM) as session:
        now = session.get_one(Collection, collection.id)
    assert now.index_version == 2
    assert count(now.chroma_name) == 9
    assert count(name) == 0
    store.drop(now.chroma_name)


def test_indexes_without_a_row(run: Run, read: Read, collection: Collection) -> None:
    store = adapters.vector_store
    for name in store.names():
        if name.startswith(marker.PREFIX):
            store.drop(name)
    marker.watch()
    strays = [chroma_name(uuid.uuid4(), 3), chroma_name(collection.id, 9)]
    for name in strays:
        store.upsert(name, ["x"], vector())
    found = read("vectors", "verify", code=1)
    assert set(strays) <= set(found["indexes_without_rows"])
    repaired = read("vectors", "verify", "--repair")
    assert set(strays) <= set(repaired["indexes_without_rows"])
    assert repaired["left_without_rows"] == []
    assert not set(strays) & set(store.names())
    assert count(collection.chroma_name) == 9
    store.upsert(f"{marker.PREFIX}{uuid.uuid4().hex}", ["x"], vector())
    try:
        assert "Another installation uses this Chroma server" in run("vectors", "verify").stdout
    finally:
        for name in store.names():
            if name.startswith(marker.PREFIX) and name != marker.own_name():
                store.drop(name)


def test_what_is_just_being_written_is_no_stray(
    run: Run, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = documents.create(collection.owner_id, io.BytesIO(b"A tenth."), "ten.txt", None)
    sql("UPDATE documents SET last_generation = 1 WHERE id = :d", d=job.document_id)
    adapters.vector_store.upsert(collection.chroma_name, [f"{job.document_id}:1:0"], vector())
    run("vectors", "verify", "--collection", collection.id)


def test_pages_hold_few(
    read: Read, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collections.create(collection.owner_id, "Another")
    monkeypatch.setattr(verification, "BATCH", 2)
    monkeypatch.setattr(verification, "PAGE", 1)
    monkeypatch.setattr(verification, "SAMPLE", 3)
    monkeypatch.setattr(walks, "PORTION", 4)
    adapters.vector_store.delete(collection.chroma_name, ids_of(collection)[3:5])
    found = read("vectors", "verify", "--collection", collection.id, code=1)
    assert (found["vectors"], found["missing"]) == (9, 2)
    assert 1 <= found["sampled"] <= 3
    assert read("vectors", "verify", code=1)["collections"] >= 2


def test_a_collection_that_is_not_there(run: Run) -> None:
    unknown = uuid.uuid4()
    failed = run("vectors", "verify", "--collection", unknown, code=1)
    assert failed.stderr.endswith(f"Error: There is no collection {unknown}.\n")


def test_a_receipt_says_what_chroma_says(app: Flask, collection: Collection) -> None:
    from assistant.services.documents import deletion

    before = count(collection.chroma_name)
    [[document_id]] = sql(
        "SELECT id FROM documents WHERE owner_id = :o ORDER BY id LIMIT 1", o=collection.owner_id
    )
    job = deletion.delete(collection.owner_id, document_id)
    jobs.run(str(job.id))
    [[receipt]] = sql("SELECT result FROM jobs WHERE id = :id", id=job.id)
    after = count(collection.chroma_name)
    assert (receipt["vectors_deleted"], receipt["vectors_remaining"]) == (before - after, 0)
    assert before - after == receipt["chunks"] == 1
