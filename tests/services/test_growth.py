"""What waits costs the same whatever PostgreSQL believes of how much waits: pages, not time."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import TextClause, event, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, db, transaction
from assistant.models import Job, Queue
from assistant.services import jobs
from assistant.services.accounts import administration, deletion
from assistant.services.jobs import accepting, kinds, line, places, sweeping, waiting
from tests.services.factories import ask, job_of, make_owner, sql
from tests.services.test_jobs_dispatch import insert

TABLES = ("jobs", "open_jobs")
OWNERS, SHORT, LONG = 18, 5, 250


@pytest.fixture
def held_statistics(app: Flask) -> Iterator[None]:
    """Have statistics from when much had ended and nothing waited, and let nobody take others."""
    insert(make_owner(), 3000)
    sql("UPDATE jobs SET state = 'succeeded', finished_at = now(), started_at = now()")
    for table in TABLES:
        sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        sql(f"ANALYZE {table}")
    yield
    for table in TABLES:
        sql(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


class Looker:
    """One connection, which keeps the plans that it has made, and counts pages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pages(self, statement: TextClause, values: dict[str, Any], *, along: bool = False) -> int:
        """Return how many pages a statement looks at; what it changes is taken back."""
        self._session.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        if along:
            line.look_along_indexes(self._session)
        explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
        found = self._session.scalar(explained, values)
        self._session.rollback()
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        looked: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return looked


@pytest.fixture
def looker(held_statistics: None) -> Iterator[Looker]:
    """Return a connection that has planned all that is asked while the tables were empty."""
    with Session(db.engine) as session:
        looker = Looker(session)
        for _ in range(7):
            looker.pages(DISPATCH, REPLIES)
        yield looker


def promise(owner: uuid.UUID) -> str:
    """Return what accepting a job is told."""
    return accepting.as_json(
        {
            "job_id": uuid.uuid4(),
            "owner_id": owner,
            "kind": kinds.REPLY,
            "sequence_key": uuid.uuid4(),
            "sequence_number": 1,
        }
    )


REPLIES = {"queue": "replies", "other": ""}
ACCEPT = text("SELECT * FROM accept_job(CAST(:promise AS jsonb))")
DISPATCH = text("SELECT * FROM dispatch_jobs(:queue, :other, 1, 100, 2)")
CLAIMABLE = text(f"SELECT id FROM jobs WHERE id = :job_id AND {line.FIRST_IN_SEQUENCE}")
END = text("""
UPDATE jobs SET state = 'cancelled', finished_at = now(), dispatched_at = NULL WHERE id = :job_id
""")

# Each with the values that it needs beside those of a job, and its pages with whatever waits.
STATEMENTS: dict[str, tuple[TextClause, int]] = {
    "accept": (ACCEPT, 600),
    "dispatch": (DISPATCH, 2500),
    "claim": (CLAIMABLE, 30),
    "end": (END, 150),
    "does anything wait": (text("SELECT queue_waits(:queue)"), 30),
    "why does it wait": (waiting._KEPT_BY, 60),
    "lost bells": (sweeping._LOST_BELLS, 300),
    "overdue": (sweeping._OVERDUE, 30),
    "of disabled owners": (sweeping._UNWANTED, 600),
    "is anything before bulk": (line.WAITS, 300),
}


def measure(looker: Looker, owner: uuid.UUID, job: Job) -> dict[str, int]:
    """Return the pages of each statement."""
    values = {
        **REPLIES,
        **sweeping._PATIENCE,
        "bells": 0,
        "promise": promise(owner),
        "job_id": job.id,
        "owner_id": job.owner_id,
        "sequence_key": job.sequence_key,
        "sequence_number": job.sequence_number,
        "most": 200,
        "kinds": [kinds.REPLY.name],
        "standing": "ready",
        "but_not": None,
    }
    found = {}
    for name, (statement, _) in STATEMENTS.items():
        # Accepts, claims and ends are planned as PostgreSQL likes.
        along = name not in ("accept", "claim", "end")
        # Once before, so that what is looked up once for each connection is not counted.
        looker.pages(statement, values, along=along)
        found[name] = looker.pages(statement, values, along=along)
    return found


