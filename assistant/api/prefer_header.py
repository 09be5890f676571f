"""Let a request with `Prefer: wait=N` (RFC 7240) wait for the job that it started."""

import re
import uuid

from flask import Response, request

from assistant.api import responses
from assistant.errors import AssistantError
from assistant.models import Scope
from assistant.security import caller_id, demand_again, demand_scope
from assistant.services.events.long_polling import wait_for

WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})", re.IGNORECASE)
LONGEST_SECONDS = 60


def wait_if_preferred(response: Response) -> Response:
    """Turn a 202 into a 200 with the ended job, if the client prefers to wait and it ends."""
    wanted = WAIT.search(request.headers.get("Prefer", ""))
    if wanted is None or response.status_code != 202 or not response.is_json:
        return response
    seconds = min(int(wanted[1]), LONGEST_SECONDS)
    try:
        # Who may not read the job would wait for nothing.
        demand_scope(Scope.READ)
        job_id = uuid.UUID(response.get_json()["id"])
        shown = wait_for(caller_id(), job_id, seconds, just_accepted=True)
        demand_again(job_id)
    except AssistantError:
        # It was accepted, and that is what counts.
        return response
    waited = responses.ready_json(shown.body, 200 if shown.ended else 202)
    for name in ("Location", "Idempotent-Replayed"):
        if name in response.headers:
            waited.headers[name] = response.headers[name]
    waited.headers["Preference-Applied"] = f"wait={seconds}"
    return waited
