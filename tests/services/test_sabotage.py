"""The tests have teeth: with one of the walls taken out, a named test goes red."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase
from sqlalchemy import text, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.services.jobs import claiming, finishing, runs, stopping, sweeping
from assistant.services.jobs.transitions import guard
from tests.services import test_jobs_dispatch, test_jobs_rules
from tests.services import test_jobs_fencing as fencing
from tests.services.factories import ask, hold

Break = Callable[[pytest.MonkeyPatch], None]


def no_fence(patch: pytest.MonkeyPatch) -> None:
    for module in (runs, finishing, sweeping):
        patch.setattr(module, "held_by", lambda attempt: guard(true()))


def no_return_of_lost_jobs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweeping, "_return_expired", lambda: 0)


def no_second_bell(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweeping, "_ring_again", lambda: 0)


def no_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claiming, "FIRST_IN_SEQUENCE", guard(true()))


def no_word_of_the_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stopping, "ask_to_stop", lambda session, job_id: None)


@pytest.mark.parametrize(
    ("sabotage", "named"),
    [
        (no_fence, fencing.test_an_old_attempt_cannot_write_a_state),
        (no_fence, fencing.test_an_old_attempt_cannot_write_progress_or_chunks),
        (
            no_return_of_lost_jobs,
            fencing.test_a_lost_lease_puts_the_job_back_and_says_why,
        ),
        (no_second_bell, test_jobs_dispatch.test_a_lost_bell_is_rung_again),
    ],
    ids=lambda value: value.__name__,
)
def test_a_named_test_goes_red(
    sabotage: Break, named: Callable[..., None], owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, IntegrityError)):
        named(owner)


@pytest.mark.parametrize(
    "sabotage", [no_fence, no_return_of_lost_jobs, no_order, no_word_of_the_cancelled]
)
def test_the_rules_find_it_too(
    sabotage: Break, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    with pytest.raises((AssertionError, IntegrityError, ExceptionGroup)):
        test_jobs_rules.play(200, Phase.generate)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """Return a session whose transaction is rolled back, also what it did to the schema."""
    with transaction(SYSTEM) as session:
        yield session
        session.rollback()


def test_two_replies_of_a_job_are_refused(owner: uuid.UUID, session: Session) -> None:
    job = ask(owner)
    copy: dict[str, Any] = {"id": uuid.uuid4(), "job": job.id}
    with pytest.raises(IntegrityError):
        session.execute(_SECOND_REPLY, copy)


def test_two_running_jobs_of_a_conversation_are_refused(owner: uuid.UUID, session: Session) -> None:
    first = ask(owner)
    second = ask(owner, conversation_id=first.conversation_id)
    hold(first)
    with pytest.raises(IntegrityError):
        session.execute(_RUN_ANYHOW, {"id": second.id})


@pytest.mark.parametrize(
    ("index", "named"),
    [
        (
            "ALTER TABLE messages DROP CONSTRAINT uq_messages_job_id",
            test_two_replies_of_a_job_are_refused,
        ),
        (
            "DROP INDEX uq_jobs_sequence_running",
            test_two_running_jobs_of_a_conversation_are_refused,
        ),
    ],
)
def test_without_the_index_it_would_happen(
    index: str, named: Callable[..., None], owner: uuid.UUID, session: Session
) -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        named(owner, Sabotaged(session, index))


class Sabotaged:
    """A session that takes an index away before it does what it was made for."""

    def __init__(self, session: Session, index: str) -> None:
        self._session = session
        self._index = index

    def execute(self, statement: Any, values: Any) -> Any:
        """Take it away, and execute."""
        self._session.execute(text(self._index))
        return self._session.execute(statement, values)


_SECOND_REPLY = text("""
INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status, content,
    citations, options, job_id)
SELECT :id, owner_id, conversation_id, parent_id, position + 100, role, status, content,
    citations, options, job_id FROM messages WHERE job_id = :job
""")
_RUN_ANYHOW = text("""
UPDATE jobs SET state = 'running', attempt = attempt + 1, lease_expires_at = now() + interval '1 h'
WHERE id = :id
""")
