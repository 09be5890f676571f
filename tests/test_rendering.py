"""What is rendered quickly is what the documented schema dumps."""

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from marshmallow import Schema, fields

from assistant.models import Attempt, Job, Message
from assistant.schemas.conversations import CitationSchema, MessageSchema
from assistant.schemas.jobs import AttemptSchema, JobSchema
from assistant.schemas.rendering import renderer
from assistant.schemas.search import HitSchema
from assistant.services.generation.evidence import Citation
from assistant.services.retrieval.retrieval import Hit

ID = uuid.UUID("01990000-0000-7000-8000-000000000000")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
REASON = {"code": "busy", "title": "Busy", "detail": "Try again."}
CITATION = Citation(
    1, ID, 2, "a.pdf", None, 3, 9, "Ferries leave.", ["Ferry"], ocr=False, confidence=None
)

THINGS: list[tuple[Schema, Any]] = [
    (CitationSchema(), CITATION),
    (
        HitSchema(),
        Hit(ID, 1, 0, "a.pdf", 3, 0, 7, "Ferries", 0.123456),
    ),
    (
        AttemptSchema(),
        Attempt(job_id=ID, attempt=1, queue="replies", started_at=NOW, outcome=None, reason=REASON),
    ),
    (
        MessageSchema(),
        Message(
            id=ID,
            conversation_id=ID,
            role="assistant",
            status="succeeded",
            content="Yes.",
            citations=[{**CITATION._asdict(), "document_id": str(ID)}],
            support=[{"start": 0, "end": 4, "supported": None, "citations": [1]}],
            prompt_tokens=1,
            completion_tokens=2,
            created_at=NOW,
        ),
    ),
    (
        JobSchema(exclude=("result", "attempts", "queue_position", "blocker", "waiting_because")),
        Job(
            id=ID,
            kind="messages.reply",
            state="running",
            attempt=1,
            progress_stage="generating",
            progress_done=1,
            conversation_id=ID,
            created_at=NOW,
            started_at=NOW,
            error=REASON,
            timings={"queued": 0.5},
        ),
    ),
]


@pytest.mark.parametrize(
    ("schema", "thing"), THINGS, ids=lambda value: type(value).__name__.removesuffix("Schema")
)
def test_it_is_what_the_schema_dumps(schema: Schema, thing: Any) -> None:
    rendered = renderer(schema)(thing)
    # What is null in the one may be missing in the other.
    dumped = {**dict.fromkeys(rendered), **json.loads(schema.dumps(thing))}
    assert json.loads(json.dumps(rendered)) == dumped


def test_moments_are_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=2)))
    render = renderer(Schema.from_dict({"at": fields.DateTime()})())
    assert render({"at": there}) == {"at": "2026-01-02T03:04:05.000678+00:00"}


def test_what_is_left_out_is_null() -> None:
    render = renderer(Schema.from_dict({"a": fields.String(), "b": fields.String()})(), ["b"])
    assert render({"a": "x", "b": "y"}) == {"a": "x", "b": None}
