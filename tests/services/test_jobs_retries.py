"""What happens to a job whose work goes wrong."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError, TransientError, Unavailable
from assistant.models import Job
from assistant.services import jobs
from assistant.services.jobs import Run, attempts, endings, operating
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    copy_of,
    hold,
    job_of,
    message_of,
    pass_time,
    perform,
    sql,
)


def do(job: Job, error: Exception) -> Job:
    """Do a job whose work raises this."""

    def work(run: Run) -> dict[str, Any]:
        raise error

    jobs.run(str(job.id), work)
    return job_of(job)


def pause_of(job: Job) -> timedelta:
    """Return how long after its last attempt the job waits."""
    finished = attempts_of(job)[-1].finished_at
    assert finished is not None
    return job_of(job).run_after - finished


def test_a_passing_error_puts_the_job_back_with_its_reason(
    owner: uuid.UUID, caplog: pytest.LogCaptureFixture
) -> None:
    job = ask(owner)
    with caplog.at_level("INFO"):
        back = do(job, TransientError("Busy.", code="model_busy", title="Model busy"))
    [told] = [record for record in caplog.records if record.message == "job queued"]
    assert vars(told)["reason"] == "model_busy"
    reason = {"code": "model_busy", "title": "Model busy", "detail": "Busy."}
    assert (back.state, back.failures, back.error) == ("queued", 1, reason)
    assert (back.progress_stage, back.dispatched_at) == ("waiting_to_retry", None)
    [attempt] = attempts_of(job)
    assert (attempt.outcome, attempt.reason) == ("retried", reason)
    assert message_of(job).status == "queued"
    pass_time(job)
    jobs.run(str(job.id), lambda run: {})
    done = job_of(job)
    assert (done.state, done.attempt, done.failures, done.error) == ("succeeded", 2, 1, None)


def test_pauses_grow_and_differ(owner: uuid.UUID, configure: Configure) -> None:
    configure(retry_base_seconds=10)
    job = ask(owner)
    for low, high in ((5, 10), (10, 20), (20, 40)):
        do(job, TransientError("Busy."))
        assert timedelta(seconds=low) <= pause_of(job) <= timedelta(seconds=high)
        pass_time(job)
    assert len({endings.backoff(1, None) for _ in range(5)}) == 5


def test_the_pause_that_a_server_asks_for_is_kept(owner: uuid.UUID) -> None:
    job = ask(owner)
    do(job, TransientError("Slow down.", retry_after=33.0))
    assert pause_of(job) == timedelta(seconds=33)


@pytest.mark.parametrize("asked", [1e6, 1e300])
def test_a_pause_that_ends_after_the_deadline_is_not_waited_for(
    owner: uuid.UUID, asked: float
) -> None:
    job = ask(owner)
    ended = do(job, TransientError("Slow down.", code="model_busy", retry_after=asked))
    assert (ended.state, ended.error["code"]) == ("failed", "model_busy")  # type: ignore[index]
    assert message_of(job).status == "failed"


def test_a_server_of_ours_that_is_away_is_no_failure_of_the_job(owner: uuid.UUID) -> None:
    job = ask(owner)
    for _ in range(10):
        back = do(job, Unavailable("The database does not answer."))
        assert (back.state, back.failures) == ("queued", 0)
        pass_time(job)


def test_too_many_failures_end_the_job_with_the_last_reason(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(max_failures=3)
    job = ask(owner)
    states = []
    for number in range(3):
        states.append(do(job, TransientError(f"Failure {number}.", code="model_busy")).state)
        pass_time(job)
    assert states == ["queued", "queued", "failed"]
    ended = job_of(job)
    assert (ended.failures, ended.attempt) == (3, 3)
    assert ended.error["code"] == "model_busy"
    assert ended.error["detail"] == "Failure 2."
    assert message_of(job).status == "failed"
    assert [a.outcome for a in attempts_of(job)] == ["retried", "retried", "failed"]


def test_an_error_that_cannot_heal_ends_the_job_at_once(owner: uuid.UUID) -> None:
    job = ask(owner)
    ended = do(job, PermanentError("Wrong key.", code="model_credentials"))
    assert (ended.state, ended.attempt, ended.error["code"]) == ("failed", 1, "model_credentials")


def test_an_unexpected_error_is_tried_again_and_tells_nothing(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(max_failures=2)
    job = ask(owner)
    assert do(job, KeyError("secret")).state == "queued"
    pass_time(job)
    ended = do(job, KeyError("secret"))
    assert (ended.state, ended.error["code"]) == ("failed", "internal_error")
    assert "secret" not in str(copy_of(job))
    assert "KeyError" not in str([attempt.reason for attempt in attempts_of(job)])


def test_a_database_that_is_away_for_a_moment_is_a_passing_error(owner: uuid.UUID) -> None:
    assert do(ask(owner), Unavailable("Away.")).state == "queued"


def test_what_cannot_be_saved_does_not_keep_the_job_from_ending(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(max_failures=1)
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        def save(session: Session) -> None:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")

        run.save = save
        return {}

    jobs.run(str(job.id), work)
    ended = job_of(job)
    assert (ended.state, ended.error["code"]) == ("failed", "internal_error")


def test_tidying_up_that_fails_leaves_the_success(owner: uuid.UUID) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        def afterwards() -> None:
            raise RuntimeError

        run.afterwards = afterwards
        return {}

    jobs.run(str(job.id), work)
    assert job_of(job).state == "succeeded"


def test_a_reply_keeps_what_a_broken_attempt_had_written(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(max_failures=2)
    job = ask(owner)
    model.script("cut", text="one two three four five", after=3)
    perform(job)
    assert message_of(job).content == "one two three"
    pass_time(job)
    model.script("500")
    ended = perform(job)
    assert (ended.state, ended.error["code"]) == ("failed", "model_unavailable")
    assert message_of(job).content == "one two three"
    assert [bool(attempt.usage) for attempt in attempts_of(job)] == [True, False]


def test_a_sweep_of_nothing_changes_nothing(owner: uuid.UUID) -> None:
    job = ask(owner)
    before = job_of(job).version
    jobs.sweep()
    assert job_of(job).version == before
    assert sql("SELECT count(*) FROM heartbeats WHERE name = 'sweeper'") == [(1,)]


def test_text_that_cannot_be_saved_is_not_said_to_be_there(owner: uuid.UUID) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        def save(session: Session) -> None:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")

        run.save, run.text_number = save, 7
        return {}

    jobs.run(str(job.id), work)
    assert (job_of(job).state, job_of(job).event_number) == ("queued", 0)


def test_a_cancelled_job_has_no_error_when_its_deadline_passes(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    jobs.cancel(owner, job.id)
    sql("UPDATE jobs SET deadline_at = now() - interval '1 s'")
    jobs.sweep()
    assert (job_of(job).state, job_of(job).error) == ("cancelled", None)
    assert attempts_of(job)[0].reason["code"] == "deadline"


def many_attempts(job: Job, count: int) -> None:
    """Let a job have been tried so often, as after days in which a server was away."""
    sql(
        "INSERT INTO job_attempts (job_id, attempt, owner_id, worker, queue, started_at,"
        " finished_at, outcome) SELECT id, n, owner_id, 'w', queue, now(), now(), 'retried'"
        " FROM jobs, generate_series(1, :count) AS n WHERE id = :id",
        id=job.id,
        count=count,
    )
    sql("UPDATE jobs SET attempt = :count WHERE id = :id", id=job.id, count=count)


def test_of_forty_thousand_attempts_twenty_are_read(owner: uuid.UUID) -> None:
    job = ask(owner)
    many_attempts(job, 40_000)
    with transaction(owner) as session:
        read: list[int] = []
        event.listen(session, "loaded_as_persistent", lambda _, row: read.append(row.attempt))
        found = attempts.attempts_of(session, [job_of(job)])
    assert [one["attempt"] for one in found[job.id]] == list(range(39_981, 40_001))
    assert sorted(read) == list(range(39_981, 40_001))
    assert len(operating.show(job.id)["attempts"]) == 100


def test_a_job_that_is_tried_for_days_keeps_a_hundred_attempts(owner: uuid.UUID) -> None:
    job = ask(owner)
    many_attempts(job, 150)

    def work(run: Run) -> dict[str, Any]:
        raise TransientError("Away.", counted=False)

    jobs.run(str(job.id), work)
    kept = [attempt.attempt for attempt in attempts_of(job)]
    assert kept == list(range(52, 152))


def test_pauses_that_nobody_counts_grow(owner: uuid.UUID, configure: Configure) -> None:
    configure(retry_base_seconds=2.0)
    job = job_of(ask(owner))
    error = TransientError("Away.", counted=False)
    pauses = {}
    for job.attempt in (1, 10, 30, 100, 1000):
        pauses[job.attempt] = endings.tried_again(job, error).pause or 0
    assert pauses[1] <= 2
    assert 7.5 <= pauses[10] <= 30
    assert 80 <= pauses[30] <= 180
    assert 150 <= pauses[100] <= 300
    assert 150 <= pauses[1000] <= 300
