"""What is deleted is hidden at once, in every copy, and a deletion that broke off goes on."""

import json
import uuid
from typing import Any

import pytest

from assistant.database import SYSTEM, transaction
from assistant.errors import TransientError
from assistant.extensions import adapters, cache
from assistant.models import Collection, Document, Message
from assistant.services import jobs
from assistant.services.citing import quotes
from assistant.services.documents import vectors
from assistant.services.jobs import cache as job_cache
from assistant.services.retrieval import hits as hits_of_search
from assistant.services.retrieval import scope
from assistant.services.upkeep import marker
from assistant.services.upkeep.index import Indexes
from assistant.services.upkeep.remains import Remains
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import (
    CITATION_KEYS,
    ask,
    assert_problem,
    change_rows,
    end_job,
    hits,
    indexed,
    job,
    job_row,
    vectors_in,
)

FACT = "The ferry leaves at noon."
SAID = "It leaves at noon [1]."


@pytest.fixture(autouse=True)
def answers(model: ModelServer) -> None:
    """Let the model answer as it would from the document."""
    for _ in range(5):
        model.script(text=SAID)


def reply_about(user: User, *documents: str, key: str | None = None) -> dict[str, Any]:
    """Ask what documents say; return the job of the reply, which cites them."""
    body = {"content": "When does the ferry leave?", "document_ids": list(documents)}
    headers = {"Idempotency-Key": key} if key else {}
    asked = user.post("/messages", json=body, headers=headers).get_json()
    jobs.run(asked["id"])
    done = job(user, asked["id"])
    assert done["result"]["assistant_message"]["citations"], done
    return done


def kept_in_redis(job_id: str) -> str:
    """Return all that Redis has of a job: its copy and its events."""
    found: Any = cache.ask(lambda r: [r.hgetall(f"job:{job_id}"), r.xrange(f"events:{job_id}")])
    return str(found)


def delete(user: User, path: str) -> dict[str, Any]:
    response = user.delete(path)
    assert response.status_code == 202, response.text
    accepted: dict[str, Any] = response.get_json()
    return accepted


def assert_emptied(citation: dict[str, Any], before: dict[str, Any]) -> None:
    assert citation == {**before, "quote": None, "headings": None, "deleted": True}


def test_a_deleted_documents_text_and_file_are_gone_at_once(user: User) -> None:
    document_id = indexed(user, FACT, "ferry.txt")
    content = user.get(f"/documents/{document_id}/content")
    assert content.text == FACT
    accepted = delete(user, f"/documents/{document_id}")

    seen = {"If-None-Match": content.headers["ETag"]}
    when = {"If-Modified-Since": content.headers["Last-Modified"]}
    for headers in ({}, seen, when, {"Range": "bytes=0-3"}):
        assert_problem(user.get(f"/documents/{document_id}/content", headers=headers), 404)
    for query in ("", "?generation=1"):
        assert_problem(user.get(f"/documents/{document_id}/text{query}"), 404)
    shown = {"id": document_id, "filename": "ferry.txt", "status": "deleting"}
    assert user.get(f"/documents/{document_id}").get_json() == shown
    assert user.get("/documents?status=deleting").get_json() == [shown]

    jobs.run(accepted["id"])
    assert_problem(user.get(f"/documents/{document_id}"), 404)


def test_quotes_are_emptied_at_once_in_every_copy(user: User) -> None:
    document_id, other_id = indexed(user, FACT), indexed(user, "The ferry leaves from the pier.")
    done = reply_about(user, document_id, key="once")
    other = reply_about(user, other_id)
    before = done["result"]["assistant_message"]
    (citation,) = before["citations"]
    assert citation.keys() == CITATION_KEYS
    assert (citation["quote"], citation["deleted"]) == (FACT, False)
    assert FACT in kept_in_redis(done["id"])
    tag = user.get(f"/jobs/{done['id']}").headers["ETag"]

    accepted = delete(user, f"/documents/{document_id}")

    assert FACT not in kept_in_redis(done["id"])
    again = user.get(f"/jobs/{done['id']}", headers={"If-None-Match": tag})
    assert again.status_code == 200
    body = {"content": "When does the ferry leave?", "document_ids": [document_id]}
    repeated = user.post(
        "/messages", json=body, headers={"Idempotency-Key": "once", "Prefer": "wait=5"}
    )
    assert repeated.headers["Idempotent-Replayed"] == "true"
    everywhere = [
        user.get(f"/messages/{before['id']}").get_json(),
        *(m for m in user.get(f"/messages?conversation_id={before['conversation_id']}").json),
        *user.get(f"/conversations/{before['conversation_id']}").get_json()["messages"],
        again.get_json()["result"]["assistant_message"],
        repeated.get_json()["result"]["assistant_message"],
        *(
            row["result"]["assistant_message"]
            for row in user.get("/jobs?limit=5").json
            if row["id"] == done["id"]
        ),
        json.loads(user.get(f"/jobs/{done['id']}/events").text.split("data: ")[-1])["result"][
            "assistant_message"
        ],
    ]
    replies = [message for message in everywhere if message["role"] == "assistant"]
    assert len(replies) == 7
    for message in replies:
        assert message["content"] == SAID
        assert_emptied(message["citations"][0], citation)
    with transaction(SYSTEM) as session:
        stored = session.get_one(Message, uuid.UUID(before["id"]))
        assert stored.citations[0]["quote"] is None
    # Others stay as they are.
    assert job(user, other["id"]) == other

    jobs.run(accepted["id"])
    receipt = job(user, accepted["id"])["result"]
    assert (receipt["citations"], receipt["replies"]) == (1, 1)
    assert_emptied(user.get(f"/messages/{before['id']}").get_json()["citations"][0], citation)


