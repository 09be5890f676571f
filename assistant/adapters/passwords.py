"""Passwords as argon2id, computed where they cannot starve the server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assistant.adapters.offloading import offload
from assistant.errors import Overloaded

# OWASP's second choice for argon2id: 19 MiB, two passes, one lane. At most two are computed at
# once, so that a flood of sign-ins cannot take both cores and all memory.
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_slots = threading.BoundedSemaphore(2)
SLOT_SECONDS = 5.0


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=SLOT_SECONDS):
        raise Overloaded("Too many passwords are being checked. Try again soon.", retry_after=2)
    try:
        yield
    finally:
        _slots.release()


def hash_password(password: str) -> str:
    """Return the salted hash that is kept; raises `Overloaded`."""
    with _slot():
        return offload(lambda: _hasher.hash(password))


def verify_password(kept: str, password: str) -> bool:
    """Return whether the password is the one that `kept` was made of; raises `Overloaded`."""

    def verify() -> bool:
        try:
            return _hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    with _slot():
        return offload(verify)


def is_outdated(kept: str) -> bool:
    """Return whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


# Checked when the name is unknown, so that the answer takes as long as for a wrong password.
UNKNOWN_USER = _hasher.hash("no such user")
