"""Deleting an account that has many documents, and somebody else's small file meanwhile."""

import io
import os
import time
import uuid
from collections.abc import Iterator
from itertools import count
from statistics import median

import httpx
import numpy as np

from assistant.adapters.chroma import ChromaStore
from assistant.models.collection import chroma_name
from assistant.models.document import vector_id
from benchmarks.accept import PASSWORD, sign_in
from benchmarks.growth.planting import Planted
from benchmarks.stack import Whole

CHUNKS, TERMS, DIMENSIONS = 2, 30, 384
COLLECTIONS = 20
# What one statement plants.
AT_ONCE = 2000
# Of an account of 20,000 documents, and of what a small file takes with nothing beside it.
SECONDS_A_DOCUMENT, TIMES = 300 / 20_000, 3.0

_COLLECTION = """
INSERT INTO collections (id, owner_id, name, is_default, embedding_model, chunk_size, chunk_overlap,
    index_version, index_checked_at)
SELECT %(id)s, %(owner)s, %(name)s, false, embedding_model, chunk_size, chunk_overlap, 1, now()
FROM collections LIMIT 1
"""
_DOCUMENTS = f"""
WITH made AS MATERIALIZED (
    SELECT number, gen_random_uuid() AS id FROM generate_series(%(first)s, %(last)s) AS number
), documents AS (
    INSERT INTO documents (id, owner_id, collection_id, filename, media_type, size, sha256,
        storage_key, status, chunk_count, generation, last_generation, job_count)
    SELECT id, %(owner)s::uuid, %(collection)s::uuid, number || '.txt', 'text/plain', 100,
        md5(number::text) || md5(id::text), %(owner)s || '/' || id, 'ready', {CHUNKS}, 1, 1, 1
    FROM made RETURNING id
), texts AS (
    INSERT INTO document_texts (document_id, generation, owner_id, text, page_starts)
    SELECT id, 1, %(owner)s::uuid, repeat('Some words of a text. ', 60), '{{}}' FROM documents
), vectors AS (
    INSERT INTO embeddings (id, owner_id, model, text_hash, vector)
    SELECT gen_random_uuid(), %(owner)s::uuid, 'planted', sha256((id::text || n)::bytea),
        %(vector)s
    FROM documents, generate_series(0, {CHUNKS - 1}) AS n RETURNING id, text_hash
)
INSERT INTO chunks (document_id, generation, ordinal, owner_id, embedding_id, start, "end", text)
SELECT documents.id, 1, n, %(owner)s::uuid, vectors.id, 0, 600,
    repeat('Some words of a text. ', 30)
FROM documents CROSS JOIN generate_series(0, {CHUNKS - 1}) AS n
JOIN vectors ON text_hash = sha256((documents.id::text || n)::bytea)
"""
_LEXICAL = """
WITH texts AS (
    INSERT INTO lexical_texts (owner_id, document_id, generation, ordinal, chunk_count,
        terms_version)
    SELECT owner_id, id, 1, 0, chunk_count, 1 FROM documents
    WHERE collection_id = %(collection)s AND NOT EXISTS (
        SELECT FROM lexical_texts WHERE document_id = documents.id)
    RETURNING id, owner_id)
INSERT INTO postings (term, text_id, owner_id, chunks)
SELECT (id * 7919 + n) %% 50000, id, owner_id, '\\x00000000'
FROM texts, generate_series(1, %(terms)s) AS n
"""
_IDS = "SELECT array_agg(id::text) FROM documents WHERE collection_id = %(collection)s"


