"""Whether somebody who was let in still may go on."""

from assistant.services.accounts import key_cache, session_cache
from assistant.services.accounts.caller import Caller
from assistant.services.jobs import SharedRead


def recheck(caller: Caller, job: SharedRead | None = None) -> Caller:
    """Return the caller as known now; raises `InvalidCredentials` once session or key has ended."""
    if caller.key is not None:
        return key_cache.authenticate(caller.key.digest, job)
    return session_cache.authenticate(caller.user_id, caller.session_id, job)
