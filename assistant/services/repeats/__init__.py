"""Requests that a client's library sends again by itself: for two minutes the first answer counts.

The library says that it does so, and sends no key. What was answered is kept beside the answers
under idempotency keys, in PostgreSQL. Work that waits for others is kept before it has an answer,
and shown to be alive, so that what was begun by a process that died is done again.
"""

from assistant.services.repeats.calls import Call, keep, kept, once, once_waiting

__all__ = ["Call", "keep", "kept", "once", "once_waiting"]
