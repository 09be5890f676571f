"""Why Redis does not do what it is asked: it is away, or it says no, and then to what."""

from dataclasses import dataclass

import redis


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Redis does, as the rest of a sentence, and what the operator can do about it."""

    what: str
    advice: str


AWAY = Refusal("does not answer", "Start it, or correct REDIS_URL.")
PASSWORD = Refusal(
    "refuses the password",
    "Correct the password in REDIS_URL, and the name before it if there is one.",
)
NO_PASSWORD = Refusal(
    "asks for a password", "Put it into REDIS_URL: redis://:password@host:6379/0."
)
DATABASE = Refusal(
    "does not have this database", "Correct the number at the end of REDIS_URL; most have 0 to 15."
)
RIGHTS = Refusal(
    "does not let this user do that",
    "Give the user of REDIS_URL the rights (ACL SETUSER NAME ~* &* +@all), or take another one.",
)
FULL = Refusal(
    "has no memory left", "Raise its maxmemory, or see what fills it; jobs are kept meanwhile."
)
READ_ONLY = Refusal("takes no writes", "Let REDIS_URL lead to the primary, and not to a replica.")
DISK = Refusal("cannot write to its disk", "Make room on the disk of Redis; it then goes on.")
LOADING = Refusal("is still reading its data", "Wait until it has.")
OTHER = Refusal("refuses us", "Look at its log.")

# How the answers begin, or what the client makes of them.
_BY_WORDS = (
    ("WRONGPASS", PASSWORD),
    ("invalid username-password", PASSWORD),
    ("invalid password", PASSWORD),
    ("without any password configured", PASSWORD),
    ("NOAUTH", NO_PASSWORD),
    ("Authentication required", NO_PASSWORD),
    ("client already authenticated", NO_PASSWORD),
    ("DB index is out of range", DATABASE),
    ("Invalid Database", DATABASE),
    ("NOPERM", RIGHTS),
    ("no permissions", RIGHTS),
    ("OOM", FULL),
    ("command not allowed when used memory", FULL),
    ("READONLY", READ_ONLY),
    ("You can't write against a read only replica", READ_ONLY),
    ("MISCONF", DISK),
    ("LOADING", LOADING),
    ("loading the dataset", LOADING),
)
_SAYS_NO = (redis.ResponseError, redis.AuthenticationError, redis.BusyLoadingError)


def refusal_of(error: Exception) -> Refusal:
    """Return what an error of the client means."""
    said = str(error)
    for words, refusal in _BY_WORDS:
        if words in said:
            return refusal
    return OTHER if isinstance(error, _SAYS_NO) else AWAY
