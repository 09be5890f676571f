"""Nobody reads or changes what is not theirs: by every endpoint, and by PostgreSQL itself."""

import io
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import ForeignKeyConstraint, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, Model, db, transaction
from assistant.models import (
    Collection,
    CollectionIndex,
    IndexState,
    PreparedDocument,
    Purpose,
    ScannedPage,
)
from assistant.security import check_endpoints
from assistant.services import jobs
from assistant.services.accounts import one_time, throttle
from tests.adapters.pdfs import build, shown
from tests.conftest import User
from tests.factories import ask, assert_problem, job_row, upload
from tests.services.factories import sql

PUBLIC = {
    *("auth.register", "auth.create_token", "auth.refresh"),
    *("auth.get_auth_options", "auth.set_forgotten_password"),
    *("health.root", "health.health", "health.live", "health.ready"),
    *("sockets.open_socket", "sockets.open_socket_of"),
    *("console.page", "console.file"),
    *("pages.asset", "pages.favicon", "api-docs.openapi_json", "api-docs.openapi_swagger_ui"),
}
# What else is allowed to whom. A new endpoint has to be written down here.
SIGNED_IN = {
    *("auth.logout", "users.change_me", "users.delete_me"),
    *("sessions.end_session", "sessions.end_all_sessions"),
}
SIGNED_IN_ADMIN = {
    *("users.create_password_link", "users.create_user", "invitations.create_invitation"),
}
READING = {
    *("auth.me", "users.get_me", "models.list_models", "search.search_documents"),
    *("api_keys.get_api_key", "api_keys.list_api_keys"),
    *("collections.get_collection", "collections.list_collections"),
    *("conversations.get_conversation", "conversations.list_branches"),
    *("conversations.list_conversations", "messages.get_message", "messages.list_messages"),
    *("document_pages.get_image", "document_pages.get_page", "documents.get_content"),
    *("documents.get_document", "documents.get_text", "documents.list_documents"),
    *("evaluations.get_evaluation", "evaluations.get_evaluation_plot"),
    *("evaluations.list_evaluations", "events.create_ticket", "events.follow_job"),
    *("jobs.get_job", "jobs.list_jobs", "sessions.list_sessions", "usage.get_usage"),
    *("openai.list_models", "openai.get_model", "mcp.handle"),
    *("openai.get_response", "openai.list_input_items", "openai.count_input_tokens"),
    *("openai.get_item_conversation", "openai.list_conversation_items"),
    "openai.get_conversation_item",
    *("openai.list_files", "openai.get_file", "openai.get_file_content"),
    *("openai.list_vector_stores", "openai.get_vector_store", "openai.search_vector_store"),
    *("openai.list_store_files", "openai.get_store_file", "openai.get_store_file_content"),
    *("openai.get_file_batch", "openai.list_batch_files"),
}
WRITING = {
    *("openai.create_chat_completion", "openai.create_completion", "openai.create_embeddings"),
    *("api_keys.create_api_key", "api_keys.revoke_api_key", "collections.change_collection"),
    *("collections.create_collection", "collections.delete_collection"),
    *("conversations.change_conversation", "conversations.create_conversation"),
    *("conversations.delete_conversation", "conversations.replace_conversation"),
    *("documents.analyze_document", "documents.change_document", "documents.create_document"),
    *("documents.delete_document", "documents.fetch_document", "documents.paste_document"),
    *("documents.reindex_document", "documents.replace_document"),
    *("evaluations.create_evaluation", "evaluations.delete_evaluation"),
    *("jobs.cancel_job", "jobs.retry_job", "messages.create_message"),
    *("messages.edit_message", "messages.regenerate_message"),
    *("openai.create_response", "openai.cancel_response", "openai.delete_response"),
    *("openai.create_item_conversation", "openai.change_item_conversation"),
    *("openai.delete_item_conversation", "openai.add_conversation_items"),
    "openai.delete_conversation_item",
    *("openai.create_file", "openai.delete_file", "openai.create_vector_store"),
    *("openai.change_vector_store", "openai.delete_vector_store", "openai.create_store_file"),
    *("openai.change_store_file", "openai.delete_store_file"),
    *("openai.create_file_batch", "openai.cancel_file_batch"),
}
ADMINISTERING = {
    *("users.list_users", "users.get_user"),
    *("users.change_user", "users.delete_user", "audit.list_audit_events"),
    *("invitations.list_invitations", "invitations.withdraw_invitation"),
    *("admin.list_all_jobs", "admin.get_any_job", "admin.cancel_any_job", "admin.retry_any_job"),
    *("admin.get_statistics", "admin.list_usage", "admin.get_limits"),
}
OWNED = {
    table.name: "id" if table.name == "users" else "owner_id"
    for table in Model.metadata.sorted_tables
    if table.name == "users" or "owner_id" in table.columns
}


