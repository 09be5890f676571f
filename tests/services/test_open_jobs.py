"""The rows of open jobs: true to the jobs, whoever changes them, and whatever else goes on."""

import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, db, transaction
from assistant.errors import AssistantError
from assistant.models import Job, Queue
from assistant.services import jobs
from assistant.services.jobs import Run, endings, finishing, kinds, open_rows, places, stopping
from assistant.services.jobs.claiming import claim
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    bells,
    differences,
    hold,
    job_of,
    make_owner,
    pass_time,
    perform,
    reindex,
    sql,
    standing_of,
    upload,
    wait_for,
)
from tests.services.test_jobs_dispatch import INSERT, insert

CANCEL = text("""
UPDATE jobs SET state = 'cancelled', finished_at = now(), dispatched_at = NULL,
    lease_expires_at = NULL, version = version + 1
WHERE id = :id
""")
DISPATCH = text("SELECT id FROM dispatch_jobs('replies', '', 16, 100, 2)")


@contextmanager
def somebody() -> Iterator[Session]:
    """Open a transaction that stays open until it is committed, on a connection of its own."""
    with Session(db.engine) as session:
        session.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        yield session
        session.rollback()


def meanwhile(app: Flask, work: Any) -> "Future[Any]":
    """Do something in a thread of its own, which may have to wait."""

    def in_context() -> Any:
        with app.app_context():
            return work()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(in_context)
    pool.shutdown(wait=False)
    return future


