"""A request that is sent again under its `Idempotency-Key` does nothing again."""

import io
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from assistant.database import SYSTEM, Model, transaction, unit_of_work
from assistant.extensions import adapters
from assistant.models import IdempotencyKey
from assistant.services import idempotency, jobs
from assistant.services.conversations import asking, conversations
from assistant.services.conversations.asking import Question
from assistant.services.documents import documents
from assistant.services.idempotency import NOBODY, Answer
from tests.conftest import PASSWORD, User
from tests.factories import ask, assert_problem, change_rows, end_job, indexed, job_row
from tests.services.factories import bells

REPLAYED = "Idempotent-Replayed"
WITH_BODY = ("register", "users", "conversations", "messages", "documents", "collections")
CREATING = (*WITH_BODY, "analysis", "retry")

Send = Callable[..., TestResponse]


def keyed(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


def sender(user: User, name: str) -> Send:
    """Return a function that sends a request that creates something; `word` goes into its body."""
    stem = uuid.uuid4().hex[:8]
    path = {"register": "/auth/register"}.get(name, f"/{name}")
    if name == "analysis":
        path = f"/documents/{indexed(user)}/analysis"
    if name == "retry":
        old = ask(user)["id"]
        end_job(old)
        path = f"/jobs/{old}/retry"

    def send(key: str | None, word: str = "first") -> TestResponse:
        email = f"{word}{stem}@example.org"
        person = {"username": f"{word}{stem}", "email": email, "password": PASSWORD}
        bodies: dict[str, dict[str, Any]] = {
            "register": {"json": person},
            "users": {"json": person},
            "conversations": {"json": {"title": word, "temperature": 0.5}},
            "messages": {"json": {"content": word}},
            "documents": {"data": {"file": (io.BytesIO(word.encode()), "notes.txt")}},
            "collections": {"json": {"name": word}},
        }
        return user.post(path, headers=keyed(key), **bodies.get(name, {}))

    return send


def new_key() -> str:
    return str(uuid.uuid4())


def rows() -> dict[str, int]:
    """Count the rows of every table."""
    with transaction(SYSTEM) as session:
        return {
            table.name: session.scalar(text(f"SELECT count(*) FROM {table.name}")) or 0
            for table in Model.metadata.sorted_tables
        }


def kept(key: str) -> list[IdempotencyKey]:
    with transaction(SYSTEM) as session:
        return list(session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == key)))


def files_of(user: User) -> list[Path]:
    folder = adapters.files.path(user.id)
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("name", CREATING)
def test_a_request_sent_again_gets_the_first_answer_and_does_nothing(
    admin: User, name: str
) -> None:
    send, key = sender(admin, name), new_key()
    before = rows()
    first = send(key)
    assert first.status_code in (201, 202), first.text
    assert REPLAYED not in first.headers
    after = rows()
    assert after["idempotency_keys"] == before["idempotency_keys"] + 1
    assert after != {**before, "idempotency_keys": after["idempotency_keys"]}
    files = files_of(admin)
    for _ in range(2):
        again = send(key)
        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert again.headers.get("Location") == first.headers.get("Location")
        assert again.mimetype == "application/json"
        assert again.headers[REPLAYED] == "true"
    assert rows() == after
    assert files_of(admin) == files
    [row] = kept(key)
    assert row.owner_id == (NOBODY if name == "register" else uuid.UUID(admin.id))
    assert str(row.resource_id) == first.get_json()["id"]


