"""The rules of a job's life, held against whatever order of events anybody can think of."""

import contextlib
import os
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from assistant.errors import PermanentError, TransientError
from assistant.extensions import cache
from assistant.models import Job
from assistant.services import jobs
from assistant.services.jobs import (
    Run,
    Stopped,
    Stopping,
    endings,
    finishing,
    lost_workers,
    operating,
)
from assistant.services.jobs.claiming import claim
from tests.services.factories import (
    ask,
    differences,
    job_of,
    lose_lease,
    make_owner,
    pass_time,
    sql,
)

EXAMPLES = int(os.environ.get("RULES_EXAMPLES", "25"))
TERMINAL = ("succeeded", "failed", "cancelled")
LEGAL = {
    "queued": {"queued", "running", "failed", "cancelled"},
    "running": {"queued", "running", *TERMINAL},
    **{state: {state} for state in TERMINAL},
}

# How an attempt may end; each may come long after somebody else has the job.
ENDS: dict[str, Callable[[Run], dict[str, Any]]] = {
    "succeeds": lambda run: endings.succeeded({"attempt": run.attempt}),
    "fails": lambda run: endings.failed(run.job, PermanentError("No.", code="no")),
    "passes": lambda run: endings.tried_again(run.job, TransientError("Busy.", code="busy")),
    "is away": lambda run: endings.tried_again(run.job, TransientError("Away.", counted=False)),
    "is released": lambda run: lost_workers.put_down(Stopping.RELEASED),
    "believes it lost": lambda run: lost_workers.put_down(Stopping.LEASE_LOST),
    "was cancelled": lambda run: lost_workers.put_down(Stopping.CANCELLED),
}


