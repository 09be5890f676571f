"""Let a request with `Prefer: wait=N` (RFC 7240) wait for the job that it started."""

import re
import uuid

from flask import Response, request

from assistant.api import responses
from assistant.errors import AssistantError
from assistant.models import Scope
from assistant.security import caller_id, demand_again, demand_scope
from assistant.services.events.long_polling import wait_for

TOKEN, QUOTED = r"[!#-'*+.0-9A-Z^-z|~-]+", r'"(?:[^"\\]|\\.)*"'
# Commas within quotation marks part nothing, and neither do semicolons.
ELEMENT = re.compile(rf'(?:[^,"]|{QUOTED})+')
PART = re.compile(rf'(?:[^;"]|{QUOTED})+')
PREFERENCE = re.compile(rf"(?P<name>{TOKEN})(?:\s*=\s*(?P<value>{TOKEN}|{QUOTED}))?")
SECONDS = re.compile(r'(?:[0-9]+|"[0-9]+")')
LONGEST_SECONDS = 60


def wait_if_preferred(response: Response) -> Response:
    """Turn a 202 into a 200 with the ended job, if the client prefers to wait and it ends."""
    seconds = seconds_in(request.headers.get("Prefer", ""))
    if seconds is None or response.status_code != 202 or not response.is_json:
        return response
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


def seconds_in(header: str) -> int | None:
    """Return how long a request prefers to wait; of what is said twice, the first counts."""
    for element in ELEMENT.findall(header):
        # What follows a semicolon are parameters, of which `wait` has none.
        whole = PART.match(element.strip())
        said = PREFERENCE.fullmatch(whole[0].strip()) if whole else None
        if said is not None and said["name"].lower() == "wait":
            given = said["value"] or ""
            is_number = SECONDS.fullmatch(given)
            # Python reads no number of any length.
            return min(int(given.strip('"')[:9]), LONGEST_SECONDS) if is_number else None
    return None