def measure(whole: Whole, planted: Planted) -> bool:
    """Plant an account (`DOCUMENTS`, 2,000), delete it, print both figures; whether both kept."""
    documents = int(os.environ.get("DOCUMENTS") or 2000)
    began = time.monotonic()
    (owner,) = planted.owners(1)
    _plant(whole, planted, owner, documents)
    print(f"deletion: {documents:,} documents planted in {time.monotonic() - began:.0f} s")
    with whole.client() as client:
        files = _files(client)
        alone = [next(files) for _ in range(7)]
        admin = _admin(whole, planted)
        began = time.monotonic()
        gone = client.delete(f"/users/{owner}", headers=admin).raise_for_status().json()
        meanwhile = []
        while (state := _state(client, gone["id"], admin)) in ("queued", "running"):
            meanwhile.append(next(files))
        took = time.monotonic() - began
        result = client.get(f"/jobs/{gone['id']}", headers=admin).json()
    print(f"  receipt {result['result']}, attempts {len(result['attempts'])}")
    whole_receipt = state == "succeeded" and result["result"]["documents"] == documents
    most, times = documents * SECONDS_A_DOCUMENT, median(meanwhile) / median(alone)
    print(f"  account  {took:7.1f} s, {documents / took:.0f} documents a second; in {most:.0f} s")
    print(
        f"  a file   {median(alone):7.2f} s alone {median(meanwhile):7.2f} s meanwhile"
        f" (longest {max(meanwhile):.2f})  {times:.2f} x, to reach {TIMES}",
        flush=True,
    )
    # The few seconds in which a job begins count for nothing in a small one.
    kept = whole_receipt and took <= max(most, 30) and times <= TIMES
    print(f"  {'kept' if kept else 'NOT KEPT'}")
    return kept


def _plant(whole: Whole, planted: Planted, owner: str, documents: int) -> None:
    store, chance = ChromaStore(whole.stack.settings.chroma_url or ""), np.random.default_rng(1)
    folder = whole.stack.settings.uploads / owner
    folder.mkdir(parents=True)
    each = -(-documents // COLLECTIONS)
    for number, first in enumerate(range(1, documents + 1, each)):
        collection = str(uuid.uuid4())
        planted.do(_COLLECTION, id=collection, owner=owner, name=f"Planted {number}")
        last = min(first + each - 1, documents)
        for start in range(first, last + 1, AT_ONCE):
            planted.do(
                _DOCUMENTS,
                owner=owner,
                collection=collection,
                first=start,
                last=min(start + AT_ONCE - 1, last),
                vector=b"\0" * 4 * DIMENSIONS,
            )
        planted.do(_LEXICAL, collection=collection, terms=TERMS)
        ids = planted.do(_IDS, collection=collection)
        for one in ids:
            (folder / one).write_bytes(b"Some words of a text.")
        names = [vector_id(uuid.UUID(one), 1, n) for one in ids for n in range(CHUNKS)]
        vectors = chance.standard_normal((len(names), DIMENSIONS), dtype=np.float32)
        store.upsert(chroma_name(uuid.UUID(collection), 1), names, vectors)


def _files(client: httpx.Client) -> Iterator[float]:
    """Upload a small file after the other, and yield how long each takes until it is found."""
    for number in count():
        began = time.monotonic()
        content = io.BytesIO(f"Note {number}: the lamp of the harbour burns seal oil.".encode())
        file = {"file": (f"{number}.txt", content)}
        accepted = client.post("/documents", files=file).raise_for_status().json()
        while _state(client, accepted["id"]) != "succeeded":
            client.get(f"/jobs/{accepted['id']}", params={"wait": 20})
        yield time.monotonic() - began


def _state(client: httpx.Client, job_id: str, headers: dict[str, str] | None = None) -> str:
    answer = client.get(f"/jobs/{job_id}", headers=headers).raise_for_status()
    state: str = answer.json()["state"]
    return state


def _admin(whole: Whole, planted: Planted) -> dict[str, str]:
    sign_in(whole.stack.settings.port, "deleter")
    planted.do("UPDATE users SET role = 'admin' WHERE username = 'deleter'")
    url = f"{whole.stack.api_url}/api/v1/auth/token"
    form = {"username": "deleter", "password": PASSWORD}
    token = httpx.post(url, data=form, trust_env=False).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}
