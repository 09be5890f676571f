"""Which jobs go to Celery when: few at a time, owners in turn, sequences in order."""

import itertools
import random
import re
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from assistant.extensions import cache
from assistant.services import jobs
from assistant.services.jobs.line import BULK
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import ask, bells, hold, job_of, make_owner, pass_time, perform, sql

INSERT = """
INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state, version,
    attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at, dispatches,
    progress_stage, progress_done, event_number, message_id, sequence_key, sequence_number)
SELECT gen_random_uuid(), :owner, 'messages.reply', :queue, 5, '{}', 1, 'queued', 1,
    0, 0, 4, 0, 0, now() + interval '1 hour', 0,
    'queued', 0, 0, gen_random_uuid(), CAST(:key AS uuid),
    CASE WHEN :key IS NOT NULL THEN number END
FROM generate_series(1, :count) AS number
"""


def insert(
    owner: uuid.UUID, count: int, key: uuid.UUID | None = None, queue: str = "replies"
) -> None:
    """Let jobs wait that nobody was told of."""
    sql(INSERT, owner=owner, count=count, key=str(key) if key else None, queue=queue)


def sent() -> int:
    """Count the jobs that were sent and not claimed."""
    return int(
        sql("SELECT count(*) FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL")[0][0]
    )


def test_only_a_window_of_jobs_is_in_the_broker(owner: uuid.UUID, configure: Configure) -> None:
    configure(dispatch_window=4)
    insert(owner, 10)
    assert jobs.dispatch("replies") == 4
    assert jobs.dispatch("replies") == 0
    assert len(bells("replies")) == sent() == 4


def test_a_claim_makes_room_for_the_next(owner: uuid.UUID, configure: Configure) -> None:
    configure(dispatch_window=2)
    accepted = [ask(owner) for _ in range(5)]
    assert bells("replies") == [str(job.id) for job in accepted[:2]]
    jobs.run(str(accepted[0].id), lambda run: {})
    assert bells("replies") == [str(job.id) for job in accepted[:3]]
    assert job_of(accepted[4]).dispatched_at is None


def test_a_place_is_kept_for_whoever_has_no_document_in_work(app: Flask) -> None:
    many, one = make_owner(), make_owner()
    insert(many, 5, queue="indexing")
    for _ in range(2):
        assert jobs.dispatch("indexing") == 1
        # As if a worker had taken it, and were busy with it.
        sql(
            "UPDATE jobs SET state = 'running', attempt = 1, dispatched_at = NULL, "
            "started_at = now(), lease_expires_at = now() + interval '1 minute', worker = 'w', "
            "claim_token = gen_random_uuid() WHERE dispatched_at IS NOT NULL"
        )
    assert jobs.dispatch("indexing") == 0
    insert(one, 1, queue="indexing")
    assert jobs.dispatch("indexing") == 1
    [[owner_id]] = sql("SELECT owner_id FROM jobs WHERE dispatched_at IS NOT NULL")
    assert owner_id == one


def test_owners_take_turns(app: Flask, configure: Configure) -> None:
    configure(dispatch_window=4)
    rich, *poor = (make_owner() for _ in range(4))
    insert(rich, 200)
    for one in poor:
        insert(one, 5)
    order: list[uuid.UUID] = []
    while len(order) < 30:
        jobs.dispatch("replies")
        for [job_id, owner_id] in sql(
            "SELECT id, owner_id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL"
        ):
            order.append(owner_id)
            jobs.run(str(job_id), lambda run: {})
    # Everybody once, and then ties go to who waited longer: the rich owner gets two turns of four,
    # not all until the two hundred are done.
    assert set(order[:4]) == {rich, *poor}
    assert {Counter(order)[one] for one in poor} == {5}
    assert Counter(order)[rich] <= 15 + 3


def test_who_comes_last_waits_for_one_job_of_each_other(app: Flask, configure: Configure) -> None:
    configure(dispatch_window=1)
    others = [make_owner() for _ in range(3)]
    for _ in range(6):
        for one in others:
            ask(one)
    last = ask(make_owner())
    for number in range(4):
        jobs.run(bells("replies")[number], lambda run: {})
    assert str(last.id) in bells("replies")[:4]


def test_who_has_much_in_service_waits_for_who_has_nothing(
    app: Flask, configure: Configure
) -> None:
    configure(dispatch_window=3)
    busy, idle = make_owner(), make_owner()
    running = [ask(busy) for _ in range(3)]
    for job in running:
        hold(job)
    insert(busy, 3)
    insert(idle, 3)
    jobs.dispatch("replies")
    owners = sql("SELECT DISTINCT owner_id FROM jobs WHERE dispatched_at IS NOT NULL")
    assert owners == [(idle,)]


def test_a_sequence_goes_one_by_one_and_in_order(owner: uuid.UUID) -> None:
    first = ask(owner)
    rest = [ask(owner, conversation_id=first.conversation_id) for _ in range(3)]
    expected = [str(job.id) for job in (first, *rest)]
    for number, job in enumerate((first, *rest), start=1):
        assert bells("replies") == expected[:number]
        jobs.run(str(job.id), lambda run: {})


