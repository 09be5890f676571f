"""Deleting an account: out at once, everything removed, a receipt that can still be read."""

import io
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from assistant.database import SYSTEM, Model, transaction
from assistant.extensions import adapters, cache
from assistant.models import Collection
from assistant.services import jobs
from assistant.services.accounts import deletion as account_deletion
from assistant.services.accounts import session_cache
from assistant.services.documents import deletion as document_deletion
from assistant.services.jobs import Run
from tests.conftest import PASSWORD, User
from tests.factories import (
    ask,
    assert_problem,
    change_rows,
    end_job,
    indexed,
    job,
    job_row,
    upload,
    vectors_in,
)

SECRET = "the password of the safe"
TOKEN = "/api/v1/auth/token"
RECEIPT_KEYS = {
    *("documents", "chunks", "vectors_deleted", "vectors_remaining", "embeddings"),
    *("collections", "conversations", "messages", "evaluations", "jobs", "sessions"),
    *("api_keys", "uploaded_files"),
    *("responses", "response_events", "item_conversations", "conversation_items"),
}


@pytest.fixture
def busy(user: User) -> User:
    """Return a user who has something of everything."""
    indexed(user, SECRET, "first.txt")
    upload(user, "Waits to be indexed.", "second.txt")
    accepted = ask(user, f"[[script:answer echo]] {SECRET}")
    jobs.run(accepted["id"])
    ask(user, "Waits for its reply.")
    user.post("/collections", json={"name": "Papers"})
    evaluated = user.post("/evaluations", json={"questions": [{"question": SECRET}]}).get_json()
    jobs.run(evaluated["id"])
    talk = user.openai("POST", "/conversations", json={"items": [{"role": "user", "content": "x"}]})
    body = {"input": SECRET, "conversation": talk.get_json()["id"], "background": True}
    made = user.openai("POST", "/responses", json=body).get_json()
    jobs.run(made["id"].removeprefix("resp_"))
    user.client.post(TOKEN, data={"username": user.username, "password": PASSWORD})
    user.post("/api-keys", json={"name": SECRET, "scopes": ["read"]})
    file = {"file": (io.BytesIO(SECRET.encode()), "third.txt"), "purpose": "assistants"}
    user.openai("POST", "/files", data=file)
    user.openai("POST", "/vector_stores", json={"name": SECRET})
    return user


def rows_of(user: User) -> dict[str, int]:
    """Count what every table holds of a user."""
    found = {}
    with transaction(SYSTEM) as session:
        for table in Model.metadata.sorted_tables:
            if "owner_id" in table.columns:
                query = text(f"SELECT count(*) FROM {table.name} WHERE owner_id = :id")
                found[table.name] = session.scalar(query, {"id": user.id})
    return {name: count for name, count in found.items() if count}


def chroma_names(user: User) -> list[str]:
    mine = select(Collection).where(Collection.owner_id == uuid.UUID(user.id))
    with transaction(SYSTEM) as session:
        return [collection.chroma_name for collection in session.scalars(mine)]


def vectors(names: list[str]) -> int:
    return sum(vectors_in(name) or 0 for name in names)


def user_row(user: User) -> dict[str, Any]:
    with transaction(SYSTEM) as session:
        query = text("SELECT * FROM users WHERE id = :id")
        return dict(session.execute(query, {"id": user.id}).mappings().one())