def calls(app: Flask, value: str) -> list[tuple[str, str, str]]:
    """Return endpoint, method and path of all that the application answers."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            path = rule.rule
            path = path.replace("<int:number>", "1")
            path = re.sub(r"<(uuid:|path:)?\w+>", value, path)
            assert "<" not in path, path
            found += [
                (rule.endpoint, method, path)
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            ]
    return found


def test_every_endpoint_but_a_few_wants_a_credential(app: Flask) -> None:
    client = app.test_client()
    open_ones = set()
    for endpoint, method, path in calls(app, str(uuid.uuid4())):
        response = client.open(path, method=method)
        if endpoint in PUBLIC:
            open_ones.add(endpoint)
            assert response.status_code != 401, endpoint
        else:
            assert_problem(response, 401)
            assert response.headers["WWW-Authenticate"].startswith("Bearer"), endpoint
    assert open_ones == PUBLIC


def test_a_head_request_wants_a_credential_too(client: Any) -> None:
    assert client.head("/api/v1/jobs").status_code == 401


def test_an_application_with_an_undeclared_endpoint_does_not_start() -> None:
    app = Flask("bare", static_folder=None)
    check_endpoints(app)
    app.add_url_rule("/backdoor", "backdoor", lambda: "come in")
    with pytest.raises(RuntimeError, match="backdoor"):
        check_endpoints(app)


@pytest.mark.parametrize("scope", ["read", "write", "admin"])
def test_a_key_reaches_what_its_scope_names_and_nothing_else(
    app: Flask, admin: User, scope: str
) -> None:
    body = {"name": "x", "scopes": [scope]}
    admin.headers["Authorization"] = (
        f"Bearer {admin.post('/api-keys', json=body).get_json()['key']}"
    )
    reached, for_people = set(), set()
    for endpoint, method, path in calls(app, str(uuid.uuid4())):
        if endpoint in PUBLIC:
            continue
        response = admin.client.open(path, method=method, headers=admin.headers)
        assert response.status_code != 401, endpoint
        problem = response.get_json() if response.status_code == 403 else {}
        code = problem.get("error", problem).get("code")
        if code == "insufficient_scope":
            continue
        if code == "permission_denied":
            for_people.add(endpoint)
        else:
            reached.add(endpoint)
    assert reached == {"read": READING, "write": WRITING, "admin": ADMINISTERING}[scope]
    expected = {"read": set(), "write": SIGNED_IN, "admin": SIGNED_IN_ADMIN}
    assert for_people == expected[scope]


def keep_scan(owner_id: uuid.UUID, document_id: uuid.UUID) -> None:
    """Keep a page of a scan, as a job does that is not through."""
    page = {"reader": "-", "width": 1.0, "height": 1.0, "text": "My secret.", "words": b""}
    with transaction(owner_id) as session:
        session.add(
            ScannedPage(
                document_id=document_id,
                storage_key="-",
                number=1,
                owner_id=owner_id,
                confidence=1.0,
                **page,
            )
        )


@pytest.fixture
def things(user: User) -> dict[str, str]:
    """Make one of everything that has an id, and index the document."""
    asked = ask(user, "[[script:answer echo]] My secret.")
    uploaded = upload(user, build(shown(60, 700, "My secret.")), "secret.pdf")
    jobs.run(asked["id"])
    jobs.run(uploaded["id"])
    document = user.get(f"/documents/{uploaded['document_id']}").get_json()
    keep_scan(uuid.UUID(user.id), uuid.UUID(document["id"]))
    assert document["status"] == "ready"
    prepare(uuid.UUID(user.id), document)
    keep_of_sign_in(uuid.UUID(user.id))
    user.post("/collections", json={"name": "My secret."}, headers={"Idempotency-Key": "secret"})
    key = user.post("/api-keys", json={"name": "My secret.", "scopes": ["read"]}).get_json()
    batch_files(user)
    # One that is still open.
    ask(user, "Another secret.")
    return {
        "job_id": asked["id"],
        "conversation_id": asked["conversation_id"],
        "message_id": asked["message_id"],
        "document_id": document["id"],
        "collection_id": document["collection_id"],
        "evaluation_id": evaluated(user),
        "key_id": key["id"],
        "session_id": user.get("/sessions").get_json()[0]["id"],
        **answered(user),
    }


def answered(user: User) -> dict[str, str]:
    """Let a model answer as OpenAI's clients ask it, in a conversation of theirs."""
    item = {"role": "user", "content": "My secret."}
    talk: str = user.openai("POST", "/conversations", json={"items": [item]}).get_json()["id"]
    body = {"input": "My secret?", "conversation": talk, "background": True}
    made: str = user.openai("POST", "/responses", json=body).get_json()["id"]
    jobs.run(made.removeprefix("resp_"))
    assert user.openai("GET", f"/responses/{made}").get_json()["status"] == "completed"
    return {"response_id": made, "item_conversation_id": talk}