def test_a_job_that_waits_for_its_pause_holds_up_its_conversation_alone(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(retry_base_seconds=60)
    first = ask(owner)
    model.script("500")
    perform(first)
    second = ask(owner, conversation_id=first.conversation_id)
    other = ask(owner)
    assert bells("replies") == [str(first.id), str(other.id)]
    pass_time(first)
    jobs.sweep()
    assert bells("replies") == [str(first.id), str(other.id), str(first.id)]
    assert job_of(second).dispatched_at is None


def test_a_long_sequence_does_not_keep_others_out_of_the_window(
    app: Flask, configure: Configure
) -> None:
    configure(dispatch_window=4)
    owner, other = make_owner(), make_owner()
    insert(owner, 50, key=uuid.uuid4())
    insert(other, 3)
    assert jobs.dispatch("replies") == 4


def test_a_new_job_goes_ahead_only_if_nobody_waits(owner: uuid.UUID, configure: Configure) -> None:
    configure(dispatch_window=3)
    assert ask(owner).dispatched_at is not None
    insert(make_owner(), 1)
    job = ask(owner)
    assert job.dispatched_at is None, "somebody waits, so the dispatcher decides"
    assert sent() == 3


def test_dispatchers_at_once_send_nothing_twice(app: Flask, configure: Configure) -> None:
    configure(dispatch_window=10)
    for _ in range(5):
        insert(make_owner(), 40)

    def work(number: int) -> int:
        with app.app_context():
            most = 0
            for _ in range(15):
                jobs.dispatch("replies")
                most = max(most, sent())
                waiting = sql(
                    "SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL"
                )
                if waiting:
                    jobs.run(str(random.choice(waiting)[0]), lambda run: {})
            return most

    with ThreadPoolExecutor(6) as pool:
        most = max(pool.map(work, range(6)))
    # A dispatcher that got the lock may have looked before the one ahead of it committed; it
    # then finds its jobs taken. What overlaps with claims is the only slack.
    assert most <= 10 + 6
    rung = bells("replies")
    assert len(rung) == len(set(rung))
    assert sql("SELECT max(attempt), max(dispatches) FROM jobs") == [(1, 1)]


def test_accepts_at_once_exceed_the_window_by_no_more_than_their_number(
    app: Flask, configure: Configure
) -> None:
    configure(dispatch_window=4)
    owners = [make_owner() for _ in range(8)]

    def work(owner: uuid.UUID) -> None:
        with app.app_context():
            for _ in range(5):
                ask(owner)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, owners))
    assert 4 <= sent() <= 4 + 7


def test_a_lost_bell_is_rung_again(owner: uuid.UUID) -> None:
    job = ask(owner)
    cache.ask(lambda client: client.delete("replies"))
    jobs.sweep()
    assert bells("replies") == [], "it may be on its way to a worker"
    sql("UPDATE jobs SET dispatched_at = now() - interval '3 s' WHERE id = :id", id=job.id)
    jobs.sweep()
    assert bells("replies") == [str(job.id)]


def test_some_lost_bells_among_others_are_rung_again(owner: uuid.UUID) -> None:
    lost, there = ask(owner), ask(owner)
    cache.ask(lambda client: client.rpop("replies"))
    assert bells("replies") == [str(there.id)]
    sql("UPDATE jobs SET dispatched_at = now() - interval '3 s'")
    jobs.sweep()
    assert str(lost.id) in bells("replies")
    rung = len(bells("replies"))
    sql("UPDATE jobs SET dispatched_at = now() - interval '3 s'")
    jobs.sweep()
    assert len(bells("replies")) == rung, "enough bells are there, so none is added yet"


def test_bells_that_nobody_answers_are_rung_less_and_less(owner: uuid.UUID) -> None:
    job = ask(owner)
    for dispatches, seconds in ((0, 15), (1, 15), (2, 30), (3, 60), (2000, 60)):
        for off, again in ((-2, 0), (2, 1)):
            sql(
                "UPDATE jobs SET dispatches = :count, "
                "dispatched_at = now() - make_interval(secs => :age)",
                count=dispatches,
                age=seconds + off,
            )
            cache.ask(lambda client: client.ltrim("replies", 0, 0))
            jobs.sweep()
            assert len(bells("replies")) == 1 + again
    assert job_of(job).state == "queued"


def test_functions_of_the_database_mean_the_same_by_bulk(app: Flask) -> None:
    said = sql("SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    numbers = [n for row in said for n in re.findall(r"priority\s*(?:<|>=)\s*(\d+)", row.prosrc)]
    assert numbers
    assert set(map(int, numbers)) == {BULK}


def test_five_thousand_waiting_jobs_cost_milliseconds(app: Flask) -> None:
    for _ in range(10):
        insert(make_owner(), 450)
    insert(make_owner(), 500, key=uuid.uuid4())
    # As autovacuum does within a minute of such a change.
    sql("ANALYZE jobs")
    times = []
    for _ in itertools.repeat(None, 10):
        began = time.perf_counter()
        assert jobs.dispatch("replies") == 16
        times.append((time.perf_counter() - began) * 1000)
        sql(
            "UPDATE jobs SET state = 'cancelled', finished_at = now(), dispatched_at = NULL "
            "WHERE dispatched_at IS NOT NULL"
        )
    print(
        f"dispatch of 16 among 5,000: median {sorted(times)[5]:.1f} ms, worst {max(times):.1f} ms"
    )
    assert sorted(times)[5] < 100