def test_deleting_oneself_ends_access_at_once_and_removes_everything(
    app: Flask, busy: User, other_user: User
) -> None:
    kept = indexed(other_user, "Somebody else's text.")
    names, folder = chroma_names(busy), app.extensions["settings"].uploads / busy.id
    assert vectors(names) == 1
    assert len(list(folder.iterdir())) == 2
    response = busy.delete("/users/me")
    assert response.status_code == 202
    accepted = response.get_json()
    assert accepted["kind"] == "users.delete"
    path = f"/jobs/{accepted['id']}"
    assert response.headers["Location"] == f"/api/v1{path}"
    before = job(busy, accepted["id"])
    assert (before["state"], before["result"]) == ("queued", None)

    jobs.run(accepted["id"])

    ended = job(busy, accepted["id"])
    assert (ended["state"], ended["error"]) == ("succeeded", None)
    receipt = ended["result"]
    assert set(receipt) == RECEIPT_KEYS
    assert receipt == {
        **{"documents": 2, "chunks": 1, "vectors_deleted": 1, "vectors_remaining": 0},
        **{"embeddings": receipt["embeddings"], "collections": 3, "conversations": 2},
        **{"messages": 4, "evaluations": 1, "jobs": 6, "sessions": 1, "api_keys": 1},
        **{"responses": 1, "response_events": receipt["response_events"]},
        **{"item_conversations": 1, "conversation_items": 3, "uploaded_files": 1},
    }
    assert receipt["response_events"] > 4
    assert rows_of(busy) == {"sessions": 1, "jobs": 1, "job_attempts": 1}
    assert vectors(names) == 0
    assert not folder.exists()
    assert not folder.with_name(f"{busy.id}.files").exists()
    assert other_user.get(f"/documents/{kept}").get_json()["status"] == "ready"


def test_only_the_job_can_be_read_with_the_token_that_deleted(busy: User) -> None:
    earlier = busy.get("/jobs").get_json()[0]["id"]
    accepted = busy.delete("/users/me").get_json()
    for round_ in range(3):
        assert job(busy, accepted["id"])["kind"] == "users.delete"
        for path in ("/users/me", "/auth/me", "/jobs", f"/jobs/{earlier}", "/documents"):
            assert_problem(busy.get(path), 401)
        assert_problem(busy.post(f"/jobs/{accepted['id']}/cancel"), 401)
        assert_problem(busy.post("/messages", json={"content": "x"}), 401)
        assert_problem(busy.delete("/users/me"), 401)
        refresh = {"refresh_token": busy.refresh_token}
        assert_problem(busy.client.post("/api/v1/auth/refresh", json=refresh), 401)
        credentials = {"username": busy.username, "password": PASSWORD}
        assert_problem(busy.client.post(TOKEN, data=credentials), 401)
        if round_ == 0:
            cache.ask(lambda client: client.flushdb())
        else:
            jobs.run(accepted["id"])