def batch_files(user: User) -> None:
    """Upload a file and attach it to a store, in a batch."""
    form = {"file": (io.BytesIO(b"My secret."), "secret.txt"), "purpose": "assistants"}
    file_id = user.openai("POST", "/files", data=form).get_json()["id"]
    store = user.openai("POST", "/vector_stores", json={"name": "My secret."}).get_json()
    path = f"/vector_stores/{store['id']}/file_batches"
    assert user.openai("POST", path, json={"file_ids": [file_id]}).status_code == 200


def keep_of_sign_in(owner_id: uuid.UUID) -> None:
    """Keep whence somebody signed in, and a link for a new password."""
    with transaction(owner_id) as session:
        throttle.remember(session, owner_id, "192.0.2.1")
        one_time.issue(session, Purpose.PASSWORD, owner_id, timedelta(hours=1))


def evaluated(user: User) -> str:
    """Ask a set of questions, and return the evaluation's id."""
    body = {"questions": [{"question": "My secret?"}], "name": "My secret."}
    accepted: str = user.post("/evaluations", json=body).get_json()["id"]
    jobs.run(accepted)
    return accepted


def prepare(owner_id: uuid.UUID, document: dict[str, Any]) -> None:
    """Keep that a document waits for an index that is being built."""
    index = CollectionIndex(
        id=uuid.uuid4(),
        owner_id=owner_id,
        collection_id=uuid.UUID(document["collection_id"]),
        encoder="another",
        version=2,
        state=IndexState.BUILDING,
    )
    prepared = PreparedDocument(
        index_id=index.id,
        document_id=uuid.UUID(document["id"]),
        owner_id=owner_id,
        base_generation=1,
        generation=2,
    )
    with transaction(owner_id) as session:
        session.add(index)
        session.flush()
        session.add(prepared)


