"""What is kept for some days only goes in portions, and nothing else does."""

import json
import uuid
from typing import Any

import pytest

from assistant.database import SYSTEM, transaction
from assistant.models import Action, Job
from assistant.services import audit, jobs
from assistant.services.conversations import conversations
from assistant.services.upkeep import retention
from assistant.services.upkeep.retention import Retention
from assistant.services.upkeep.rows import Rows
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import ask, copy_of, job_of, make_owner, perform, sql


@pytest.fixture(autouse=True)
def only_mine(model: ModelServer, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing old but what a test makes, and time enough for all of it."""
    monkeypatch.setattr(retention, "SECONDS", 60.0)
    sql("DELETE FROM conversations WHERE last_activity_at < now() - interval '1 day'")


def asked(owner: uuid.UUID, days: int) -> Job:
    """Ask in a conversation of its own, which was active last so many days ago."""
    job = ask(owner)
    perform(job)
    age(job, days)
    return job


def age(job: Job, days: int) -> None:
    sql(
        "UPDATE conversations SET last_activity_at = now() - make_interval(days => :days)"
        " WHERE id = :id",
        days=days,
        id=job.conversation_id,
    )


def left(owner: uuid.UUID) -> set[Any]:
    return {row.id for row in sql("SELECT id FROM conversations WHERE owner_id = :o", o=owner)}


def test_by_default_conversations_stay_for_ever(owner: uuid.UUID) -> None:
    old = asked(owner, 9000)
    assert Retention().round() == {}
    assert left(owner) == {old.conversation_id}


def test_old_conversations_go_with_their_messages_and_copies(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(conversation_retention_days=30.0)
    monkeypatch.setattr(retention, "CONVERSATIONS", 2)
    monkeypatch.setattr(retention, "MESSAGES", 3)
    other = make_owner()
    old = [asked(owner, 31) for _ in range(3)] + [asked(other, 40)]
    new = asked(owner, 29)
    busy = ask(owner, conversation_id=asked(owner, 31).conversation_id)
    age(busy, 31)
    assert copy_of(old[0]) is not None
    assert Retention().round()["conversations_removed"] == 4
    assert left(owner) == {new.conversation_id, busy.conversation_id}
    assert left(other) == set()
    assert job_of(busy).state == "queued"
    [[messages]] = sql("SELECT count(*) FROM messages WHERE owner_id = :o", o=owner)
    assert messages == 6
    for job in old:
        assert copy_of(job) is None
        assert json.loads(jobs.read_status(job.owner_id, job.id).body)["result"] is None
    assert conversations.get(owner, new.conversation_id).last_position == 2


def test_it_goes_on_until_none_is_left(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(conversation_retention_days=30.0)
    monkeypatch.setattr(retention, "CONVERSATIONS", 1)
    monkeypatch.setattr(retention, "SECONDS", 0.0)
    for _ in range(2):
        asked(owner, 31)
    rounds = Retention()
    assert rounds.round() == {}
    monkeypatch.setattr(retention, "SECONDS", 60.0)
    assert rounds.round()["conversations_removed"] == 2
    # And then not before an hour has passed.
    asked(owner, 31)
    assert rounds.round() == {}


def evaluation(owner: uuid.UUID, days: int, job_id: uuid.UUID) -> uuid.UUID:
    made = uuid.uuid4()
    sql(
        "INSERT INTO evaluations (id, owner_id, job_id, name, questions, settings, scope,"
        " created_at) VALUES (:id, :owner, :job, 'E', '[]', '[]', '{}',"
        " now() - make_interval(days => :days))",
        id=made,
        owner=owner,
        job=job_id,
        days=days,
    )
    return made


def test_old_evaluations_go_once_they_have_ended(owner: uuid.UUID, configure: Configure) -> None:
    running = ask(owner)
    gone, new = evaluation(owner, 31, uuid.uuid4()), evaluation(owner, 29, uuid.uuid4())
    busy = evaluation(owner, 31, running.id)
    assert Retention().round() == {}
    configure(evaluation_retention_days=30.0)
    assert Retention().round()["evaluations_removed"] == 1
    found = {row.id for row in sql("SELECT id FROM evaluations WHERE owner_id = :o", o=owner)}
    assert found == {new, busy} != {gone}


def test_signs_in_are_kept_as_long_as_is_set(
    owner: uuid.UUID, configure: Configure, model: ModelServer
) -> None:
    sql(
        "INSERT INTO sessions (id, owner_id, refresh_hash, expires_at)"
        " VALUES (:id, :owner, :hash, now() - interval '10 days')",
        id=uuid.uuid4(),
        owner=owner,
        hash=owner.bytes,
    )
    configure(session_retention_days=0.0)
    assert "sessions_removed" not in Rows().round()
    assert sql("SELECT 1 FROM sessions WHERE owner_id = :o", o=owner) != []
    configure(session_retention_days=9.0)
    Rows().round()
    assert sql("SELECT 1 FROM sessions WHERE owner_id = :o", o=owner) == []


def test_entries_of_the_audit_log_stay_unless_a_setting_says_how_long(
    configure: Configure,
) -> None:
    with transaction(SYSTEM) as session:
        old, new = uuid.uuid4(), uuid.uuid4()
        audit.note(session, Action.SIGNED_IN, old)
        audit.note(session, Action.SIGNED_IN, new)
    # Nobody may change an entry, so the old one is made old by the clock of who looks.
    assert "audit_events_removed" not in Retention().round()
    configure(audit_retention_days=30.0)
    assert "audit_events_removed" not in Retention().round()
    assert {old, new} <= subjects()
    configure(audit_retention_days=1e-9)
    assert Retention().round()["audit_events_removed"] >= 2
    assert not {old, new} & subjects()
    [[purged]] = sql("SELECT count(*) FROM audit_events WHERE action = 'audit.purged'")
    assert purged >= 1


def subjects() -> set[Any]:
    return {row.subject_id for row in sql("SELECT subject_id FROM audit_events")}
