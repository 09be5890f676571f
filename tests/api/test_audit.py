"""The audit log says who did what, and nobody changes what it says."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, transaction
from assistant.models import Action
from assistant.services import audit, jobs
from assistant.services.upkeep.rows import Rows
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows, indexed, walk

TOKEN = "/api/v1/auth/token"
KEYS = {
    *("id", "at", "action", "actor_id", "actor", "key_id", "subject_id", "subject", "address"),
    "details",
}
SECRET = "what somebody wrote"


def events(admin: User, user: User | None = None, **query: str) -> list[dict[str, Any]]:
    """Return the entries about a user, oldest first."""
    about = {"user_id": user.id} if user else {}
    response = admin.get("/audit-events", query_string={**about, **query})
    assert response.status_code == 200, response.text
    return list(reversed(response.get_json()))


def actions(admin: User, user: User) -> list[str]:
    return [event["action"] for event in events(admin, user)]


def age(user: User, days: float) -> None:
    """Add an entry that is so old; those that there are cannot be changed."""
    for address in ("192.0.2.77", "2001:db8:1:2::77"):
        change_rows(
            "INSERT INTO audit_events (id, at, action, subject_id, address, details) VALUES (:new,"
            " now() - make_interval(secs => :days * 86400), 'sign_in.failed', :id, :address, '{}')",
            **{"new": uuid7(), "id": user.id, "days": days, "address": address},
        )


def addresses(admin: User, user: User) -> set[str]:
    return {event["address"] for event in events(admin, user, action="sign_in.failed")}


def test_sign_ins_and_failures_are_kept_with_their_address(
    another_app: Callable[..., Flask], user: User, admin: User
) -> None:
    client = another_app(proxy_hops=0).test_client()
    for password in ("not this one", PASSWORD):
        form = {"username": user.username, "password": password}
        client.post(TOKEN, data=form, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    *_, failed, signed_in = events(admin, user)
    assert set(failed) == KEYS
    assert (failed["action"], signed_in["action"]) == ("sign_in.failed", "sign_in.succeeded")
    assert failed["address"] == signed_in["address"] == "192.0.2.7"
    assert (failed["actor_id"], signed_in["actor_id"]) == (None, user.id)
    assert failed["subject"] == signed_in["actor"] == user.username
    assert signed_in["details"].keys() == {"session_id"}


def test_a_failure_under_a_name_that_nobody_has_keeps_no_name(client: Any, admin: User) -> None:
    client.post(TOKEN, data={"username": SECRET, "password": SECRET})
    last = events(admin, action="sign_in.failed")[-1]
    assert (last["actor_id"], last["subject_id"], last["address"]) == (None, None, None)
    with transaction(SYSTEM) as session:
        everything = session.execute(text("SELECT audit_events::text FROM audit_events")).all()
    assert SECRET not in str(everything)


def test_what_users_change_of_themselves(user: User, admin: User) -> None:
    new = {"password": "another long password", "old_password": "not the one"}
    user.patch("/users/me", json=new)
    user.patch("/users/me", json={**new, "old_password": PASSWORD, "username": f"{user.id[:8]}-x"})
    user.post("/auth/logout")
    assert actions(admin, user) == [
        *("user.created", "sign_in.succeeded"),
        *("password.failed", "user.changed", "session.ended"),
    ]
    [changed] = events(admin, user, action="user.changed")
    assert changed["details"] == {"fields": ["password", "username"]}


def test_what_administrators_do(user: User, admin: User) -> None:
    admin.patch(f"/users/{user.id}", json={"role": "admin", "email": f"{user.id}@example.org"})
    admin.patch(f"/users/{user.id}", json={"is_active": False})
    admin.patch(f"/users/{user.id}", json={"is_active": True, "role": "user"})
    admin.post(f"/users/{user.id}/password-link", json={})
    made = admin.post("/invitations", json={}).get_json()
    admin.delete(f"/invitations/{made['id']}")
    promoted, disabled, _, link = events(admin, user)[2:]
    assert promoted["details"] == {"fields": ["email", "role"], "role": "admin"}
    assert disabled["details"] == {"fields": ["is_active"], "is_active": False}
    assert link["action"] == "password_link.created"
    for event in (promoted, disabled, link):
        assert (event["actor_id"], event["actor"]) == (admin.id, admin.username)
        assert (event["subject_id"], event["subject"]) == (user.id, user.username)
    invited, withdrawn = events(admin, admin)[-2:]
    assert (invited["action"], withdrawn["action"]) == (
        *("invitation.created", "invitation.withdrawn"),
    )
    assert invited["subject_id"] == withdrawn["subject_id"] == made["id"]


def test_what_fails_leaves_no_entry(user: User, admin: User) -> None:
    before = actions(admin, user)
    assert_problem(user.patch("/users/me", json={"username": admin.username}), 409)
    assert_problem(user.delete(f"/api-keys/{uuid.uuid4()}"), 404)
    assert_problem(user.delete(f"/conversations/{uuid.uuid4()}"), 404)
    assert actions(admin, user) == before


def test_keys_and_what_is_done_with_them(user: User, admin: User) -> None:
    body = {"name": SECRET, "scopes": ["write"]}
    made = user.post("/api-keys", json=body).get_json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    conversation = user.post("/conversations", json={"title": SECRET}).get_json()
    user.client.delete(f"/api/v1/conversations/{conversation['id']}", headers=headers)
    user.delete(f"/api-keys/{made['id']}")
    created, deleted, revoked = events(admin, user)[-3:]
    assert (created["action"], created["subject_id"]) == ("api_key.created", user.id)
    assert created["key_id"] is None
    assert created["details"] == {"api_key_id": made["id"], "scopes": ["write"]}
    assert (deleted["action"], deleted["subject_id"]) == (
        *("conversation.deleted", conversation["id"]),
    )
    assert deleted["key_id"] == made["id"]
    assert (revoked["action"], revoked["details"]) == (
        *("api_key.revoked", {"api_key_id": made["id"]}),
    )


def test_deletions(user: User, admin: User) -> None:
    document = indexed(user, SECRET, "secret.txt")
    collection = user.post("/collections", json={"name": SECRET}).get_json()
    user.delete(f"/documents/{document}")
    user.delete(f"/collections/{collection['id']}")
    found = [(event["action"], event["subject_id"]) for event in events(admin, user)[-2:]]
    assert found == [("document.deleted", document), ("collection.deleted", collection["id"])]


def test_a_name_is_told_while_the_account_exists(user: User, admin: User) -> None:
    job = admin.delete(f"/users/{user.id}").get_json()
    assert events(admin, user)[-1]["subject"] == user.username
    jobs.run(job["id"])
    gone = events(admin, user)
    assert gone[-1]["action"] == "user.deleted"
    assert {(event["subject_id"], event["subject"]) for event in gone} == {(user.id, None)}
    assert user.username not in str(gone)


def test_entries_come_in_pages_and_by_action(user: User, admin: User) -> None:
    path = f"/audit-events?user_id={user.id}&limit=1"
    pages = walk(admin, path)
    assert [[event["action"] for event in page] for page in pages] == [
        *(["sign_in.succeeded"], ["user.created"]),
    ]
    assert_problem(admin.get("/audit-events?action=nothing"), 422)
    assert_problem(user.get("/audit-events"), 403)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET action = 'x'",
        "UPDATE audit_events SET address = NULL",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ],
)
@pytest.mark.parametrize("days", [0, 400])
def test_nobody_changes_or_removes_an_entry(user: User, statement: str, days: int) -> None:
    age(user, days)

    def owner_of_table() -> None:
        change_rows(statement)

    with pytest.raises(DBAPIError, match="only added to"):
        owner_of_table()


@pytest.mark.parametrize("days", [29, 31])
def test_a_month_old_addresses_are_shortened_and_nothing_else(
    user: User, admin: User, days: int
) -> None:
    whole, short = {"192.0.2.77", "2001:db8:1:2::77"}, {"192.0.2.0/24", "2001:db8:1::/48"}
    Rows().round()
    age(user, days)
    done = Rows().round()
    assert addresses(admin, user) == (short if days > 30 else whole)
    assert done["addresses_shortened"] == (2 if days > 30 else 0)
    assert Rows().round()["addresses_shortened"] == 0


def test_a_transaction_that_may_remove_the_old_removes_nothing_else(user: User) -> None:
    def delete_all() -> None:
        with transaction(SYSTEM) as session:
            session.execute(
                text("SELECT set_config('assistant.audit_purged_before', :before, true)"),
                {"before": "2020-01-01T00:00:00Z"},
            )
            session.execute(text("DELETE FROM audit_events"))

    with pytest.raises(DBAPIError, match="only added to"):
        delete_all()


def test_what_is_purged_is_the_old_alone_and_that_is_an_entry(user: User, admin: User) -> None:
    age(user, 400)
    kept = actions(admin, user)
    kept.remove("sign_in.failed")
    kept.remove("sign_in.failed")
    assert audit.count(timedelta(days=365)) >= 2
    purged = audit.purge(timedelta(days=365))
    assert purged >= 2
    assert audit.count(timedelta(days=365)) == 0
    assert actions(admin, user) == kept
    last = events(admin, action="audit.purged")[-1]
    assert last["details"]["entries"] == purged
    # The leave ended with its transaction.
    with pytest.raises(DBAPIError, match="only added to"):
        change_rows("DELETE FROM audit_events")


def test_nobody_reads_it_or_writes_for_somebody_else(user: User, other_user: User) -> None:
    mine, theirs = uuid.UUID(user.id), uuid.UUID(other_user.id)
    with transaction(mine) as session:
        audit.note(session, Action.SIGNED_OUT, mine, actor_id=mine)
        assert session.scalar(text("SELECT count(*) FROM audit_events")) == 0

    def write() -> None:
        with transaction(mine) as session:
            audit.note(session, Action.SIGNED_OUT, theirs, actor_id=theirs)

    with pytest.raises(ProgrammingError, match="row-level security"):
        write()
