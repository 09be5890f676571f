"""What upkeep restores and removes by itself, in the real Chroma and PostgreSQL."""

import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from assistant.adapters.chroma import ChromaStore
from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.local.chroma import chroma_server
from assistant.local.ports import free_port
from assistant.local.program import Program
from assistant.models import Chunk, Collection, Document, Embedding, Job, Session
from assistant.models.collection import chroma_name
from assistant.models.document import vector_id
from assistant.services.retrieval import dense, retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope
from assistant.services.upkeep import Upkeep, marker, rows
from assistant.services.upkeep.files import Files
from assistant.services.upkeep.index import Indexes, _next
from assistant.services.upkeep.pace import Pace
from assistant.services.upkeep.rows import Rows
from assistant.services.upkeep.strays import Strays
from tests.services.conftest import Configure
from tests.services.factories import (
    document_of,
    hold,
    job_of,
    make_owner,
    perform,
    reindex,
    sql,
    upload,
    wait_for,
)

TEXTS = {
    "lamp.txt": "The lamp of the lighthouse burns whale oil.",
    "boat.txt": "The supply boat comes every Tuesday with bread.",
    "cat.txt": "A grey cat sleeps in the keeper's chair.",
}
QUESTION = "When does the ship with food arrive?"


@pytest.fixture
def library(app: Flask) -> uuid.UUID:
    """Return an owner with three short documents, whose index was checked."""
    owner = make_owner()
    for name, text in TEXTS.items():
        assert perform(upload(owner, text, name)).state == "succeeded"
    check(owner)
    return owner


def collection_of(owner: uuid.UUID) -> Collection:
    with transaction(SYSTEM) as session:
        return session.scalars(select(Collection).where(Collection.owner_id == owner)).one()


def check(owner: uuid.UUID, indexes: Indexes | None = None) -> Counter[str]:
    """Let an owner's index be checked, and no other."""
    # A server that is new makes every index doubtful, also those that other tests left.
    marker.watch()
    others = Collection.owner_id != owner
    with transaction(SYSTEM) as session:
        session.execute(update(Collection).where(others).values(index_checked_at=func.now()))
        session.execute(update(Collection).where(~others).values(index_checked_at=None))
    return (indexes or Indexes()).round()


def ids_in(name: str, store: Any = None) -> set[str]:
    return {i for page in (store or adapters.vector_store).ids(name) for i in page}


def expected(owner: uuid.UUID) -> set[str]:
    rows = sql(
        "SELECT c.document_id, c.generation, c.ordinal FROM chunks c JOIN documents d "
        "ON d.id = c.document_id AND d.generation = c.generation "
        "WHERE d.owner_id = :owner AND d.deleted_at IS NULL",
        owner=owner,
    )
    return {vector_id(*row) for row in rows}


def find(owner: uuid.UUID, limit: int = 2) -> list[Hit]:
    return retrieval.find(Scope(owner), Question(owner, QUESTION), limit)


def finds_the_boat(owner: uuid.UUID) -> None:
    assert find(owner)[0].text == TEXTS["boat.txt"]


def in_doubt(owner: uuid.UUID) -> bool:
    return collection_of(owner).index_checked_at is None


def test_missing_vectors_are_restored(library: uuid.UUID) -> None:
    name, ids = collection_of(library).chroma_name, expected(library)
    assert ids_in(name) == ids
    adapters.vector_store.delete(name, sorted(ids)[:2])
    assert check(library)["vectors_restored"] == 2
    assert ids_in(name) == ids
    assert not in_doubt(library)
    assert check(library) == {}