def test_what_belongs_to_another_is_not_found_by_any_endpoint(
    app: Flask, user: User, other_user: User, things: dict[str, str]
) -> None:
    tried = set()
    for rule in app.url_map.iter_rules():
        for name in rule.arguments & set(things):
            path = re.sub(f"<(uuid:)?{name}>", things[name], rule.rule)
            path = path.replace("<int:number>", "1").replace("<item_id>", "msg_0")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                sent: dict[str, Any] = {
                    "documents.replace_document": {
                        "data": {"file": (io.BytesIO(b"text"), "a.txt")}
                    },
                    "messages.edit_message": {"json": {"content": "x"}},
                }.get(rule.endpoint, {"json": {}} if method in ("PATCH", "PUT") else {})
                headers = other_user.headers
                response = other_user.client.open(path, method=method, headers=headers, **sent)
                # For administrators there are all of them.
                expected = 403 if rule.endpoint in ADMINISTERING else 404
                body = assert_problem(response, expected)
                assert "secret" not in str(body)
                tried.add((method, rule.endpoint))
    assert len(tried) >= 33
    # And its owner still has it all.
    paths = ("jobs/{job_id}", "conversations/{conversation_id}", "documents/{document_id}")
    for path in (*paths, "collections/{collection_id}", "evaluations/{evaluation_id}"):
        response = user.get("/" + path.format(**things))
        assert response.status_code == 200
        assert "deleting" not in response.text
    for path in ("responses/{response_id}", "conversations/{item_conversation_id}"):
        assert user.openai("GET", "/" + path.format(**things)).status_code == 200
    assert job_row(things["job_id"]).cancel_requested_at is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/messages", {"content": "x", "conversation_id": "{conversation_id}"}),
        ("POST", "/messages", {"content": "x", "document_ids": ["{document_id}"]}),
        ("POST", "/messages", {"content": "x", "collection_ids": ["{collection_id}"]}),
        ("POST", "/search", {"query": "secret", "document_ids": ["{document_id}"]}),
        ("POST", "/search", {"query": "secret", "collection_ids": ["{collection_id}"]}),
        ("GET", "/messages?conversation_id={conversation_id}", None),
        ("GET", "/conversations?after={conversation_id}", None),
        ("GET", "/documents?collection_id={collection_id}", None),
        (
            "POST",
            "/evaluations",
            {"csv": "question\nMy secret?\n", "document_ids": ["{document_id}"]},
        ),
    ],
)
def test_what_belongs_to_another_cannot_be_named(
    other_user: User, things: dict[str, str], method: str, path: str, body: dict[str, Any] | None
) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        return value.format(**things)

    sent = {"json": {name: filled(value) for name, value in body.items()}} if body else {}
    assert_problem(other_user._call(method, filled(path), **sent), 404)
    assert other_user.get("/conversations").get_json() == []


def test_what_is_for_administrators_is_refused_by_every_endpoint(app: Flask, user: User) -> None:
    refused = set()
    for endpoint, method, path in calls(app, user.id):
        access = getattr(app.view_functions[endpoint], "access", None)
        if access is None or access.role is None:
            continue
        assert_problem(user._call(method, path.removeprefix("/api/v1")), 403)
        refused.add(endpoint)
    assert refused == ADMINISTERING | SIGNED_IN_ADMIN
    assert user.get("/users/me").status_code == 200


def test_an_upload_into_the_collection_of_another_is_not_found(
    other_user: User, things: dict[str, str]
) -> None:
    refused = other_user.upload("a.txt", b"x", collection_id=things["collection_id"])
    assert_problem(refused, 404)


def test_lists_show_own_things_only(other_user: User, things: dict[str, str]) -> None:
    lists = ("/jobs", "/documents", "/conversations", "/conversations?q=secret", "/evaluations")
    for path in lists:
        assert other_user.get(path).get_json() == []
    (collection,) = other_user.get("/collections").get_json()
    assert collection["id"] != things["collection_id"]


def test_the_tables_that_have_owners_are_the_ones_expected() -> None:
    tables = {table.name for table in Model.metadata.sorted_tables}
    assert tables - set(OWNED) == {
        *("audit_events", "heartbeats", "installation", "open_job_counts", "sign_in_counts"),
        *("model_providers", "worker_slots"),
    }


# By these a row goes along with another; that it is of the same owner, another key says.
BESIDE = {"fk_document_pages_document_id_document_texts", "fk_lexical_texts_document_id_chunks"}


def references() -> list[ForeignKeyConstraint]:
    """Return the keys by which rows that have an owner name other rows that have one."""
    keys = [key for table in Model.metadata.sorted_tables for key in table.foreign_key_constraints]
    return [key for key in keys if key.referred_table.name != "users" and key.name not in BESIDE]


def test_foreign_keys_name_the_owner_and_hold_for_all_rows(app: Flask) -> None:
    assert len(references()) == 24
    for key in references():
        named = {part.parent.name: part.column.name for part in key.elements}
        assert named.pop("owner_id") == "owner_id", key.name
        assert len(named) == 1, key.name
    bound = {key.table.name for key in references()}
    for table in BESIDE:
        assert any(table.startswith(f"fk_{name}_") for name in bound)
    assert sql("SELECT conname FROM pg_constraint WHERE NOT convalidated") == []