def test_without_the_row_it_goes_red(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is what the test above rests on: kept under another key it fails."""
    keep = idempotency._row
    monkeypatch.setattr(
        idempotency, "_row", lambda owner, key, *rest: keep(owner, new_key(), *rest)
    )
    with pytest.raises(AssertionError):
        test_a_request_sent_again_gets_the_first_answer_and_does_nothing(admin, "messages")


@pytest.mark.parametrize("name", WITH_BODY)
def test_the_same_key_with_another_body_is_refused(admin: User, name: str) -> None:
    send, key = sender(admin, name), new_key()
    send(key)
    before = rows()
    problem = assert_problem(send(key, "second"), 422)
    assert problem["code"] == "idempotency_key_reused"
    assert "new key" in problem["detail"]
    assert rows() == before
    assert send(new_key(), "second").status_code in (201, 202)


def test_the_same_key_for_another_path_is_refused(admin: User) -> None:
    key = new_key()
    assert sender(admin, "retry")(key).status_code == 202
    for name in ("retry", "analysis", "conversations"):
        problem = assert_problem(sender(admin, name)(key), 422)
        assert problem["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("name", CREATING)
def test_a_twin_at_work_is_a_conflict(admin: User, name: str) -> None:
    send, key = sender(admin, name), new_key()
    owner = NOBODY if name == "register" else admin.id
    before = rows()
    with transaction(SYSTEM) as session:
        assert session.scalar(idempotency.LOCK, {"owner": str(owner), "key": key})
        refused = send(key)
    assert assert_problem(refused, 409)["code"] == "request_in_progress"
    assert refused.headers["Retry-After"] == "1"
    assert rows() == before
    assert send(key).status_code in (201, 202)


@pytest.mark.parametrize("name", ["messages", "documents"])
def test_of_fifty_at_once_one_has_an_effect(
    app: Flask, user: User, together: Callable[..., list[Any]], name: str
) -> None:
    send, key = sender(user, name), new_key()
    before = rows()

    def work() -> TestResponse:
        # A client of its own, as each of many real ones has.
        mine = User(app.test_client(), user.id, user.username, user.access_token, "")
        body: dict[str, Any] = {"json": {"content": "first"}}
        if name == "documents":
            body = {"data": {"file": (io.BytesIO(b"first"), "notes.txt")}}
        return mine.post(f"/{name}", headers=keyed(key), **body)

    answers = together(work, 50)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}
    assert statuses[202] >= 1
    assert len({answer.data for answer in answers if answer.status_code == 202}) == 1
    assert sum(a.status_code == 202 and REPLAYED not in a.headers for a in answers) == 1
    made = Counter(rows()) - Counter(before)
    things = {
        "documents": {"documents": 1, "files": 1},
        "messages": {"conversations": 1, "messages": 2},
    }
    assert made == {**things[name], "jobs": 1, "open_jobs": 1, "idempotency_keys": 1}
    assert len(files_of(user)) == (name == "documents")
    queue = {"documents": "indexing", "messages": "replies"}[name]
    assert len(bells(queue)) == 1
    assert send(key).headers[REPLAYED] == "true"


@pytest.mark.parametrize("name", CREATING)
def test_without_a_key_nothing_is_kept(admin: User, name: str) -> None:
    send = sender(admin, name)
    before = rows()["idempotency_keys"]
    assert send(None).status_code in (201, 202)
    assert rows()["idempotency_keys"] == before


def test_an_error_leaves_the_key_free(user: User) -> None:
    key = new_key()

    def post(path: str, body: dict[str, Any]) -> TestResponse:
        return user.post(path, json=body, headers=keyed(key))

    assert_problem(user.client.post("/api/v1/conversations", json={}, headers=keyed(key)), 401)
    assert_problem(post("/messages", {"content": ""}), 422)
    assert_problem(post("/messages", {"content": "x", "conversation_id": new_key()}), 404)
    assert_problem(post("/collections", {"name": "Documents"}), 409)
    assert_problem(user.post(f"/jobs/{new_key()}/retry", headers=keyed(key)), 404)
    assert kept(key) == []
    assert post("/collections", {"name": "Papers"}).status_code == 201


def test_a_taken_name_leaves_the_key_free(user: User) -> None:
    key = new_key()
    name = f"name{key[:8]}"
    person = {"username": user.username, "email": f"{name}@example.org", "password": PASSWORD}
    assert_problem(user.post("/auth/register", json=person, headers=keyed(key)), 409)
    person["username"] = name
    assert user.post("/auth/register", json=person, headers=keyed(key)).status_code == 201


def test_an_upload_that_is_refused_leaves_no_file(user: User) -> None:
    key, nowhere = new_key(), str(uuid.uuid4())
    for content, more in ((b"text", {"collection_id": nowhere}), (b"", {}), (b"\x00\xff", {})):
        file = {"file": (io.BytesIO(content), "notes.txt"), **more}
        assert user.post("/documents", data=file, headers=keyed(key)).status_code >= 400
    assert files_of(user) == []
    assert kept(key) == []


def test_a_large_upload_sent_again_is_the_same_only_with_name_and_content(user: User) -> None:
    # Above half a megabyte werkzeug keeps it in a file.
    content, key = b"many words " * 80_000, new_key()

    def send(name: str, data: bytes) -> TestResponse:
        return user.post("/documents", data={"file": (io.BytesIO(data), name)}, headers=keyed(key))

    first = send("a.txt", content)
    document = user.get(f"/documents/{first.get_json()['document_id']}").get_json()
    assert document["size"] == len(content)
    assert send("a.txt", content).data == first.data
    assert_problem(send("b.txt", content), 422)
    assert_problem(send("a.txt", content[:-1] + b"!"), 422)


def test_json_written_differently_is_the_same_request(user: User) -> None:
    headers = {**keyed(new_key()), "Content-Type": "application/json"}
    first = user.post("/conversations", data='{"title": "é", "max_tokens": 9}', headers=headers)
    same = '{ "max_tokens":9,\n "title":"\\u00e9" }'
    again = user.post("/conversations/", data=same, headers=headers)
    assert (again.data, again.headers[REPLAYED]) == (first.data, "true")


def test_the_answer_stays_the_first_one_when_the_job_has_ended(user: User) -> None:
    send, key = sender(user, "messages"), new_key()
    first = send(key)
    end_job(first.get_json()["id"], "succeeded")
    again = send(key)
    assert again.data == first.data
    assert again.get_json()["state"] == "queued"


def test_the_same_key_of_another_owner_is_another_key(user: User, other_user: User) -> None:
    key = new_key()
    first, second = (
        one.post("/messages", json={"content": "Hello"}, headers=keyed(key))
        for one in (user, other_user)
    )
    assert (first.status_code, second.status_code) == (202, 202)
    assert REPLAYED not in second.headers
    assert first.get_json()["id"] != second.get_json()["id"]
    assert {row.owner_id for row in kept(key)} == {uuid.UUID(user.id), uuid.UUID(other_user.id)}


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "x" * 256, "é", '"a', 'a"', '"a"b"', '""', '"\\a"']
)
def test_a_key_that_is_none_is_refused(user: User, key: str) -> None:
    problem = assert_problem(user.post("/conversations", json={}, headers=keyed(key)), 422)
    assert problem["errors"][0]["header"] == "Idempotency-Key"
    assert user.get("/conversations").get_json() == []


@pytest.mark.parametrize(("quoted", "bare"), [('"{}"', "{}"), ('"{}\\\\"', "{}\\"), ("{}", "{}")])
def test_quotation_marks_are_no_part_of_a_key(user: User, quoted: str, bare: str) -> None:
    key = new_key()
    first = user.post("/conversations", json={}, headers=keyed(quoted.format(key)))
    again = user.post("/conversations", json={}, headers=keyed(bare.format(key)))
    assert (again.data, again.headers[REPLAYED]) == (first.data, "true")


@pytest.mark.parametrize("key", ["x" * 255, '"' + "x" * 255 + '"'])
def test_the_longest_key_is_taken(user: User, key: str) -> None:
    assert user.post("/conversations", json={}, headers=keyed(key)).status_code == 201


def test_what_is_deleted_leaves_the_answers_too(user: User) -> None:
    for name in ("conversations", "collections"):
        key, other = new_key(), new_key()
        made = sender(user, name)(key).get_json()
        sender(user, name)(other, "stays")
        assert user.delete(f"/{name}/{made['id']}").status_code in (202, 204)
        assert (len(kept(key)), len(kept(other))) == (0, 1), name


def test_with_a_user_go_the_answers_to_them_and_about_them(admin: User, app: Flask) -> None:
    about, mine = new_key(), new_key()
    made = sender(admin, "users")(about).get_json()
    client = app.test_client()
    signed_in = client.post(
        "/api/v1/auth/token", data={"username": made["username"], "password": PASSWORD}
    ).get_json()
    leaving = User(client, made["id"], made["username"], signed_in["access_token"], "")
    sender(leaving, "messages")(mine)
    assert (len(kept(about)), len(kept(mine))) == (1, 1)
    deletion = leaving.delete("/users/me").get_json()
    jobs.run(deletion["id"])
    assert job_row(deletion["id"]).state == "succeeded"
    assert (kept(about), kept(mine)) == ([], [])


def test_a_deletion_of_a_user_is_tried_again_once(admin: User, make_user: Any) -> None:
    leaving, key = make_user(), new_key()
    old = admin.delete(f"/users/{leaving.id}").get_json()
    end_job(old["id"])
    first, again = (admin.post(f"/jobs/{old['id']}/retry", headers=keyed(key)) for _ in range(2))
    assert (first.status_code, first.data) == (202, again.data)
    jobs.run(first.get_json()["id"])
    assert job_row(first.get_json()["id"]).state == "succeeded"


def test_old_answers_are_forgotten_in_batches(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    idempotency.forget_old()
    monkeypatch.setattr(idempotency, "BATCH", 2)
    keys = [new_key() for _ in range(6)]
    for key in keys:
        sender(user, "conversations")(key)
    change_rows(
        "UPDATE idempotency_keys SET created_at = now() - interval '49 hours' WHERE key <> :key"
        " AND owner_id = :owner",
        key=keys[0],
        owner=user.id,
    )
    assert idempotency.forget_old() == 5
    assert [len(kept(key)) for key in keys] == [1, 0, 0, 0, 0, 0]


def answer_to(thing: Any) -> Answer:
    return Answer(201, b"{}", None, thing.id)


def test_an_accident_after_the_effect_leaves_nothing_behind(user: User) -> None:
    owner, key = uuid.UUID(user.id), new_key()
    before = rows()

    def work() -> Answer:
        asking.ask(owner, Question("Hello"))
        documents.create(owner, io.BytesIO(b"text"), "notes.txt", None)
        assert len(files_of(user)) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        idempotency.once(owner, key, b"hash", work)
    assert rows() == before
    assert files_of(user) == []
    assert (bells("replies"), bells("indexing")) == ([], [])
    answer, was_kept = idempotency.once(
        owner, key, b"hash", lambda: answer_to(asking.ask(owner, Question("Hello")))
    )
    assert not was_kept
    assert bells("replies") == [str(answer.resource_id)]


def test_a_bell_is_rung_after_the_commit_only(user: User) -> None:
    owner = uuid.UUID(user.id)

    def work() -> Answer:
        job = asking.ask(owner, Question("Hello"))
        assert bells("replies") == []
        return answer_to(job)

    answer, _ = idempotency.once(owner, new_key(), b"hash", work)
    assert bells("replies") == [str(answer.resource_id)]


def test_a_part_that_failed_unseen_takes_the_whole_with_it(user: User) -> None:
    owner = uuid.UUID(user.id)
    before = rows()

    def work() -> Answer:
        made = conversations.create(owner, title="Kept?")
        try:
            with transaction(owner) as session:
                session.execute(text("SELECT 1 / 0"))
        except Exception:
            return answer_to(made)
        raise AssertionError

    with pytest.raises(RuntimeError, match="unseen"):
        idempotency.once(owner, new_key(), b"hash", work)
    assert rows() == before


def test_a_part_acts_for_its_own_owner_and_then_the_outer_one_does_again(
    user: User, other_user: User
) -> None:
    acting = text("SELECT current_setting('assistant.owner')")
    with unit_of_work(uuid.UUID(user.id)) as outer:
        with transaction(SYSTEM) as session:
            assert session.scalar(acting) == SYSTEM
            with transaction(uuid.UUID(other_user.id)) as inner:
                assert inner.scalar(acting) == other_user.id
            assert session.scalar(acting) == SYSTEM
        assert outer.scalar(acting) == user.id


def test_another_thread_has_transactions_of_its_own(
    user: User, app: Flask, together: Callable[..., list[Any]]
) -> None:
    owner = uuid.UUID(user.id)

    def seen() -> int:
        with app.app_context():
            return len(conversations.list_(owner, conversations.Page()))

    with unit_of_work(owner):
        conversations.create(owner)
        assert len(conversations.list_(owner, conversations.Page())) == 1
        assert together(seen, 2) == [0, 0]
    assert together(seen, 2) == [1, 1]


def test_what_takes_a_key_says_so(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    taking, accepting = set(), set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            if method == "post" and "202" in operation["responses"]:
                accepting.add((method, path.removeprefix("/api/v1")))
            names = [parameter.get("name") for parameter in operation.get("parameters", [])]
            if "Idempotency-Key" in names:
                taking.add((method, path.removeprefix("/api/v1")))
                for status, name in (("409", "CONFLICT"), ("422", "UNPROCESSABLE")):
                    assert name in operation["responses"][status]["$ref"]
    places = ("/auth/register", "/users", "/conversations", "/messages", "/documents")
    more = ("/documents/{document_id}/analysis", "/collections", "/jobs/{job_id}/retry")
    beside = ("/messages/{message_id}/edit", "/messages/{message_id}/regenerate")
    of_documents = ("/documents/text", "/documents/url", "/documents/{document_id}/reindex")
    evaluations = ("/evaluations", "/admin/jobs/{job_id}/retry")
    assert taking == {
        ("post", path) for path in (*places, *more, *beside, *of_documents, *evaluations)
    }
    assert accepting <= taking


def test_a_browser_may_read_that_an_answer_is_an_old_one(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(allowed_origins="https://ours.example").test_client()
    headers = {**user.headers, **keyed(new_key()), "Origin": "https://ours.example"}
    for replayed in (None, "true"):
        response = client.post("/api/v1/conversations", json={}, headers=headers)
        assert response.headers.get(REPLAYED) == replayed
        assert REPLAYED in response.headers["Access-Control-Expose-Headers"]


def test_a_key_may_be_used_again_for_another_upload_once_forgotten(user: User) -> None:
    key = new_key()
    first = sender(user, "documents")(key).get_json()
    change_rows("UPDATE idempotency_keys SET created_at = now() - interval '49 hours'")
    idempotency.forget_old()
    second = sender(user, "documents")(key, "second").get_json()
    assert first["document_id"] != second["document_id"]