def test_the_job_is_readable_though_nobody_could_say_so_in_redis(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may die before it has told Redis what the token is good for now."""
    monkeypatch.setattr(session_cache, "show_confined", lambda session_id: None)
    user.get("/users/me")
    accepted = user.delete("/users/me").get_json()
    assert job(user, accepted["id"])["id"] == accepted["id"]


def test_who_was_let_in_before_leaves_nothing_afterwards(busy: User) -> None:
    """A copy of the session may outlive it while Redis is away, and so may a frozen request."""

    def sessions(client: Any) -> dict[bytes, bytes]:
        return {key: client.get(key) for key in client.keys("session:*")}

    busy.get("/users/me")
    alive = cache.ask(sessions)
    assert alive
    accepted = busy.delete("/users/me").get_json()
    for late in (False, True):
        cache.ask(lambda client: client.mset(alive))
        for path, body in (
            ("/messages", {"content": "Is anybody there?"}),
            ("/conversations", {}),
            ("/collections", {"name": "More papers"}),
        ):
            assert_problem(busy.post(path, json=body), 401)
        if not late:
            jobs.run(accepted["id"])
    assert rows_of(busy) == {"sessions": 1, "jobs": 1, "job_attempts": 1}


def test_a_nameless_row_remains_and_name_and_address_are_free(user: User) -> None:
    accepted = user.delete("/users/me").get_json()
    jobs.run(accepted["id"])
    row = user_row(user)
    assert row["username"] == f"deleted:{user.id}"
    assert row["email"] == f"deleted:{user.id}"
    assert not row["password_hash"].startswith("$argon2")
    assert (row["is_active"], row["role"]) == (False, "user")
    assert row["deleted_at"] is not None
    with transaction(SYSTEM) as session:
        query = text("SELECT * FROM sessions WHERE owner_id = :id")
        remains = session.execute(query, {"id": user.id}).mappings().one()
    assert remains["user_agent"] is None
    assert str(remains["job_id"]) == accepted["id"]
    body = {
        "username": user.username,
        "email": f"{user.username}@example.org",
        "password": PASSWORD,
    }
    again = user.client.post("/api/v1/auth/register", json=body)
    assert again.status_code == 201
    assert again.get_json()["id"] != user.id


def test_nothing_of_the_content_remains_in_redis(busy: User) -> None:
    def copies() -> bytes:
        read = cache.ask(
            lambda client: [client.hget(key, "body") for key in client.keys("job:*")]  # type: ignore[union-attr]
        )
        return b"".join(copy for copy in read or [] if copy)

    assert SECRET.encode() in copies()
    jobs.run(busy.delete("/users/me").get_json()["id"])
    assert SECRET.encode() not in copies()


def test_an_administrator_deletes_a_user_and_reads_the_receipt(admin: User, busy: User) -> None:
    accepted = admin.delete(f"/users/{busy.id}").get_json()
    assert_problem(busy.get("/users/me"), 401)
    assert_problem(busy.get(f"/jobs/{accepted['id']}"), 401)
    assert_problem(admin.delete(f"/users/{busy.id}"), 409)
    assert_problem(admin.patch(f"/users/{busy.id}", json={"is_active": True}), 409)
    jobs.run(accepted["id"])
    assert job(admin, accepted["id"])["result"]["documents"] == 2
    assert rows_of(busy) == {}
    assert_problem(admin.get(f"/users/{busy.id}"), 404)
    assert_problem(admin.delete(f"/users/{busy.id}"), 404)
    assert busy.id not in [u["id"] for u in admin.get("/users").get_json()]
    assert admin.get("/users/me").status_code == 200


def test_what_runs_for_the_user_is_cancelled(admin: User, user: User) -> None:
    waiting, running = ask(user), upload(user)
    change_rows(
        "UPDATE jobs SET state = 'running', lease_expires_at = now() + interval '1 hour',"
        " attempt = 1 WHERE id = :id",
        id=running["id"],
    )
    admin.delete(f"/users/{user.id}")
    assert job_row(waiting["id"]).state == "cancelled"
    assert job_row(running["id"]).cancel_requested_at is not None


def test_it_waits_for_what_still_runs(admin: User, user: User, another_app: Any) -> None:
    running = upload(user)
    change_rows(
        "UPDATE jobs SET state = 'running', lease_expires_at = now() + interval '1 hour',"
        " attempt = 1 WHERE id = :id",
        id=running["id"],
    )
    accepted = admin.delete(f"/users/{user.id}").get_json()
    other = another_app(lease_seconds=0.3, heartbeat_seconds=0.1, sweep_seconds=0.1)
    with other.app_context():
        jobs.run(accepted["id"], account_deletion.erase)
    again = job(admin, accepted["id"])
    assert (again["state"], again["error"]["code"]) == ("queued", "jobs_running")
    assert rows_of(user)["documents"] == 1
    end_job(running["id"], "cancelled")
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    assert job(admin, accepted["id"])["state"] == "succeeded"


PARTS = [
    *("documents", "files", "collections", "conversations", "embeddings", "evaluations"),
    *("response_events", "responses", "item_conversations", "uploaded_files", "jobs"),
    "account",
]


@pytest.mark.parametrize("part", PARTS)
def test_a_crash_in_the_middle_is_made_good_by_the_next_attempt(
    busy: User, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break off after each part in turn; the second attempt ends right, with the whole receipt."""
    accepted = busy.delete("/users/me").get_json()

    def work(run: Run) -> dict[str, Any]:
        step, remove_folder = document_deletion.Erasure.step, adapters.files.remove_folder

        def broken_step(self: document_deletion.Erasure, stage: str, what: Any) -> Any:
            done = step(self, stage, what)
            if stage == part:
                raise KeyError(part)
            return done

        def broken_folder(key: str) -> None:
            remove_folder(key)
            if part == "files":
                raise KeyError(part)

        with monkeypatch.context() as patch:
            patch.setattr(document_deletion.Erasure, "step", broken_step)
            patch.setattr(adapters.files, "remove_folder", broken_folder)
            return account_deletion.erase(run)

    jobs.run(accepted["id"], work)
    broken = job(busy, accepted["id"])
    assert (broken["state"], broken["result"]) == ("queued", None)
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    ended = job(busy, accepted["id"])
    assert (ended["state"], ended["attempt"]) == ("succeeded", 2)
    figures = ("documents", "chunks", "vectors_deleted", "collections", "messages", "evaluations")
    assert [ended["result"][name] for name in (*figures, "jobs")] == [2, 1, 1, 3, 4, 1, 6]
    assert ended["result"]["sessions"] == 1
    assert rows_of(busy).keys() == {"sessions", "jobs", "job_attempts"}


def test_an_attempt_that_lost_its_job_removes_nothing_more(busy: User) -> None:
    accepted = busy.delete("/users/me").get_json()

    def work(run: Run) -> dict[str, Any]:
        change_rows("UPDATE jobs SET attempt = attempt + 1 WHERE id = :id", id=run.job.id)
        return account_deletion.erase(run)

    jobs.run(accepted["id"], work)
    assert rows_of(busy)["documents"] == 2
    assert user_row(busy)["deleted_at"] is None


def test_nobody_is_deleted_whose_jobs_redis_still_shows(
    busy: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = busy.delete("/users/me").get_json()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "forget_copies", lambda job_ids: False)
        jobs.run(accepted["id"])
    row = job_row(accepted["id"])
    assert (row.state, row.failures) == ("queued", 0)
    assert row.error is not None
    assert row.error["code"] == "redis_away"
    assert rows_of(busy)["jobs"] > 1
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    assert rows_of(busy)["jobs"] == 1


def test_a_deletion_that_failed_is_retried_by_an_administrator(admin: User, user: User) -> None:
    accepted = admin.delete(f"/users/{user.id}").get_json()
    end_job(accepted["id"])
    cache.ask(lambda client: client.flushdb())
    again = admin.post(f"/jobs/{accepted['id']}/retry")
    assert again.status_code == 202
    body = again.get_json()
    assert (body["retry_of"], body["kind"]) == (accepted["id"], "users.delete")
    jobs.run(body["id"])
    assert user_row(user)["deleted_at"] is not None


def test_who_is_no_administrator_any_more_cannot_retry_a_deletion(
    admin: User, user: User, other_user: User
) -> None:
    admin.patch(f"/users/{other_user.id}", json={"role": "admin"})
    accepted = other_user.delete(f"/users/{user.id}").get_json()
    end_job(accepted["id"])
    cache.ask(lambda client: client.flushdb())
    admin.patch(f"/users/{other_user.id}", json={"role": "user"})
    assert_problem(other_user.post(f"/jobs/{accepted['id']}/retry"), 403)
    assert user_row(user)["deleted_at"] is None


def test_what_an_administrator_promised_of_others_outlasts_the_administrator(
    admin: User, user: User, other_user: User
) -> None:
    admin.patch(f"/users/{other_user.id}", json={"role": "admin"})
    promised = other_user.delete(f"/users/{user.id}").get_json()
    leaving = admin.delete(f"/users/{other_user.id}").get_json()
    jobs.run(leaving["id"])
    assert job(admin, leaving["id"])["state"] == "succeeded"
    assert user_row(other_user)["deleted_at"] is not None
    assert job_row(promised["id"]).state == "queued"
    jobs.run(promised["id"])
    assert job_row(promised["id"]).state == "succeeded"
    assert user_row(user)["deleted_at"] is not None