@pytest.mark.parametrize("table", sorted({key.table.name for key in references()}))
def test_a_row_of_another_owner_cannot_be_referred_to(
    user: User, other_user: User, things: dict[str, str], table: str
) -> None:
    handed = f"UPDATE {table} SET owner_id = :other WHERE owner_id = :owner"
    bound = {key.name for key in references() if table in (key.table.name, key.referred_table.name)}
    with pytest.raises(IntegrityError) as caught:
        sql(handed, other=other_user.id, owner=user.id)
    assert caught.value.orig.diag.constraint_name in bound  # type: ignore[union-attr]


@pytest.mark.parametrize("table", OWNED)
def test_a_forgotten_filter_shows_own_rows_only(
    user: User, other_user: User, things: dict[str, str], table: str
) -> None:
    column = OWNED[table]
    query = text(f"SELECT {column} FROM {table}")
    with transaction(SYSTEM) as session:
        assert session.scalars(query).all().count(uuid.UUID(user.id)) > 0
    with transaction(uuid.UUID(user.id)) as session:
        assert set(session.scalars(query)) == {uuid.UUID(user.id)}
    with transaction(uuid.UUID(other_user.id)) as session:
        assert set(session.scalars(query)) <= {uuid.UUID(other_user.id)}


@pytest.mark.parametrize("table", OWNED)
def test_who_acts_for_nobody_sees_and_changes_nothing(things: dict[str, str], table: str) -> None:
    with Session(db.engine) as session:
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        assert session.execute(text(f"DELETE FROM {table}")).rowcount == 0  # type: ignore[attr-defined]
        session.rollback()


def test_what_is_counted_of_sign_ins_is_for_the_system_alone(user: User) -> None:
    sign_in = {"username": user.username, "password": "not this one"}
    assert_problem(user.client.post("/api/v1/auth/token", data=sign_in), 401)
    for owner, count in ((uuid.UUID(user.id), 0), (SYSTEM, 1)):
        with transaction(owner) as session:
            assert session.scalar(text("SELECT count(*) FROM sign_in_counts")) == count


def test_the_owner_of_a_transaction_ends_with_it(user: User) -> None:
    with transaction(uuid.UUID(user.id)) as session:
        connection = session.connection().connection.dbapi_connection
    with Session(db.engine) as session:
        # The same pooled connection, or the test says nothing.
        assert session.connection().connection.dbapi_connection is connection
        assert session.scalar(select(func.current_setting("assistant.owner", True))) == ""


def test_a_row_for_another_owner_is_refused(user: User, other_user: User) -> None:
    def add() -> None:
        with transaction(uuid.UUID(user.id)) as session:
            session.add(
                Collection(
                    owner_id=uuid.UUID(other_user.id),
                    name="A present",
                    embedding_model="m",
                    chunk_size=1,
                    chunk_overlap=0,
                )
            )

    with pytest.raises(ProgrammingError, match="row-level security"):
        add()


def test_a_row_cannot_be_given_away(user: User, other_user: User) -> None:
    def give() -> None:
        with transaction(uuid.UUID(user.id)) as session:
            session.execute(
                text("UPDATE collections SET owner_id = :other"), {"other": other_user.id}
            )

    with pytest.raises(DBAPIError, match="row-level security"):
        give()


def test_every_owned_table_is_walled_off_for_its_owner_too(app: Flask) -> None:
    query = text("""
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS walled,
               array_agg(p.cmd || ' ' || p.qual || ' ' || p.with_check) AS policies
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        LEFT JOIN pg_policies p ON p.tablename = c.relname AND p.schemaname = 'public'
        WHERE c.relkind IN ('r', 'p')
          AND (c.relname = 'users' OR EXISTS (
               SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'owner_id'))
        GROUP BY c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity""")
    with transaction(SYSTEM) as session:
        rows = {row.relname: row for row in session.execute(query)}
    assert rows.keys() == OWNED.keys()
    for name, row in rows.items():
        assert row.walled, name
        (policy,) = row.policies
        assert policy.startswith("ALL ")
        # Once for what is seen, once for what is written.
        assert policy.count(f"assistant.owner'::text, true) = ({OWNED[name]})::text") == 2


def test_the_application_connects_as_an_ordinary_role(app: Flask) -> None:
    query = text("""
        SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles
        WHERE rolname = current_user""")
    with transaction(SYSTEM) as session:
        assert session.scalar(query) is False
