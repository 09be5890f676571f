"""A question is one call of the database, and once in effect when its answer is lost."""

import uuid

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import Engine

from assistant.database import SYSTEM, db, transaction
from assistant.models import Job, Message
from assistant.services.conversations import asking
from assistant.services.conversations.asking import Question
from tests.services import factories


def rows_of(owner: uuid.UUID) -> tuple[int, int]:
    """Return how many jobs and messages an owner has."""
    with transaction(owner) as session:
        jobs, messages = (
            session.scalar(select(func.count()).select_from(t)) for t in (Job, Message)
        )
    return jobs or 0, messages or 0


def break_idle_connections() -> None:
    """End this process's idle connections at the server's end, as its restart does."""
    with transaction(SYSTEM) as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user "
                "AND pid <> pg_backend_pid()"
            )
        )


def test_a_connection_that_has_died_costs_no_question(owner: uuid.UUID) -> None:
    factories.ask(owner)
    with db.engine.connect():
        # The pool gives out what came back last, so this question gets a connection that is dead.
        break_idle_connections()
    job = factories.ask(owner)
    assert rows_of(owner) == (2, 4)
    assert job.owner_id == owner


@pytest.mark.parametrize("in_conversation", [False, True])
def test_a_question_whose_answer_was_lost_is_kept_once(
    owner: uuid.UUID, in_conversation: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = factories.ask(owner)
    where = {"conversation_id": before.conversation_id} if in_conversation else {}
    lose_answer_once(monkeypatch)
    job = asking.ask(owner, Question("And then?", **where))
    assert rows_of(owner) == (2, 4)
    with transaction(owner) as session:
        reply = session.scalars(select(Message).where(Message.job_id == job.id)).one()
    assert (job.message_id, job.sequence_number) == (reply.id, reply.position)


def lose_answer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server commit the next statement that is run alone, and break the connection then."""
    connect = Engine.connect

    def connect_to_lose(engine: Engine) -> object:
        monkeypatch.setattr(Engine, "connect", connect)
        connection = connect(engine)
        execute = connection.execute

        def lose(*given: object) -> object:
            execute(*given)  # type: ignore[call-overload]
            pid = connection.connection.driver_connection.get_backend_pid()  # type: ignore[union-attr]
            with transaction(SYSTEM) as session:
                session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            return execute(*given)  # type: ignore[call-overload]

        connection.execute = lose  # type: ignore[method-assign]
        return connection

    monkeypatch.setattr(Engine, "connect", connect_to_lose)