class Rules(RuleBasedStateMachine):
    """Owners ask and cancel, workers claim, die, freeze and come back, sweepers sweep."""

    jobs_ = Bundle("jobs")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        sql("DELETE FROM job_attempts")
        sql("DELETE FROM jobs")
        cache.ask(lambda client: client.flushdb())
        self.owners = [make_owner(), make_owner()]
        self.conversations: list[tuple[uuid.UUID, uuid.UUID]] = []
        self.seen: dict[uuid.UUID, Job] = {}
        self.cancelled: set[uuid.UUID] = set()
        self.written: dict[uuid.UUID, list[int]] = {}

    @initialize(target=jobs_)
    def begin(self) -> Any:
        """Most of what can go wrong needs two jobs of a conversation."""
        return multiple(self.accept(0, 0), self.accept(0, 0))

    @rule(target=jobs_, who=st.integers(0, 1), which=st.integers(0, 1))
    def accept(self, who: int, which: int) -> Job:
        owner = self.owners[who]
        mine = [conversation for one, conversation in self.conversations if one == owner]
        if which < len(mine):
            return ask(owner, conversation_id=mine[which])
        job = ask(owner)
        assert job.conversation_id is not None
        self.conversations.append((owner, job.conversation_id))
        return job

    @rule(target=runs, job=jobs_)
    def ring(self, job: Job) -> Any:
        """A bell, perhaps a second one, perhaps one that comes late."""
        claimed = claim(job.id, "worker")
        return Run(claimed.job) if claimed else multiple()

    @rule(run=runs)
    def work_on(self, run: Run) -> None:
        """Write progress, as a live worker or as a frozen one that thawed."""
        holds = job_of(run.job).attempt == run.attempt and job_of(run.job).state == "running"
        written = False
        with contextlib.suppress(Stopped):
            run.progress("generating", 1, write=lambda session: self._write(session, run))
            written = True
        assert holds or not written
        assert written or not holds or run.stopping is not None

    def _write(self, session: Session, run: Run) -> None:
        self.written.setdefault(run.job.id, []).append(run.attempt)

    @rule(run=consumes(runs), how=st.sampled_from(sorted(ENDS)))
    def end(self, run: Run, how: str) -> None:
        before = job_of(run.job)
        job, _ = finishing.finish(run, ENDS[how](run))
        holds = before.state == "running" and before.attempt == run.attempt
        assert (job is not None) is holds
        if job is not None and before.cancel_requested_at is not None:
            assert job.state == "cancelled"

    @rule(job=jobs_)
    def cancel(self, job: Job) -> None:
        before = job_of(job).state
        jobs.cancel(job.owner_id, job.id)
        if before not in TERMINAL:
            self.cancelled.add(job.id)

    @rule(target=runs, job=jobs_)
    def take_over(self, job: Job) -> Any:
        """The worker dies, or only seems to; its job goes back, and another one takes it."""
        self.die(job)
        jobs.sweep()
        pass_time(job)
        return self.ring(job)

    @rule(job=jobs_)
    def die(self, job: Job) -> None:
        """The worker is not heard of any more."""
        if job_of(job).state == "running":
            lose_lease(job)

    @rule()
    def sweep(self) -> None:
        jobs.sweep()

    @rule(job=jobs_)
    def wait(self, job: Job) -> None:
        pass_time(job)

    @rule(job=jobs_)
    def pass_deadline(self, job: Job) -> None:
        sql("UPDATE jobs SET deadline_at = now() - interval '1 s' WHERE id = :id", id=job.id)

    @rule(job=jobs_)
    def requeue(self, job: Job) -> None:
        if job_of(job).state not in TERMINAL:
            operating.requeue(job.id)

    @rule()
    def flush_redis(self) -> None:
        cache.ask(lambda client: client.flushdb())

    @invariant()
    def every_change_is_legal(self) -> None:
        for before in list(self.seen.values()):
            now = job_of(before)
            assert now.state in LEGAL[before.state]
            assert now.attempt >= before.attempt
            assert now.version >= before.version
            changed = (now.state, now.attempt) != (before.state, before.attempt)
            assert now.version > before.version or not changed
        for row in sql("SELECT id FROM jobs"):
            self.seen[row.id] = job_of(Job(id=row.id))

    @invariant()
    def what_was_cancelled_does_not_succeed(self) -> None:
        for row in sql("SELECT id FROM jobs WHERE state = 'succeeded'"):
            assert row.id not in self.cancelled

    @invariant()
    def a_conversation_goes_in_order(self) -> None:
        assert not sql("""
            SELECT later.id FROM jobs AS later JOIN jobs AS earlier USING (sequence_key)
            WHERE earlier.sequence_number < later.sequence_number
              AND earlier.state IN ('queued', 'running')
              AND later.state IN ('running', 'succeeded')""")

    @invariant()
    def messages_and_attempts_agree(self) -> None:
        assert not sql("""
            SELECT jobs.id FROM jobs LEFT JOIN messages ON messages.job_id = jobs.id
            GROUP BY jobs.id, jobs.state
            HAVING count(messages.id) <> 1 OR min(messages.status) <> jobs.state""")
        assert not sql("""
            SELECT jobs.id FROM jobs LEFT JOIN job_attempts AS tries ON tries.job_id = jobs.id
            GROUP BY jobs.id, jobs.state, jobs.attempt
            HAVING count(tries.attempt) <> jobs.attempt
                OR count(*) FILTER (WHERE tries.attempt IS NOT NULL AND tries.finished_at IS NULL)
                    <> CASE WHEN jobs.state = 'running' THEN 1 ELSE 0 END""")

    @invariant()
    def rows_of_open_jobs_agree(self) -> None:
        assert differences() == []

    @invariant()
    def only_who_holds_the_job_has_written(self) -> None:
        for attempts in self.written.values():
            assert attempts == sorted(attempts)

    def teardown(self) -> None:
        """All that was accepted comes to an end when one worker is left in peace."""
        for _ in range(40):
            sql("UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE state = 'running'")
            sql("UPDATE jobs SET run_after = now() WHERE state = 'queued'")
            jobs.sweep()
            for row in sql("SELECT id FROM jobs WHERE dispatched_at IS NOT NULL"):
                if claimed := claim(row.id, "worker"):
                    finishing.finish(Run(claimed.job), endings.succeeded({}))
            self.what_was_cancelled_does_not_succeed()
            if not sql("SELECT FROM jobs WHERE finished_at IS NULL"):
                return
        raise AssertionError(f"not all ended: {sql('SELECT id, state FROM jobs')}")


def test_no_order_of_events_breaks_a_rule(app: Flask) -> None:
    play(EXAMPLES)


def play(examples: int, *phases: Phase) -> None:
    """Play so many games by the rules; raise what breaks one of them."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Rules,
        settings=settings(
            max_examples=examples,
            phases=phases or tuple(Phase),
            stateful_step_count=30,
            deadline=None,
            derandomize="RULES_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