def somebody_waits() -> bool:
    """Return whether any transaction waits for another one."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(sql(waiting)[0][0])


def two_of_a_conversation(owner: uuid.UUID) -> tuple[Job, Job]:
    """Let two wait, of which the second is as new as if nobody had looked since it came."""
    first = ask(owner)
    second = ask(owner, conversation_id=first.conversation_id)
    sql("UPDATE open_jobs SET standing = 'new' WHERE id = :id", id=second.id)
    sql("UPDATE open_jobs SET followed = false WHERE id = :id", id=first.id)
    return first, second


def test_a_row_follows_its_job_through_its_life(owner: uuid.UUID) -> None:
    first, second = two_of_a_conversation(owner)
    assert (standing_of(first), standing_of(second)) == ("sent", "new")
    jobs.dispatch("replies")
    assert standing_of(second) == "behind"
    run = hold(first)
    assert standing_of(first) == "running"
    finishing.finish(run, endings.succeeded({}))
    assert (standing_of(first), standing_of(second)) == ("ended", "behind")
    assert differences() == []
    jobs.dispatch("replies")
    assert (standing_of(first), standing_of(second)) == (None, "sent")
    jobs.cancel(owner, second.id)
    # It was marked as followed when it became first, and goes with the next look.
    jobs.dispatch("replies")
    assert standing_of(second) is None


def test_what_pauses_is_seen_to_when_its_pause_is_over(owner: uuid.UUID) -> None:
    job = ask(owner)
    sql(
        "UPDATE jobs SET dispatched_at = NULL, run_after = now() + interval '1 h' WHERE id = :id",
        id=job.id,
    )
    assert standing_of(job) == "paused"
    assert jobs.dispatch("replies") == 0
    # A pause that is over by itself is no change of the job.
    sql("ALTER TABLE jobs DISABLE TRIGGER open_job_updated")
    pass_time(job)
    sql("ALTER TABLE jobs ENABLE TRIGGER open_job_updated")
    sql("UPDATE open_jobs SET run_after = now() - interval '1 s' WHERE id = :id", id=job.id)
    assert jobs.dispatch("replies") == 1


def test_a_job_that_is_ending_is_left_alone_until_it_has_ended(owner: uuid.UUID) -> None:
    first, second = two_of_a_conversation(owner)
    with somebody() as ending:
        ending.execute(CANCEL, {"id": first.id})
        # Nobody can know yet whether it ends.
        assert jobs.dispatch("replies") == 0
        assert standing_of(second) == "new"
        ending.commit()
    assert jobs.dispatch("replies") == 1
    assert standing_of(second) == "sent"
    assert differences() == []


def test_an_end_that_is_taken_back_leaves_the_next_where_it_is(owner: uuid.UUID) -> None:
    first, second = two_of_a_conversation(owner)
    jobs.dispatch("replies")
    with somebody() as ending:
        ending.execute(CANCEL, {"id": first.id})
        assert jobs.dispatch("replies") == 0
        ending.rollback()
    assert jobs.dispatch("replies") == 0
    assert (standing_of(first), standing_of(second)) == ("sent", "behind")


def test_who_ends_while_a_dispatcher_looks_leaves_word(app: Flask, owner: uuid.UUID) -> None:
    first, second = two_of_a_conversation(owner)
    with somebody() as dispatcher:
        assert dispatcher.execute(DISPATCH).all() == []
        ended = meanwhile(app, lambda: jobs.cancel(owner, first.id))
        wait_for(somebody_waits)
        dispatcher.commit()
        ended.result(10)
    # Canceling dispatches, too.
    assert standing_of(second) == "sent"
    assert bells("replies") == [str(first.id), str(second.id)]


def test_who_comes_while_the_one_before_ends_is_not_forgotten(app: Flask, owner: uuid.UUID) -> None:
    first = ask(owner)
    accepted: list[Job] = []
    with somebody() as asking:
        # Its number is given and its row is written, but nobody else sees it yet.
        asking.execute(
            text("SELECT id FROM conversations WHERE id = :id FOR NO KEY UPDATE"),
            {"id": first.conversation_id},
        )
        accepted.append(
            jobs.accept(
                asking,
                job_id=uuid.uuid4(),
                owner_id=owner,
                kind=kinds.REPLY,
                sequence_key=first.conversation_id,
                sequence_number=99,
                conversation_id=first.conversation_id,
                message_id=uuid.uuid4(),
            )
        )
        jobs.cancel(owner, first.id)
        assert jobs.dispatch("replies") == 0
        asking.commit()
    assert standing_of(accepted[0]) == "new"
    assert jobs.dispatch("replies") == 1


def test_a_dispatcher_waits_for_nobody(owner: uuid.UUID, configure: Configure) -> None:
    configure(dispatch_window=1)
    first, second = ask(owner), ask(owner)
    with somebody() as holder:
        jobs.cancel(owner, first.id)
        sql("UPDATE jobs SET dispatched_at = NULL")
        lock = text("SELECT id FROM open_jobs WHERE id = :id FOR UPDATE")
        holder.execute(lock, {"id": second.id})
        assert jobs.dispatch("replies") == 0
        holder.rollback()
    assert jobs.dispatch("replies") == 1


def test_who_does_not_get_the_gate_looks_for_nothing(owner: uuid.UUID) -> None:
    insert(owner, 200)
    with somebody() as holder, transaction(SYSTEM) as session:
        holder.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('dispatch'), hashtext('replies'))")
        )
        # Once before, so that the plans are there.
        session.execute(DISPATCH)
        assert buffers(session, DISPATCH.text) < 5


def buffers(session: Session, statement: str, **values: Any) -> int:
    """Return how many pages a statement looks at; what it changes is taken back."""
    explained = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    with session.begin_nested() as point:
        [plan] = session.scalar(explained, values) or [{}]
        point.rollback()
    found: dict[str, int] = plan["Plan"]
    return found["Shared Hit Blocks"] + found["Shared Read Blocks"]


def test_when_one_of_many_ends_the_next_goes_whoever_was_cancelled_between(
    owner: uuid.UUID,
) -> None:
    first = ask(owner)
    rest = [ask(owner, conversation_id=first.conversation_id) for _ in range(5)]
    jobs.dispatch("replies")
    with transaction(SYSTEM) as session:
        cancelled = stopping.cancel_all(session, Job.id.in_([job.id for job in rest[:2]]))
    perform(first)
    stopping.follow_up(cancelled)
    assert [standing_of(job) for job in rest] == [None, None, "sent", "behind", "behind"]
    perform(rest[2])
    assert [standing_of(job) for job in rest[3:]] == ["sent", "behind"]
    assert differences() == []


def test_deleted_jobs_leave_no_row_and_hold_up_nobody(owner: uuid.UUID) -> None:
    first, second = two_of_a_conversation(owner)
    jobs.dispatch("replies")
    sql("UPDATE messages SET job_id = NULL WHERE job_id = :id", id=first.id)
    sql("DELETE FROM jobs WHERE id = :id", id=first.id)
    assert jobs.dispatch("replies") == 1
    assert standing_of(second) == "sent"
    assert standing_of(first) is None


def test_rows_that_differ_are_written_anew(owner: uuid.UUID) -> None:
    lost, wrong, late, stuck = (ask(owner) for _ in range(4))
    sql("UPDATE jobs SET dispatched_at = NULL")
    gone = uuid.uuid4()
    sql("DELETE FROM open_jobs WHERE id = :id", id=lost.id)
    sql("UPDATE open_jobs SET standing = 'running' WHERE id = :id", id=wrong.id)
    sql("UPDATE open_jobs SET deadline_at = now() WHERE id = :id", id=late.id)
    sql("UPDATE open_jobs SET standing = 'behind' WHERE id = :id", id=stuck.id)
    sql(
        "INSERT INTO open_jobs (id, owner_id, run_after, deadline_at, priority, payload_version, "
        "queue, kind, standing) SELECT :id, owner_id, now(), now(), 5, 1, 'replies', "
        "'messages.reply', 'ready' FROM open_jobs LIMIT 1",
        id=gone,
    )
    assert set(differences()) == {lost.id, wrong.id, late.id, stuck.id, gone}
    assert open_rows.repair() == 4
    assert differences() == []
    assert jobs.dispatch("replies") == 4
    assert open_rows.repair() == 0


def test_the_sweeper_counts_what_is_much_and_forgets_it_again(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch, configure: Configure
) -> None:
    monkeypatch.setattr(open_rows, "WORTH_COUNTING", 3)
    insert(owner, 4)
    jobs.sweep()
    assert sql("SELECT name, jobs FROM open_job_counts") == [("waiting", 4)]
    # Far below the limit it is believed, and near to it nobody relies on it.
    sql("UPDATE open_job_counts SET jobs = 0")
    configure(max_open_jobs=5)
    ask(owner)
    with pytest.raises(AssistantError, match="5 jobs are waiting"):
        ask(owner)
    sql("UPDATE jobs SET state = 'cancelled', finished_at = now(), dispatched_at = NULL")
    jobs.sweep()
    assert sql("SELECT name FROM open_job_counts") == []


@pytest.mark.parametrize(("counted", "seconds"), [(0, 3), (402, 0)])
def test_a_count_that_may_be_far_from_true_is_not_believed(
    owner: uuid.UUID, configure: Configure, counted: int, seconds: int
) -> None:
    insert(make_owner(), 1002)
    sql("DELETE FROM open_job_counts")
    sql(
        "INSERT INTO open_job_counts (name, jobs, counted_at) "
        "VALUES ('waiting', :counted, now() - make_interval(secs => :seconds))",
        counted=counted,
        seconds=seconds,
    )
    configure(max_open_jobs=1002)
    with pytest.raises(AssistantError, match="1002 jobs are waiting"):
        ask(owner)


def test_places_are_the_order_in_which_they_are_sent(app: Flask, configure: Configure) -> None:
    chance = random.Random(7)
    owners = [make_owner() for _ in range(4)]
    for _ in range(30):
        insert(chance.choice(owners), chance.randrange(1, 3))
    sql("UPDATE jobs SET priority = 8 WHERE id IN (SELECT id FROM jobs ORDER BY random() LIMIT 9)")
    waiting = [job_of(Job(id=row.id)) for row in sql("SELECT id FROM jobs")]
    order = sorted(waiting, key=lambda job: places.place_of(job).number)
    assert [places.place_of(job).number for job in order] == list(range(1, len(order) + 1))
    configure(dispatch_window=10)
    assert jobs.dispatch("replies") == 10
    sent = {row.id for row in sql("SELECT id FROM jobs WHERE dispatched_at IS NOT NULL")}
    assert sent == {job.id for job in order[:10]}


def test_in_a_long_line_a_place_is_about_right(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (5, 40, 120):
        insert(make_owner(), count)
    waiting = [job_of(Job(id=row.id)) for row in sql("SELECT id FROM jobs")]
    exactly = {job.id: places.place_of(job).number for job in waiting}
    monkeypatch.setattr(places, "LONG_LINE", 100)
    monkeypatch.setattr(places, "_lines", {})
    for job in waiting:
        place = places.place_of(job)
        assert place.about
        assert abs(place.number - exactly[job.id]) <= 3 + exactly[job.id] // 10


def test_whatever_happens_at_once_nobody_is_forgotten(app: Flask, configure: Configure) -> None:
    configure(dispatch_window=4)
    owners = [make_owner() for _ in range(3)]
    talks = {owner: [ask(owner).conversation_id for _ in range(2)] for owner in owners}
    over = threading.Event()
    failed: list[BaseException] = []

    def play(seed: int) -> None:
        chance = random.Random(seed)
        try:
            with app.app_context():
                for _ in range(40):
                    _play_once(chance, talks)
        except BaseException as error:
            failed.append(error)
            raise

    def look() -> None:
        with app.app_context():
            while not over.wait(0.01):
                jobs.dispatch("replies")

    looking = threading.Thread(target=look)
    looking.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(play, range(6)))
    over.set()
    looking.join()
    assert failed == []
    assert differences() == []
    _let_all_end("replies")


def _play_once(chance: random.Random, talks: dict[uuid.UUID, list[uuid.UUID | None]]) -> None:
    owner = chance.choice(list(talks))
    sent = sql("SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL")
    waiting = sql("SELECT id, owner_id FROM jobs WHERE state IN ('queued', 'running')")
    what = chance.random()
    if what < 0.4:
        ask(owner, conversation_id=chance.choice(talks[owner]))
    elif what < 0.85 and sent:
        jobs.run(str(chance.choice(sent).id), lambda run: {})
    elif what < 0.95 and waiting:
        one = chance.choice(waiting)
        jobs.cancel(one.owner_id, one.id)
    elif waiting:
        with transaction(SYSTEM) as session:
            cancelled = stopping.cancel_all(session, Job.conversation_id.in_(talks[owner]))
        stopping.follow_up(cancelled)


LANES = (Queue.INDEXING, Queue.LONG_INDEXING, Queue.QUARANTINE)
MOVE = text("""
UPDATE jobs SET queue = :queue, dispatched_at = NULL, version = version + 1
WHERE id = :id AND state = 'queued'
""")


def test_sequences_through_several_queues_forget_nobody_either(app: Flask) -> None:
    owners = [make_owner() for _ in range(3)]
    keys = {owner: [uuid.uuid4() for _ in range(2)] for owner in owners}
    numbers: dict[uuid.UUID, int] = {key: 0 for mine in keys.values() for key in mine}
    in_order = {key: threading.Lock() for key in numbers}

    def accept(chance: random.Random) -> None:
        owner = chance.choice(owners)
        key = chance.choice(keys[owner])
        with in_order[key], transaction(SYSTEM) as session:
            numbers[key] += 1
            new = {"owner": owner, "count": 1, "key": str(key), "queue": chance.choice(LANES)}
            session.execute(text(INSERT.replace("THEN number", f"THEN {numbers[key]}")), new)

    def play(seed: int) -> None:
        chance = random.Random(seed)
        with app.app_context():
            for _ in range(30):
                waiting = sql("SELECT id, queue FROM jobs WHERE state = 'queued'")
                sent = sql("SELECT id FROM jobs WHERE dispatched_at IS NOT NULL")
                what = chance.random()
                if what < 0.4 or not waiting:
                    accept(chance)
                elif what < 0.7 and sent:
                    jobs.run(str(chance.choice(sent).id), lambda run: {})
                elif what < 0.85:
                    change(MOVE, chance.choice(waiting).id, chance.choice(LANES))
                else:
                    one = chance.choice(waiting)
                    change(CANCEL_WAITING, one.id, one.queue)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(play, range(4)))
    assert differences() == []
    _let_all_end(*LANES)


CANCEL_WAITING = text(f"{CANCEL.text} AND state = 'queued'")


def change(statement: TextClause, job_id: uuid.UUID, queue: str) -> None:
    """Change a job, and dispatch in one queue, as whoever changes it does."""
    with transaction(SYSTEM) as session:
        values = {"id": job_id, "queue": queue}
        session.execute(statement, {name: values[name] for name in statement._bindparams})
    jobs.dispatch(queue)


def in_two_lanes(owner: uuid.UUID, queue: Queue) -> tuple[Job, Job]:
    """Let two jobs of a document wait, of which the first has moved to another queue."""
    first = upload(owner, "One.")
    assert first.document_id is not None
    second = reindex(owner, first.document_id)
    change(MOVE, first.id, queue)
    jobs.dispatch("indexing")
    assert standing_of(second) == "behind"
    return first, second


def test_an_end_in_a_queue_without_room_releases_who_waits_in_another(owner: uuid.UUID) -> None:
    # For an hour, the only worker of the queue has something else.
    insert(make_owner(), 1, queue="long_indexing")
    sql("UPDATE jobs SET payload_version = 2")
    assert jobs.dispatch("long_indexing") == 1
    first, second = in_two_lanes(owner, Queue.LONG_INDEXING)
    assert standing_of(first) == "ready"
    jobs.cancel(owner, first.id)
    assert (standing_of(first), standing_of(second)) == (None, "sent")


@pytest.mark.parametrize("queue", [Queue.LONG_INDEXING, Queue.QUARANTINE])
def test_who_ends_sends_the_next_in_whatever_queue(owner: uuid.UUID, queue: Queue) -> None:
    first, second = in_two_lanes(owner, queue)
    assert standing_of(first) == "sent"
    jobs.run(str(first.id), lambda run: {})
    assert (standing_of(first), standing_of(second)) == (None, "sent")
    assert bells("indexing")[-1] == str(second.id)


def _let_all_end(*queues: str) -> None:
    """End what is sent, and only that, until nothing is open."""
    for _ in range(400):
        for queue in queues:
            jobs.dispatch(queue)
        sent = sql("SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL")
        for row in sent:
            claimed = claim(row.id, "worker")
            assert claimed is not None, "what is sent may run"
            finishing.finish(Run(claimed.job), endings.succeeded({}))
        if not sql("SELECT FROM jobs WHERE finished_at IS NULL"):
            jobs.dispatch(queues[0])
            assert sql("SELECT standing FROM open_jobs") == []
            return
    raise AssertionError(f"left: {sql('SELECT standing, count(*) FROM open_jobs GROUP BY 1')}")


@pytest.mark.parametrize("queue", Queue)
def test_the_database_counts_the_jobs_of_every_queue(app: Flask, queue: Queue) -> None:
    """Who adds a queue adds it to the function, too; else its jobs are not bounded."""
    [(source,)] = sql("SELECT prosrc FROM pg_proc WHERE proname = 'open_jobs_of'")
    assert f"'{queue}'" in source
