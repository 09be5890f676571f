"""Tickets: a browser's `EventSource` can send no header, so it shows one of these, once."""

import hashlib
import json
import secrets
import uuid

from assistant.errors import InvalidCredentials, Unavailable
from assistant.extensions import cache
from assistant.services.accounts import key_cache, session_cache
from assistant.services.accounts.caller import Caller

TICKET_SECONDS = 60


def issue(caller: Caller, job_id: uuid.UUID) -> str:
    """Return a ticket that lets its bearer follow one job, once, within a minute."""
    ticket = secrets.token_urlsafe(32)
    about = {"user": str(caller.user_id), "session": str(caller.session_id), "job": str(job_id)}
    if caller.key is not None:
        about["key"] = caller.key.digest.hex()
    kept = json.dumps(about)
    if not cache.ask(lambda client: client.set(_key(ticket), kept, ex=TICKET_SECONDS)):
        raise Unavailable("Tickets cannot be given out at the moment. Try again.", retry_after=2)
    return ticket


def redeem(ticket: str, job_id: uuid.UUID) -> Caller:
    """Return whose ticket this is, and let it be worthless; raises `InvalidCredentials`.

    Raises `Unavailable` while Redis, which alone knows, does not answer.
    """
    found = cache.ask(lambda client: [client.getdel(_key(ticket))])
    if found is None:
        raise Unavailable("Tickets cannot be looked at now. Try again.", retry_after=2)
    about = json.loads(found[0]) if found[0] else {}
    if about.get("job") != str(job_id):
        raise InvalidCredentials("The ticket is not valid any more. Ask for a new one.")
    if "key" in about:
        return key_cache.authenticate(bytes.fromhex(about["key"]))
    return session_cache.authenticate(uuid.UUID(about["user"]), uuid.UUID(about["session"]))


def _key(ticket: str) -> str:
    # Whoever can read Redis cannot use what is there.
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
