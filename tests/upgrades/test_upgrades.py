"""What an earlier release left goes on after an upgrade, and nothing of it is lost."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select

from assistant.app import create_app
from assistant.database import SYSTEM, transaction
from assistant.models import Document, File
from tests.test_migrations import differences
from tests.upgrades.fill import PASSWORD

DUMPS = sorted(Path(__file__).parent.glob("*.sql"))
# What people have made, or were promised.
KEPT = (
    *("users", "sessions", "collections", "documents", "chunks", "embeddings"),
    *("conversations", "messages", "jobs", "job_attempts"),
)


def counts(url: str) -> dict[str, int]:
    """Count the rows of each table."""
    with psycopg2.connect(url.replace("+psycopg2", "")) as connection:
        cursor = connection.cursor()
        cursor.execute("SET assistant.owner = 'system'")
        found = {}
        for table in KEPT:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]  # type: ignore[index]
    connection.close()
    return found


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def upgraded(request: pytest.FixtureRequest, app: Flask, scratch_url: str) -> Iterator[Flask]:
    """Load what a release left, upgrade it, and make the application on it."""
    with psycopg2.connect(scratch_url.replace("+psycopg2", "")) as connection:
        connection.cursor().execute(request.param.read_text())
    connection.close()
    before = counts(scratch_url)
    known = app.extensions["settings"].model_dump()
    places = {"database_url": scratch_url, "database_admin_url": scratch_url}
    upgraded = create_app(**{**known, **places})
    with upgraded.app_context():
        upgrade()
        assert counts(scratch_url) == before
        assert differences(scratch_url) == []
        yield upgraded
    app.extensions["celery"].set_current()
    app.extensions["celery"].set_default()


class Returning:
    """Somebody who was there before the upgrade."""

    def __init__(self, app: Flask, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        form = {"username": name, "password": PASSWORD}
        signed_in = self.client.post("/api/v1/auth/token", data=form)
        assert signed_in.status_code == 200, signed_in.text
        self.headers = {"Authorization": f"Bearer {signed_in.get_json()['access_token']}"}

    def read(self, path: str) -> Any:
        """Read something that has to be there."""
        response = self.client.get(f"/api/v1{path}", headers=self.headers)
        assert response.status_code == 200, response.text
        return response.get_json()

    def send(self, method: str, path: str, **more: Any) -> Any:
        """Ask for something that has to be accepted."""
        response = self.client.open(f"/api/v1{path}", method=method, headers=self.headers, **more)
        assert response.status_code in (200, 202), response.text
        return response.get_json()


def test_people_find_what_they_had(upgraded: Flask) -> None:
    ada = Returning(upgraded, "ada")
    names = {one["filename"]: one["status"] for one in ada.read("/documents")}
    assert names == {"ferries.md": "ready", "long.txt": "ready", "broken.pdf": "failed"}
    conversations = ada.read("/conversations")
    said = [m for c in conversations for m in ada.read(f"/messages?conversation_id={c['id']}")]
    assert any(message["citations"] for message in said)
    for job in ada.read("/jobs"):
        shown = ada.read(f"/jobs/{job['id']}")
        assert shown["state"] in ("succeeded", "failed")
        assert shown["attempts"]
    kinds = {job["kind"] for job in ada.read("/jobs")}
    assert kinds == {"messages.reply", "documents.index", "documents.analyze", "documents.delete"}


def test_what_a_citation_quotes_can_be_read(upgraded: Flask) -> None:
    ada = Returning(upgraded, "ada")
    for conversation in ada.read("/conversations"):
        for message in ada.read(f"/messages?conversation_id={conversation['id']}"):
            for cited in message["citations"]:
                where = "start={start}&end={end}&generation={generation}".format(**cited)
                found = ada.read(f"/documents/{cited['document_id']}/text?{where}")
                assert found["text"] == cited["quote"]


def test_people_go_on_working(upgraded: Flask) -> None:
    robert = Returning(upgraded, "Robert")
    (document,) = robert.read("/documents")
    assert robert.send("POST", "/messages", json={"content": "Hello?"})["state"] == "queued"
    (cancelled,) = robert.read("/jobs?state=cancelled")
    assert robert.send("POST", f"/jobs/{cancelled['id']}/retry")["retry_of"] == cancelled["id"]
    deletion = robert.send("DELETE", f"/documents/{document['id']}")
    assert deletion["kind"] == "documents.delete"


def test_documents_from_before_have_files_and_are_known_again(upgraded: Flask) -> None:
    with transaction(SYSTEM) as session:
        rows = session.execute(
            select(Document.owner_id, Document.sha256, File.owner_id, File.sha256).outerjoin(File)
        ).all()
    assert rows
    assert all(row[:2] == row[2:] for row in rows)
    robert = Returning(upgraded, "Robert")
    (document,) = robert.read("/documents")
    file = (io.BytesIO(b"Bob's note is about herons."), "again.txt")
    job = robert.send("POST", "/documents", data={"file": file})
    assert job["result"] == {"document_id": document["id"], "duplicate": True}


def test_who_was_gone_stays_gone(upgraded: Flask) -> None:
    form = {"username": "eve", "password": PASSWORD}
    refused = upgraded.test_client().post("/api/v1/auth/token", data=form)
    assert refused.status_code == 401
