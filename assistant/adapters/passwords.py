"""Passwords as argon2id, computed where they cannot starve the server."""

import os
import re
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assistant.adapters.offloading import offload
from assistant.adapters.waiting_line import WaitingLine
from assistant.errors import Overloaded, RateLimited

# OWASP's second choice for argon2id: 19 MiB, two passes, one lane. On half of the processors at
# most, and where others wait for half of the time, so that a flood of sign-ins cannot take all of
# them and all memory. Threads that are less important than others are no way: one that is set aside
# while it has Python's lock stops its whole process.
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
MOST_PLACES = 4
PLACES = max(1, min((os.cpu_count() or 1) // 2, MOST_PLACES))
SLOT_SECONDS = 5.0
LONGEST_LINE = 100
_line = WaitingLine(PLACES, LONGEST_LINE)
# More sign-ins under one name and from one address at once come from no person. Under the name
# alone, anybody could keep its owner out. They are held for a moment, since whoever sends the next
# one as soon as one is refused would only send more.
MOST_OF_ONE_NAME = 5
HELD_SECONDS = 1.0
MOST_HELD = 200
_held = 0

# Controls, invisible marks, surrogates, private and unknown characters, ends of lines.
NO_SIGNS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# The rest of what Unicode ignores by default, old Hangul, and RFC 5892's exceptions.
UNSEEN = re.compile(
    r"[\u034f\u0640\u07fa\u1100-\u11ff\u17b4\u17b5\u180b-\u180f\u302e\u302f\u3031-\u3035\u303b"
    r"\u3164\ua960-\ua97f\ud7b0-\ud7ff\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class Asker(NamedTuple):
    """Who wants a password hashed or checked, as far as that is known.

    Of those who wait, first comes whoever has asked for least under the same name from the same
    address, then under the name, and then from the address. Behind a proxy all may have one; then
    it makes no difference.
    """

    name: str | None = None
    address: str | None = None

    def counted(self) -> tuple[str | None, ...]:
        """Return under what it is counted how much they ask for, what weighs most first."""
        name, address = self
        return (
            name and f"name {name} at {address}",
            name and f"name {name}",
            address and f"address {address}",
        )


@contextmanager
def _slot(asker: Asker = Asker()) -> Iterator[None]:  # noqa: B008  # it cannot be changed
    with _line.asking(*asker.counted()) as rank:
        if rank[0] >= MOST_OF_ONE_NAME:
            _hold()
            raise RateLimited(
                "Too many sign-ins with this name at once. Try again soon.", retry_after=2
            )
        if not _line.enter(rank, SLOT_SECONDS):
            raise Overloaded("Too many passwords are being checked. Try again soon.", retry_after=2)
        began = time.monotonic()
        try:
            yield
        finally:
            _line.leave(after=time.monotonic() - began)


def _hold() -> None:
    global _held
    if _held < MOST_HELD:
        _held += 1
        try:
            time.sleep(HELD_SECONDS)
        finally:
            _held -= 1


def normalised(password: str) -> str:
    """Return the form that is compared, whatever keyboard and system a password was typed with.

    These are the mappings of OpaqueString (RFC 8265).
    """
    plain = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", plain)


def cannot_be_typed(password: str) -> list[str]:
    """Return the characters that OpaqueString takes from no new password.

    Another keyboard could leave them out without a trace, or write them in another way. What it
    allows or not by what stands beside it is allowed, but for joiners.
    """
    return [
        char
        for char in normalised(password)
        if unicodedata.category(char) in NO_SIGNS or UNSEEN.match(char)
    ]


def hash_password(password: str, asker: Asker = Asker()) -> str:  # noqa: B008
    """Return the salted hash that is kept; raises `Overloaded`."""
    with _slot(asker):
        return offload(lambda: _hasher.hash(normalised(password)))


class Verdict(NamedTuple):
    """Whether a password is right, and whether the hash should be made anew with it."""

    right: bool
    outdated: bool = False


def verify_password(kept: str, password: str, asker: Asker = Asker()) -> Verdict:  # noqa: B008
    """Return whether the password is the one that `kept` was made of.

    Raises `Overloaded`, and `RateLimited` if the asker sends too many at once.

    Older hashes were made of passwords as they were typed: composed, or as some systems take
    letters with accents apart. They are not made anew for that: processes of the release before
    know a password only as it was typed then.
    """

    def verify(form: str) -> bool:
        try:
            return _hasher.verify(kept, form)
        except (VerificationError, InvalidHashError):
            return False

    composed = normalised(password)
    forms = dict.fromkeys((composed, password, unicodedata.normalize("NFD", composed)))
    with _slot(asker):
        right = any(offload(partial(verify, form)) for form in forms)
    return Verdict(right, right and _hasher.check_needs_rehash(kept))


# Checked when the name is unknown, so that the answer takes as long as for a wrong password.
UNKNOWN_USER = _hasher.hash("no such user")
