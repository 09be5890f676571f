"""Endpoints for following a job's events live (SSE), and for tickets that let browsers do so."""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from flask import Response, request

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.session_recheck import Presence
from assistant.api.sse_connection import Line
from assistant.errors import AssistantError, InvalidInput
from assistant.schemas.jobs import EventQuerySchema, TicketSchema
from assistant.schemas.values import INT64
from assistant.security import allow, caller, caller_id
from assistant.services import jobs
from assistant.services.accounts import tickets
from assistant.services.accounts.rechecking import recheck
from assistant.services.events.following import follow
from assistant.services.jobs.event_log import ATTEMPT, LAST, Event

blp = StrictBlueprint("events", __name__, url_prefix="/jobs", description="Background work")

# Also how often it is seen to whether a follower may still follow; see `Presence`.
HEARTBEAT_SECONDS = 10.0
# Proxies and load balancers must be able to move a follower; it comes back with its cursor.
LONGEST_SECONDS = 600.0
# One newline: after an empty line some clients take the comment for an event.
SIGN_OF_LIFE = b":\n"

LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "required": False,
    "schema": {"type": "integer", "minimum": 0, **INT64},
    "description": "The last event's id, as browsers send it; it counts before `after`.",
}


@blp.post("/<uuid:job_id>/ticket")
@allow()
@blp.response(201, TicketSchema)
def create_ticket(job_id: uuid.UUID) -> dict[str, Any]:
    """Get a ticket with which a browser's `EventSource` may follow this job, once."""
    jobs.get(caller_id(), job_id)
    return {
        "ticket": tickets.issue(caller(), job_id),
        "expires_in": tickets.TICKET_SECONDS,
    }


@blp.get("/<uuid:job_id>/events", parameters=[LAST_EVENT_ID])
@allow(ticket=True)
@blp.arguments(EventQuerySchema, location="query")
@blp.response(200, {"type": "string"}, content_type="text/event-stream")
@blp.alt_response(204, description="The last event was seen already: do not come back.")
def follow_job(query: dict[str, Any], job_id: uuid.UUID) -> Response:
    """Follow a job live, as server-sent events.

    `delta` appends to the text, `reasoning` to what was thought before it, `snapshot` replaces
    both, `done` carries the job and is the last. Come back with the last `id` as `Last-Event-ID` or
    `after` to get what was missed. Who has seen `done` and comes again with its `id` gets a 204, at
    which an `EventSource` stops; without an `id` the stream begins anew, with the whole text in one
    `snapshot`, and ends with `done`.
    """
    after = _cursor(query)
    line = Line(request.environ)
    batches = follow(caller_id(), job_id, after, HEARTBEAT_SECONDS, line)
    # The first step finds out whether there is such a job, while the answer can still be a 404.
    first = next(batches)
    if not first and after is not None and after % ATTEMPT == LAST:
        batches.close()
        return responses.no_content()
    me = caller()
    presence = Presence(lambda: recheck(me, jobs.SharedRead(job_id)))
    return line.answer(_frames(chain([first], batches), presence))


def _cursor(query: dict[str, Any]) -> int | None:
    # A client that comes back by itself repeats the address, and says in the header what it saw.
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return query.get("after")
    if not given.isdecimal() or len(given) > 16:
        raise InvalidInput(
            "Last-Event-ID is the id of an event, which is a number.", header="Last-Event-ID"
        )
    return int(given)


def _frames(batches: Iterator[list[Event]], presence: Presence[Any]) -> Iterator[bytes]:
    give_up = time.monotonic() + LONGEST_SECONDS
    # A part of the first event: alone it would be one without data, which strict readers hand out.
    retry = b"retry: 1000\n"
    # What is wrong is told to whoever comes back; this answer has begun and can only end.
    with suppress(AssistantError):
        for events in batches:
            if events:
                yield retry + b"".join(event.frame for event in events)
                retry = b""
            else:
                yield SIGN_OF_LIFE
            presence.look()
            if time.monotonic() > give_up:
                return