def wait_in_line(each: int) -> tuple[uuid.UUID, Job]:
    """Let so many jobs of each owner wait, half of them in one conversation."""
    owner = make_owner()
    for _ in range(OWNERS):
        one = make_owner()
        insert(one, each)
        insert(one, each, key=uuid.uuid4())
    job = ask(owner)
    # What came is put in order by the first who look.
    while sql("SELECT FROM open_jobs WHERE standing = 'new'"):
        sql("SELECT arrange_open_jobs('replies')")
    sql("UPDATE jobs SET dispatched_at = NULL WHERE dispatched_at IS NOT NULL")
    job = job_of(job)
    return owner, job


def vacuum(*options: str) -> None:
    """Give back the pages that an earlier line has left empty."""
    with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as alone:
        alone.execute(text(f"VACUUM ({', '.join(('FULL', *options))}) open_jobs"))


def test_pages_do_not_grow_with_the_line(looker: Looker) -> None:
    short = measure(looker, *wait_in_line(SHORT))
    sql("DELETE FROM jobs WHERE state = 'queued'")
    sql("DELETE FROM open_jobs")
    vacuum()
    long = measure(looker, *wait_in_line(LONG))
    print({name: (short[name], long[name]) for name in STATEMENTS})
    for name, (_, most) in STATEMENTS.items():
        assert long[name] <= most, name
        if name != "accept":
            assert long[name] <= 1.5 * short[name] + 20, name


def test_a_place_in_a_long_line_costs_no_look_at_each(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LONG_LINE", 200)
    monkeypatch.setattr(places, "_lines", {})
    _, job = wait_in_line(30)
    about = {**REPLIES, "owner_id": job.owner_id, "priority": 5, "id": job.id, "most": 200}
    assert places.place_of(job).about
    assert looker.pages(places._BEFORE, about, along=True) < 30
    assert looker.pages(places._IS_LONG, about, along=True) < 400


@pytest.mark.parametrize("queue", list(Queue))
def test_plans_of_an_empty_queue_are_good_for_a_full_one(looker: Looker, queue: Queue) -> None:
    where = {**REPLIES, "queue": queue}
    before = looker.pages(DISPATCH, where)
    owner = make_owner()
    insert(owner, 400, queue=queue)
    insert(owner, 400, key=uuid.uuid4(), queue=queue)
    while sql("SELECT FROM open_jobs WHERE standing = 'new'"):
        sql("SELECT arrange_open_jobs(:queue)", queue=queue)
    looker.pages(DISPATCH, where)
    assert looker.pages(DISPATCH, where) < before + 300


def test_what_only_newer_workers_know_is_looked_for_only_where_it_waits(looker: Looker) -> None:
    wait_in_line(30)
    one = "SELECT id FROM open_jobs WHERE standing = 'ready' LIMIT 1"
    sql(f"UPDATE jobs SET dispatched_at = now() WHERE id = ({one})")
    # The window is full of what every release understands.
    looker.pages(DISPATCH, REPLIES)
    assert looker.pages(DISPATCH, REPLIES) < 100


@contextmanager
def listening() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that look for jobs, with their values."""
    heard: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if "FROM jobs" in statement and statement.startswith("SELECT"):
            heard.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


def test_what_has_ended_of_an_owner_is_not_read_to_find_what_is_open(looker: Looker) -> None:
    [(owner,)] = sql("SELECT owner_id FROM jobs LIMIT 1")
    for _ in range(3):
        ask(owner)
    vacuum("ANALYZE")
    with listening() as heard:
        assert administration.figures(owner)["open_jobs"] == 3
        stopped = (jobs.open_of(owner), jobs.made_for_owner())
        for which in (stopped, deletion._open_with(owner)):
            with transaction(SYSTEM) as session:
                asked = jobs.cancel_all(session, *which)
                assert len(asked) == 3
                session.rollback()
    assert len(heard) >= 3
    with db.engine.connect() as connection:
        connection.exec_driver_sql("SELECT set_config('assistant.owner', 'system', false)")

        def pages(statement: str, values: Any) -> int:
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            [[[found]]] = connection.exec_driver_sql(explained, values)
            return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])

        by_jobs = "SELECT count(*) FROM jobs WHERE owner_id = %(owner)s AND finished_at IS NULL"
        assert pages(by_jobs, {"owner": str(owner)}) > 150
        for statement, values in heard:
            assert pages(statement, values) < 100, statement
        connection.rollback()
