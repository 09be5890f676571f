"""A live stack whose Chroma loses its files: it heals by itself, and searches stay right."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from assistant.errors import PermanentError
from assistant.services.retrieval.dense import FEW_CHUNKS
from tests.live import Live

pytestmark = pytest.mark.slow

QUESTION = "When does the boat with bread come?"
ANSWER = "The supply boat comes every Tuesday with bread."
# So many that searches ask Chroma, which has written its index files by then.
FILLERS = FEW_CHUNKS + 100


def fill(live: Live, document_id: str) -> None:
    """Give a document more chunks, with vectors by chance, and ask for its index to be checked."""
    rows = np.random.default_rng(3).normal(size=(FILLERS, 384)).astype("<f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    [[owner, collection, model, generation]] = live.sql(
        "SELECT d.owner_id, c.id, c.embedding_model, d.generation FROM documents d "
        "JOIN collections c ON c.id = d.collection_id WHERE d.id = :id",
        id=document_id,
    )
    values = [
        {
            **{"id": uuid7(), "owner": owner, "model": model, "document": document_id},
            **{
                "generation": generation,
                "n": n + 100,
                "hash": str(n).encode(),
                "vector": rows[n].tobytes(),
            },
        }
        for n in range(FILLERS)
    ]
    with live.engine.begin() as connection:
        connection.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        connection.execute(
            text(
                "INSERT INTO embeddings (id, owner_id, model, text_hash, vector) "
                "VALUES (:id, :owner, :model, :hash, :vector)"
            ),
            values,
        )
        connection.execute(
            text(
                "INSERT INTO chunks (document_id, generation, ordinal, owner_id, embedding_id, "
                'start, "end", text) VALUES (:document, :generation, :n, :owner, :id, 0, 1, :n)'
            ),
            values,
        )
        connection.execute(
            text("UPDATE documents SET chunk_count = chunk_count + :more WHERE id = :id"),
            {"more": FILLERS, "id": document_id},
        )
        connection.execute(
            text("UPDATE collections SET index_checked_at = NULL WHERE id = :id"),
            {"id": collection},
        )


def whole(live: Live, document_id: str) -> int:
    """Return the version of the document's index if it is trusted and has all; else zero."""
    [[version, trusted]] = live.sql(
        "SELECT c.index_version, c.index_checked_at IS NOT NULL FROM collections c "
        "JOIN documents d ON d.collection_id = c.id WHERE d.id = :id",
        id=document_id,
    )
    if not trusted:
        return 0
    [[chunks]] = live.sql(
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
        "AND d.generation = c.generation "
        "WHERE d.collection_id = (SELECT collection_id FROM documents WHERE id = :id)",
        id=document_id,
    )
    return int(version) if live.vectors(document_id)[1] == chunks else 0


def search(live: Live) -> None:
    """Demand that a search answers, and right."""
    response = live.client.post("/search", json={"query": QUESTION, "limit": 1})
    assert response.status_code == 200, response.text
    assert [hit["text"] for hit in response.json()] == [ANSWER]


def until_whole(live: Live, document_id: str, version: int, seconds: float = 60) -> float:
    """Search until the index is whole again under this version; return how long that took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        search(live)
        try:
            if whole(live, document_id) == version:
                return time.monotonic() - began
        except PermanentError:
            # Chroma is away or broken, which this test sees as everybody does.
            continue
    raise AssertionError(f"not whole after {seconds} s")


def truncate(folder: Path) -> None:
    for metadata in folder.rglob("index_metadata.pickle"):
        for path in metadata.parent.glob("*.bin"):
            path.write_bytes(b"")


def garble(folder: Path) -> None:
    """Write what Chroma dies of as soon as it reads it."""
    for metadata in folder.rglob("index_metadata.pickle"):
        path = metadata.parent / "data_level0.bin"
        path.write_bytes(np.random.default_rng(7).bytes(path.stat().st_size))


def delete(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(("damage", "version"), [(truncate, 2), (garble, 2), (delete, 1)])
def test_a_damaged_index_is_rebuilt_and_searches_stay_right(
    live: Live, damage: Callable[[Path], None], version: int
) -> None:
    document_id = live.ended(live.upload("boat.txt", ANSWER.encode()))["document_id"]
    fill(live, document_id)
    until_whole(live, document_id, 1)
    chroma = live.process("chroma")
    folder = live.stack.settings.data_dir / "chroma"
    chroma.suspend()
    try:
        damage(folder)
    finally:
        live.kill(chroma)
    # An upload that comes while Chroma is away is indexed when it is back.
    job = live.upload("lamp.txt", b"The lamp of the lighthouse burns whale oil.")
    took = until_whole(live, document_id, version)
    print(f"\n{damage.__name__}: whole {took:.1f} s after the kill")
    job = live.ended(job)
    assert job["state"] == "succeeded", job
    assert live.process("chroma").pid != chroma.pid
    until_whole(live, document_id, version)
    assert live.vectors(job["document_id"])[0] == 1
