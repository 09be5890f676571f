"""Mails with live workers that are killed: each attachment becomes one document, and goes once."""

from typing import Any

import pytest

from assistant.adapters.documents.media import PLAIN
from tests.live import Live, accepted
from tests.services.test_attachments import mail

pytestmark = pytest.mark.slow

FILES = [(f"note-{n:02}.txt", PLAIN, f"Note {n} is about ship {n}.".encode()) for n in range(20)]


def kill_in(live: Live, job: dict[str, Any], stage: str) -> None:
    """Kill the worker of a job as soon as it is in a stage, once."""
    seen = live.until(job, lambda now: now["progress"]["stage"] == stage or now["finished_at"])
    assert seen["progress"]["stage"] == stage, seen
    live.kill(live.process(seen["attempts"][-1]["queue"]))


def test_each_attachment_is_made_once_and_removed_once(live: Live) -> None:
    job = live.upload("notes.eml", mail(*FILES))
    kill_in(live, job, "unpacking")
    done = live.ended(job, 90)
    assert done["state"] == "succeeded", done
    assert done["attempt"] > 1
    mail_id = job["document_id"]
    children = live.get("/documents", parent_id=mail_id)
    assert sorted(child["filename"] for child in children) == [name for name, *_ in FILES]
    for child in children:
        assert live.ended({"id": child["job_id"]}, 90)["state"] == "succeeded"
    [[index_jobs]] = live.sql(
        "SELECT count(*) FROM jobs JOIN documents ON documents.id = jobs.document_id"
        " WHERE documents.parent_id = :id",
        id=mail_id,
    )
    assert index_jobs == len(FILES)
    chunks, vectors = live.vectors(mail_id)
    assert vectors == chunks + len(FILES)

    deletion = accepted(live.client.delete(f"/documents/{mail_id}"))
    kill_in(live, deletion, "documents")
    receipt = live.ended(deletion, 90)
    assert receipt["attempt"] > 1
    assert receipt["result"] == {
        **{"citations": 0, "replies": 0, "documents": 1 + len(FILES)},
        **{"chunks": vectors, "vectors_deleted": vectors, "vectors_remaining": 0},
    }
    assert live.get("/documents") == []
