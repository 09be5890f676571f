"""What background work asks all the time costs nothing with much that there is: pages, not time."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from assistant.database import SYSTEM, db, transaction
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.services import jobs
from assistant.services.jobs import operating
from assistant.services.paging import Page
from assistant.services.upkeep import Upkeep, comparing, verification
from tests.services import filled
from tests.services.factories import sql, wait_for

DOCUMENTS = 1000
Statement = tuple[str, Any]


@pytest.fixture(scope="module")
def full(app: Flask) -> Iterator[uuid.UUID]:
    """Fill the database."""
    with app.app_context():
        owner = filled.fill(DOCUMENTS, 10 * DOCUMENTS)
    yield owner
    with app.app_context():
        filled.clear(owner)


@contextmanager
def heard() -> Iterator[list[Statement]]:
    """Collect statements with their values."""
    found: list[Statement] = []

    def hear(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        found.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    yield found
    event.remove(db.engine, "before_cursor_execute", hear)


def pages(statements: list[Statement]) -> list[tuple[int, str]]:
    """Return how many pages each of them touches; what it changes is taken back."""
    counted = []
    with db.engine.connect() as connection:
        for statement, values in statements:
            words = statement.split()
            if words[0] not in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"):
                continue
            if "set_config" in statement:
                connection.rollback()
                connection.exec_driver_sql("SELECT set_config('assistant.owner', 'system', true)")
                if "enable_seqscan" in statement:
                    connection.exec_driver_sql(statement)
                continue
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            [[[plan]]] = connection.exec_driver_sql(explained, values)
            found = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
            counted.append((found, " ".join(words)))
        connection.rollback()
    return counted


def costly(statements: list[Statement], limit: int) -> list[tuple[int, str]]:
    """Return the statements that touch more pages than that."""
    return [(count, words[:300]) for count, words in pages(statements) if count > limit]


def test_putting_vectors_back_reads_only_what_is_lacking(full: uuid.UUID) -> None:
    """A batch of 256 read all chunks of its collection, so an index of 500,000 was quadratic."""
    [[collection_id]] = sql("SELECT id FROM collections WHERE owner_id = :o", o=full)
    with transaction(SYSTEM) as session:
        collection = session.get_one(Collection, collection_id)
    try:
        with heard() as statements:
            done = comparing.compare(collection)
        assert done["vectors_restored"] == DOCUMENTS * filled.CHUNKS_EACH
        with heard() as again:
            # Now all are there, and some are asked for to be found again.
            comparing._probe(collection, list(comparing.keys(collection))[:256])
            found = verification.verify(collection, lambda _: None)
        assert (found.missing, found.strays, found.wrong) == (0, 0, 0)
    finally:
        adapters.vector_store.drop(collection.chroma_name)
    by_key = [one for one in [*statements, *again] if "ordinals" in one[0]]
    assert len(by_key) > 40
    # Each chunk with its document and embedding, and what leads there.
    assert costly(by_key, 256 * 14) == []


def test_rounds_with_nothing_to_do_read_little(full: uuid.UUID) -> None:
    sql("UPDATE collections SET index_checked_at = now()")
    upkeep = Upkeep()
    jobs.sweep()

    def quiet_round() -> list[Statement] | None:
        with heard() as statements:
            jobs.sweep()
            upkeep.round()
        return statements if len(statements) < 80 else None

    # Other tests may have left something to do, and some of it takes several rounds.
    statements = wait_for(quiet_round, seconds=120)
    # A walk through messages looks at some thousand in each round until it has come to its end.
    assert costly(statements, 3000) == []
    assert sum(count for count, _ in pages(statements)) < 5000


@pytest.mark.parametrize("state", ["failed", "cancelled", "queued", "running"])
def test_jobs_in_a_state_are_listed_without_reading_the_others(full: uuid.UUID, state: str) -> None:
    filled.talk(full, 4000)
    with heard() as statements:
        assert jobs.list_(full, Page(), state=state) == []
        if state in ("failed", "cancelled"):
            assert operating.list_all(Page(), state=state) == []
    assert costly(statements, 50) == []