def test_what_the_request_left_the_job_empties(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = indexed(user, FACT)
    done = [reply_about(user, document_id) for _ in range(3)]
    with monkeypatch.context() as patch:
        # As if it were a release before that began the deletion, or died right after its commit.
        patch.setattr(quotes, "erase_soon", lambda *_: None)
        accepted = delete(user, f"/documents/{document_id}")
    assert FACT in kept_in_redis(done[0]["id"])
    monkeypatch.setattr(quotes, "REPLIES", 2)
    jobs.run(accepted["id"])
    receipt = job(user, accepted["id"])["result"]
    assert (receipt["citations"], receipt["replies"]) == (3, 3)
    for one in done:
        (citation,) = job(user, one["id"])["result"]["assistant_message"]["citations"]
        assert (citation["quote"], citation["deleted"]) == (None, True)
        assert FACT not in kept_in_redis(one["id"])


def test_a_deletion_does_not_end_while_redis_shows_quotes(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(user, FACT)
    done = reply_about(user, document_id)
    with monkeypatch.context() as patch:
        patch.setattr(cache, "ask", lambda work: None)
        accepted = delete(user, f"/documents/{document_id}")
        jobs.run(accepted["id"])
        waiting = job_row(accepted["id"])
        assert (waiting.state, waiting.error["code"]) == ("queued", "redis_away")
        assert waiting.failures == 0
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    receipt = job(user, accepted["id"])["result"]
    assert (receipt["citations"], receipt["vectors_deleted"]) == (1, 1)
    assert FACT not in kept_in_redis(done["id"])


@pytest.mark.parametrize("what", ["document", "collection"])
def test_a_deletion_does_not_end_while_redis_shows_an_analysis(
    user: User, model: ModelServer, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    made, document_id = collection_with(user, FACT)
    model.reset()
    model.script(text="It is all about ferries.")
    analysis_id = user.post(f"/documents/{document_id}/analysis").get_json()["id"]
    jobs.run(analysis_id)
    assert "about ferries" in job(user, analysis_id)["result"]["summary"]
    path = f"/documents/{document_id}" if what == "document" else f"/collections/{made}"
    with monkeypatch.context() as patch:
        patch.setattr(cache, "ask", lambda work: None)
        accepted = delete(user, path)
        jobs.run(accepted["id"])
        waiting = job_row(accepted["id"])
        assert (waiting.state, waiting.error["code"]) == ("queued", "redis_away")
        assert waiting.failures == 0
        # As if these processes were started again before Redis is back.
        job_cache._unsaid.clear()
    assert "about ferries" in kept_in_redis(analysis_id)
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["state"] == "succeeded"
    assert "about ferries" not in kept_in_redis(analysis_id)
    assert job(user, analysis_id)["result"] is None


def test_a_reply_that_is_written_meanwhile_quotes_nothing(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(user, FACT)
    asked = ask(user, "When does the ferry leave?", document_ids=[document_id])
    find = hits_of_search.read

    def find_and_lose(*arguments: Any) -> Any:
        found = find(*arguments)
        # Its passages are in the prompt by now.
        jobs.run(delete(user, f"/documents/{document_id}")["id"])
        return found

    monkeypatch.setattr(hits_of_search, "read", find_and_lose)
    jobs.run(asked["id"])
    (citation,) = job(user, asked["id"])["result"]["assistant_message"]["citations"]
    assert (citation["quote"], citation["deleted"]) == (None, True)
    assert FACT not in kept_in_redis(asked["id"])


def test_quotes_that_earlier_releases_left_are_emptied(user: User) -> None:
    document_id, other_id = indexed(user, FACT), indexed(user, "The ferry leaves from the pier.")
    done, other = reply_about(user, document_id), reply_about(user, other_id)
    reply = done["result"]["assistant_message"]["id"]
    jobs.run(delete(user, f"/documents/{document_id}")["id"])
    old = '{"quote": "The ferry leaves at noon."}'
    change_rows(
        "UPDATE messages SET citations = jsonb_build_array((citations->0) - 'deleted' ||"
        " CAST(:old AS jsonb)) WHERE id = :id",
        **{"id": reply, "old": old},
    )
    assert user.get(f"/messages/{reply}").get_json()["citations"][0]["deleted"] is False
    remains = Remains()
    found = remains.round()
    while remains._last_message is not None:
        found += remains.round()
    assert found["quotes_emptied"] >= 1
    (citation,) = user.get(f"/messages/{reply}").get_json()["citations"]
    assert (citation["quote"], citation["deleted"]) == (None, True)
    assert job(user, other["id"]) == other


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_deletion_that_broke_off_goes_on_when_asked_again(user: User, end: str) -> None:
    document_id = indexed(user, FACT)
    reply_about(user, document_id)
    end_job(delete(user, f"/documents/{document_id}")["id"], end)
    assert user.get(f"/documents/{document_id}").get_json()["status"] == "deleting"
    again = delete(user, f"/documents/{document_id}")
    assert_problem(user.delete(f"/documents/{document_id}"), 409)
    jobs.run(again["id"])
    assert job(user, again["id"])["result"]["replies"] == 1
    assert_problem(user.get(f"/documents/{document_id}"), 404)


def test_a_receipt_counts_what_was_removed_before_a_kill(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(user, "The keeper lights the lamp at dusk, every day. " * 200)
    count = user.get(f"/documents/{document_id}").get_json()["chunk_count"]
    assert count > 5
    accepted = delete(user, f"/documents/{document_id}")
    remove = adapters.vector_store.delete
    calls = []

    def remove_and_die(collection: str, ids: Any) -> None:
        calls.append(ids)
        if len(calls) > 2:
            raise TransientError("The process died here.", code="died")
        remove(collection, ids)

    with monkeypatch.context() as patch:
        patch.setattr(vectors, "PORTION", 2)
        patch.setattr(adapters.vector_store, "delete", remove_and_die)
        jobs.run(accepted["id"])
    assert job_row(accepted["id"]).state == "queued"
    assert job(user, accepted["id"])["result"] is None
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["result"] == {
        **{"citations": 0, "replies": 0, "documents": 1, "chunks": count},
        **{"vectors_deleted": count, "vectors_remaining": 0},
    }


def collection_with(user: User, text: str) -> tuple[str, str]:
    """Make a collection with a document that is indexed; return both ids."""
    made: str = user.post("/collections", json={"name": "Papers"}).get_json()["id"]
    uploaded = user.upload("a.txt", text.encode(), collection_id=made).get_json()
    jobs.run(uploaded["id"])
    return made, uploaded["document_id"]


def test_a_deleted_collections_documents_are_quoted_no_more(user: User) -> None:
    made, document_id = collection_with(user, FACT)
    done = reply_about(user, document_id)
    accepted = delete(user, f"/collections/{made}")
    (citation,) = job(user, done["id"])["result"]["assistant_message"]["citations"]
    assert (citation["quote"], citation["deleted"]) == (None, True)
    assert FACT not in kept_in_redis(done["id"])
    assert_problem(user.get(f"/documents/{document_id}/text"), 404)
    jobs.run(accepted["id"])
    receipt = job(user, accepted["id"])["result"]
    assert (receipt["documents"], receipt["citations"], receipt["replies"]) == (1, 1, 1)


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_stranded_collection_is_deleted_when_asked_again(user: User, end: str) -> None:
    made, document_id = collection_with(user, FACT)
    kept = indexed(user, "A ferry that stays.")
    end_job(delete(user, f"/collections/{made}")["id"], end)
    with transaction(SYSTEM) as session:
        name = session.get_one(Collection, uuid.UUID(made)).chroma_name
    # Its index may be in doubt for ever: searches do not ask it.
    change_rows("UPDATE collections SET index_checked_at = now() WHERE owner_id = :o", o=user.id)
    change_rows("UPDATE collections SET index_checked_at = NULL WHERE id = :id", id=made)
    asked = scope.collections_in(scope.Scope(uuid.UUID(user.id)))
    assert [str(one.id) for one in asked] == [user.get("/collections").get_json()[0]["id"]]
    assert {str(hit.document_id) for hit in hits(user, "ferry")} == {kept}

    # An earlier test may have left every index in doubt, which is told once.
    marker.watch()
    change_rows("UPDATE collections SET index_checked_at = now() WHERE id <> :id", id=made)
    Indexes().round()
    assert vectors_in(name) is None, "upkeep removes it meanwhile"

    again = delete(user, f"/collections/{made}")
    assert_problem(user.delete(f"/collections/{made}"), 404)
    jobs.run(again["id"])
    assert job(user, again["id"])["result"]["documents"] == 1
    with transaction(SYSTEM) as session:
        assert session.get(Collection, uuid.UUID(made)) is None
        assert session.get(Document, uuid.UUID(document_id)) is None