def test_a_search_notices_what_the_index_lacks(
    library: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few chunks are compared without asking the index.
    monkeypatch.setattr(dense, "FEW_CHUNKS", 0)
    boat = find(library)[0]
    name = collection_of(library).chroma_name
    adapters.vector_store.delete(name, [vector_id(boat.document_id, boat.generation, 0)])
    assert not in_doubt(library)
    assert {hit.text for hit in find(library, limit=3)} == set(TEXTS.values())
    assert in_doubt(library)
    # From now on also a search that would be content with what the index has is exact.
    finds_the_boat(library)
    Indexes().round()
    assert not in_doubt(library)
    assert ids_in(name) == expected(library)


def test_a_search_while_the_index_is_away_doubts_nothing(
    library: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "FEW_CHUNKS", 0)
    configure(chroma_url="http://127.0.0.1:9")
    finds_the_boat(library)
    assert not in_doubt(library)


def test_unknown_vectors_are_removed(library: uuid.UUID) -> None:
    name, ids = collection_of(library).chroma_name, expected(library)
    document_id = next(iter(ids)).split(":")[0]
    strange = [f"{uuid7()}:1:0", f"{document_id}:1:99", f"{document_id}:0:0", "what is this"]
    vectors = adapters.embedding_model.embed(strange)
    adapters.vector_store.upsert(name, strange, vectors)
    assert check(library) == {"vectors_removed": 4}
    assert ids_in(name) == ids


def test_what_a_job_writes_is_kept_until_it_is_long_over(library: uuid.UUID) -> None:
    collection = collection_of(library)
    [[document_id]] = sql("SELECT id FROM documents WHERE owner_id = :o LIMIT 1", o=library)
    long_ago = "UPDATE jobs SET finished_at = now() - interval '11 min' WHERE owner_id = :o"
    sql(f"{long_ago} AND state = 'succeeded'", o=library)
    job = reindex(library, document_id)
    hold(job)
    written = f"{document_id}:2:0"
    vectors = adapters.embedding_model.embed(["being written"])
    adapters.vector_store.upsert(collection.chroma_name, [written], vectors)
    assert check(library) == {}
    assert written in ids_in(collection.chroma_name)
    sql(
        "UPDATE jobs SET state = 'failed', lease_expires_at = NULL, finished_at = now() "
        "WHERE id = :id",
        id=job.id,
    )
    assert check(library) == {}
    sql(long_ago, o=library)
    assert check(library) == {"vectors_removed": 1}
    assert ids_in(collection.chroma_name) == expected(library)


def test_a_document_deleted_while_it_is_restored_does_not_stay(
    library: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = collection_of(library).chroma_name
    adapters.vector_store.drop(name)
    upsert = adapters.vector_store.upsert

    def delete_then_upsert(collection: str, ids: Any, vectors: Any) -> None:
        if collection == name:
            sql("UPDATE documents SET deleted_at = now() WHERE owner_id = :o", o=library)
        upsert(collection, ids, vectors)

    monkeypatch.setattr(adapters.vector_store, "upsert", delete_then_upsert)
    assert check(library)["vectors_restored"] == 0
    assert ids_in(name) == set()


def test_two_rounds_at_once_do_no_harm(app: Flask, library: uuid.UUID) -> None:
    collection = collection_of(library)
    adapters.vector_store.drop(collection.chroma_name)
    with transaction(SYSTEM) as session:
        session.execute(update(Collection).values(index_checked_at=func.now()))
        mine = Collection.id == collection.id
        session.execute(update(Collection).where(mine).values(index_checked_at=None))
    failed = []

    def work() -> None:
        try:
            with app.app_context():
                Indexes().round()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert ids_in(collection.chroma_name) == expected(library)
    assert collection_of(library).index_version == 1
    finds_the_boat(library)


def test_only_one_claims_what_is_merely_old(library: uuid.UUID) -> None:
    collection = collection_of(library)
    sql("UPDATE collections SET index_checked_at = now()")
    sql(
        "UPDATE collections SET index_checked_at = now() - interval '11 min' WHERE id = :id",
        id=collection.id,
    )
    claimed = _next([])
    assert claimed is not None
    assert claimed.id == collection.id
    assert _next([]) is None


class OwnChroma:
    """A Chroma server of one test, whose folder may be damaged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = chroma_server(folder, free_port())
        self.url = self._server.settings["chroma_url"]
        self.folder = folder / "chroma"
        self.program: Program = self._server.program
        self.start()

    def start(self) -> None:
        self._process = start(self.program)
        wait_for(self._server.answers, seconds=30)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def again(self) -> None:
        """Start the server again if it has died, as its supervisor would."""
        if self._process.poll() is not None:
            self.start()


def start(program: Program) -> Any:
    import subprocess

    return subprocess.Popen(
        program.command,
        cwd=program.folder,
        env={**os.environ, **program.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture
def own_chroma(tmp_path: Path, configure: Configure) -> Iterator[OwnChroma]:
    server = OwnChroma(tmp_path)
    configure(chroma_url=server.url)
    yield server
    server.again()
    server.kill()


def fill(owner: uuid.UUID, count: int) -> None:
    """Give an owner's first document so many more chunks, whose vectors are by chance."""
    [[document_id]] = sql("SELECT id FROM documents WHERE owner_id = :o LIMIT 1", o=owner)
    rows = np.random.default_rng(5).normal(size=(count, 384)).astype("<f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with transaction(SYSTEM) as session:
        ids = [uuid7() for _ in range(count)]
        session.add_all(
            Embedding(
                id=ids[n],
                owner_id=owner,
                model=adapters.embedding_model.name,
                text_hash=str(n).encode(),
                vector=rows[n].tobytes(),
            )
            for n in range(count)
        )
        session.flush()
        session.add_all(
            Chunk(
                document_id=document_id,
                generation=1,
                ordinal=n + 100,
                owner_id=owner,
                embedding_id=ids[n],
                start=0,
                end=1,
                text=f"Filler {n}.",
            )
            for n in range(count)
        )


@pytest.fixture
def big(own_chroma: OwnChroma) -> uuid.UUID:
    """Return an owner with so many vectors that Chroma has written index files."""
    owner = make_owner()
    for name, text in TEXTS.items():
        assert perform(upload(owner, text, name)).state == "succeeded"
    fill(owner, 1200)
    assert check(owner)["vectors_restored"] == 1200
    finds_the_boat(owner)
    return owner


def test_an_emptied_server_is_noticed_and_filled_again(
    own_chroma: OwnChroma, big: uuid.UUID
) -> None:
    assert not in_doubt(big)
    own_chroma.kill()
    for path in sorted(own_chroma.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    finds_the_boat(big)
    with pytest.raises(TransientError):
        Indexes().round()
    assert not in_doubt(big)
    own_chroma.start()
    finds_the_boat(big)
    sql("UPDATE collections SET index_checked_at = now()")
    assert marker.watch() > 0
    assert in_doubt(big)
    assert marker.watch() == 0
    check(big)
    assert ids_in(collection_of(big).chroma_name) == expected(big)
    finds_the_boat(big)


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def nothing(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "truncated": ("*.bin", nothing),
    "half a list of ids": ("*.pickle", nothing),
    "silently lost": ("*.*", Path.unlink),
    # Chroma dies of this one, whenever it is touched.
    "deadly": ("data_level0.bin", garbage),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_index_is_made_anew(own_chroma: OwnChroma, big: uuid.UUID, damage: str) -> None:
    pattern, spoil = DAMAGES[damage]
    other = ChromaStore(own_chroma.url)
    ours, theirs = collection_of(big), chroma_name(uuid7(), 1)
    other.upsert(theirs, ["a"], np.ones((1, 3), np.float32))
    own_chroma.kill()
    folders = [path.parent for path in own_chroma.folder.rglob("index_metadata.pickle")]
    for path in [path for folder in folders for path in folder.glob(pattern)]:
        spoil(path)
    own_chroma.start()
    if damage != "silently lost":
        finds_the_boat(big)
    indexes = Indexes()
    rounds = 0
    while collection_of(big).index_version == 1:
        own_chroma.again()
        rounds += 1
        assert rounds < 5
        try:
            done = check(big, indexes)
        except PermanentError as error:
            if (damage, error.code) != ("deadly", "chroma_broke_off"):
                raise
            finds_the_boat(big)
    assert done["indexes_renewed"] == 1
    collection = collection_of(big)
    assert collection.index_version == 2
    assert not in_doubt(big)
    assert ids_in(collection.chroma_name) == expected(big)
    assert ids_in(ours.chroma_name) == set()
    assert ids_in(theirs, other) == {"a"}
    finds_the_boat(big)
    assert check(big) == {}


def test_searches_are_exact_while_an_index_is_made_anew(
    library: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, old = adapters.vector_store, collection_of(library).chroma_name
    ids, upsert = store.ids, store.upsert

    def broken(collection: str) -> Any:
        if collection == old:
            raise TransientError("The vector store failed.", code="chroma_failed")
        return ids(collection)

    def watched(collection: str, names: Any, vectors: Any) -> None:
        upsert(collection, names[:1], vectors[:1])
        if collection.endswith("_v2"):
            # One vector is there, and would be all that the index finds.
            assert find(library, limit=1)[0].text == TEXTS["boat.txt"]
            finds.append(collection)
        upsert(collection, names, vectors)

    finds: list[str] = []
    monkeypatch.setattr(store, "ids", broken)
    monkeypatch.setattr(store, "upsert", watched)
    assert check(library)["indexes_renewed"] == 1
    assert finds
    finds_the_boat(library)


def test_a_server_that_takes_nothing_is_not_given_new_collections(
    library: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ill(*_: Any) -> Any:
        raise TransientError("readonly database", code="chroma_failed")

    check(library)
    monkeypatch.setattr(adapters.vector_store, "ids", ill)
    monkeypatch.setattr(adapters.vector_store, "upsert", ill)
    check(library)
    assert collection_of(library).index_version == 1
    assert in_doubt(library)


def test_a_job_that_wrote_to_the_old_index_does_so_again(
    library: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(library, "The foghorn is sounded on Mondays.", "horn.txt")
    store = adapters.vector_store
    upsert = store.upsert

    def renewed_before(collection: str, ids: Any, vectors: Any) -> None:
        monkeypatch.setattr(store, "upsert", upsert)
        sql("UPDATE collections SET index_version = 2 WHERE owner_id = :o", o=library)
        upsert(collection, ids, vectors)

    monkeypatch.setattr(store, "upsert", renewed_before)
    again = perform(job)
    assert (again.state, again.failures) == ("queued", 0)
    sql("UPDATE jobs SET run_after = now() WHERE id = :id", id=job.id)
    assert perform(job_of(job)).state == "succeeded"
    check(library)
    collection = collection_of(library)
    assert ids_in(collection.chroma_name) == expected(library)
    assert len(expected(library)) == 4
    assert ids_in(chroma_name(collection.id, 1)) == set()


def aged(path: Path, seconds: float = 7200) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"x")
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


def test_orphaned_files_are_removed_and_no_others(owner: uuid.UUID) -> None:
    root = adapters.files.root
    document = document_of(upload(owner, "Kept.", "kept.txt"))
    kept = aged(adapters.files.path(document.storage_key))
    waiting = aged(root / str(owner) / f"{document.id}.{uuid7()}")
    with transaction(SYSTEM) as session:
        found = session.get_one(Document, document.id)
        found.replacement = {"storage_key": f"{owner}/{waiting.name}"}
    young = aged(root / str(owner) / str(uuid7()), 600)
    strangers = aged(root / str(uuid7()) / str(uuid7()))
    orphan = aged(root / str(owner) / str(uuid7()))
    half, arriving = aged(root / "incoming" / "a"), aged(root / "incoming" / "b", 600)
    files = Files()
    done = files.round()
    assert done["files_removed"] >= 2
    assert not orphan.exists()
    assert not half.exists()
    for path in (kept, waiting, young, strangers, arriving):
        assert path.exists(), path
    arriving.unlink()
    aged(orphan)
    assert files.round() == {}
    assert orphan.exists(), "the next walk begins in ten minutes"


def test_files_are_looked_at_in_slices(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.services.upkeep.files.PER_ROUND", 2)
    orphans = [aged(adapters.files.root / str(owner) / str(uuid7())) for _ in range(7)]
    files = Files()
    assert files.round()["files_removed"] <= 2
    wait_for(lambda: files.round() is not None and not any(path.exists() for path in orphans))


def test_old_rows_go_and_others_stay(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(job_retention_days=2.0)
    old, new = upload(owner, "Old."), upload(owner, "New.")
    for job, days in ((old, 3), (new, 1)):
        sql(
            "UPDATE jobs SET state = 'cancelled', "
            "finished_at = now() - make_interval(days => :days) WHERE id = :id",
            id=job.id,
            days=days,
        )
    signed_in = {name: uuid7() for name in ("expired", "revoked", "confined", "recent")}
    now = datetime.now(UTC)
    long_ago, later = now - timedelta(days=31), now + timedelta(days=1)
    ends: dict[str, dict[str, Any]] = {
        "expired": {"expires_at": long_ago},
        "revoked": {"expires_at": later, "revoked_at": long_ago},
        "confined": {"expires_at": later, "revoked_at": long_ago, "job_id": new.id},
        "recent": {"expires_at": now - timedelta(days=29)},
    }
    with transaction(SYSTEM) as session:
        for name, values in ends.items():
            hashed = signed_in[name].bytes
            session.add(Session(id=signed_in[name], owner_id=owner, refresh_hash=hashed, **values))
    monkeypatch.setattr(rows, "SESSIONS", 1)
    done = Rows().round()
    assert (done["jobs_purged"], done["sessions_removed"]) == (1, 2)
    with transaction(SYSTEM) as session:
        assert session.get(Job, old.id) is None
        assert session.get(Job, new.id) is not None
        left = session.scalars(select(Session.id).where(Session.owner_id == owner))
        assert set(left) == {signed_in["confined"], signed_in["recent"]}


def test_retention_of_zero_keeps_jobs_for_ever(owner: uuid.UUID, configure: Configure) -> None:
    configure(job_retention_days=0.0)
    job = upload(owner, "Old.")
    sql(
        "UPDATE jobs SET state = 'cancelled', finished_at = now() - interval '9 years' "
        "WHERE id = :id",
        id=job.id,
    )
    assert "jobs_purged" not in Rows().round()
    assert job_of(job).state == "cancelled"


def test_embeddings_that_no_chunk_uses_go_after_a_day(library: uuid.UUID) -> None:
    then = int((time.time() - 2 * 86_400) * 1000) << 80
    unused, fresh = uuid.UUID(int=then + 1), uuid7()
    with transaction(SYSTEM) as session:
        for one in (unused, fresh):
            session.add(
                Embedding(id=one, owner_id=library, model="m", text_hash=one.bytes, vector=b"")
            )
    waiting = upload(library, "Waits.")
    Rows().round()
    assert sql("SELECT 1 FROM embeddings WHERE id = :id", id=unused)
    perform(waiting)
    assert Rows().round()["embeddings_removed"] == 1
    assert sql("SELECT 1 FROM embeddings WHERE id = :id", id=fresh)
    assert len(sql("SELECT 1 FROM embeddings WHERE owner_id = :o AND model <> 'm'", o=library)) == 4


def test_a_duty_that_fails_stops_neither_the_others_nor_later_rounds(
    owner: uuid.UUID, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure(chroma_url="http://127.0.0.1:9")
    upkeep = Upkeep()
    orphan = aged(adapters.files.root / str(owner) / str(uuid7()))
    assert upkeep.round()["files_removed"] >= 1
    assert not orphan.exists()
    upkeep.round()
    said = [record for record in caplog.records if "upkeep waits" in record.message]
    assert len(said) == 1

    def broken() -> Counter[str]:
        raise RuntimeError("a bug")

    upkeep._duties["rows"] = broken
    upkeep._duties["files"] = lambda: Counter(files_removed=3)
    assert upkeep.round() == {"files_removed": 3}


def test_rows_that_cannot_be_removed_keep_no_others_for_an_hour(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise KeyError("a bug")

    monkeypatch.setattr("assistant.services.upkeep.rows._HOURLY", {"a": broken, "b": lambda: 3})
    removing = Rows()
    with pytest.raises(KeyError):
        removing.round()
    assert removing.round()["b"] == 3
    assert "b" not in removing.round()


def test_a_walk_that_an_hour_is_too_short_for_goes_on(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "EMBEDDINGS", 1)
    then = int((time.time() - 2 * 86_400) * 1000) << 80
    unused = [uuid.UUID(int=then + number) for number in range(1, 4)]
    with transaction(SYSTEM) as session:
        for one in unused:
            session.add(
                Embedding(id=one, owner_id=owner, model="m", text_hash=one.bytes, vector=b"")
            )
    walking = Rows()
    for _ in range(100):
        # The next hour has begun each time.
        monkeypatch.setattr(walking, "_pace", Pace(0))
        walking.round()
        if not sql("SELECT 1 FROM embeddings WHERE id = :id", id=unused[-1]):
            break
    assert not sql("SELECT 1 FROM embeddings WHERE id = ANY(:ids)", ids=unused)


@pytest.mark.usefixtures("own_chroma")
def test_an_index_without_a_collection_is_removed(app: Flask) -> None:
    owner = make_owner()
    store = adapters.vector_store
    perform(upload(owner, "Some text."))
    kept = [collection_of(owner).chroma_name, "somebody_elses", "c_1_v1"]
    strays = [chroma_name(uuid7(), version) for version in (1, 3)]
    for name in [*kept, *strays]:
        store.upsert(name, ["x"], adapters.embedding_model.embed(["x"]))
    assert Strays().round() == {}, "nobody knows yet whose server it is"
    marker.watch()
    store.upsert("upkeep_of_others", ["x"], adapters.embedding_model.embed(["x"]))
    assert Strays().round() == {}, "others keep indexes here"
    store.drop("upkeep_of_others")
    looking = Strays()
    assert looking.round() == {"strays_removed": 2}
    assert set(store.names()) == {*kept, marker.own_name()}
    store.upsert(strays[0], ["x"], adapters.embedding_model.embed(["x"]))
    assert looking.round() == {}, "the next look is in ten minutes"
