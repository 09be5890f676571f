"""Why PostgreSQL did not do what it was asked, in words and with a code.

A server that answers 'no' is not away: whoever looks for the fault in the network finds nothing.
"""

import re
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from assistant.errors import InsufficientStorage, Unavailable

UNKNOWN = "Nothing is known to have been accepted; try again."
REFUSED = "Nothing was accepted; try again later."


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the database cannot be used: `brief` follows its name, `advice` is for operators."""

    code: str
    brief: str
    advice: str = ""
    seconds: float = 10.0
    refused: bool = True

    def error(self) -> Unavailable:
        """Return what a request is answered with, and a job waits for."""
        kind = InsufficientStorage if self.code == FULL.code else Unavailable
        detail = f"The database {self.brief}. {REFUSED if self.refused else UNKNOWN}"
        return kind(detail, retry_after=self.seconds, code=self.code, refused=self.refused)


AWAY = Cause("unavailable", "does not answer", seconds=2, refused=False)
FULL = Cause(
    "database_disk_full",
    "has no room left on its disk",
    "Make room on the disk of PostgreSQL's data and of its write-ahead log; it goes on by itself.",
    60,
)
NO_CONNECTIONS = Cause(
    "too_many_connections",
    "takes no more connections",
    "Raise max_connections, or lower DB_POOL_SIZE and DB_MAX_OVERFLOW, whose sum each process may "
    "open; pg_stat_activity says who has them.",
    5,
)
POOL_EMPTY = Cause(
    "no_connection_free",
    "is asked for more at once by this process than it may have connections",
    "Raise DB_POOL_SIZE or DB_MAX_OVERFLOW, or look for statements that take long.",
    2,
)
READ_ONLY = Cause(
    "database_read_only",
    "takes no changes, since it is read-only",
    "See whether DATABASE_URL leads to a standby, and whether default_transaction_read_only is on.",
    30,
)
FORBIDDEN = Cause(
    "database_forbids",
    "does not let the application's role do that",
    "Let the migration grant what is missing: flask db upgrade",
    60,
)
NO_MEMORY = Cause(
    "database_out_of_memory",
    "has no memory left",
    "Give the server more memory, or lower work_mem and max_connections.",
)
SLOW = Cause("database_slow", "did not come to an end with that in time", seconds=5, refused=False)
STARTING = Cause("database_starting", "is starting, recovering or stopping", seconds=5)
REFUSES = Cause(
    "database_refuses",
    "refuses the application's connection",
    "Correct the role, the password or the name of the database in DATABASE_URL.",
    30,
)
NO_DESCRIPTORS = Cause(
    "too_many_open_files",
    "cannot be reached, since this process may open no more files",
    "Raise the limit of open files of this process (ulimit -n, or LimitNOFILE).",
)

_BY_STATE = {
    "53100": FULL,
    "53200": NO_MEMORY,
    "53300": NO_CONNECTIONS,
    "25006": READ_ONLY,
    "57014": SLOW,
    "55P03": SLOW,
    "57P03": STARTING,
}
# Who is refused a connection is told without a state, which libpq keeps to itself.
_BY_WORDS = (
    (NO_CONNECTIONS, re.compile(r"too many clients|connection slots|too many connections", re.I)),
    (STARTING, re.compile(r"database system is|not yet accepting connections", re.I)),
    (NO_DESCRIPTORS, re.compile(r"too many open files", re.I)),
    (REFUSES, re.compile(r"\bFATAL:")),
)
FORBIDS = "42501"
# Every code by which a database is told to be the reason.
CODES = frozenset(cause.code for cause in (AWAY, POOL_EMPTY, FORBIDDEN, *_BY_STATE.values()))
CODES |= {cause.code for cause, _ in _BY_WORDS}


def cause_of(error: DBAPIError | PoolTimeout) -> Cause | None:
    """Return why the database cannot be used; None if what it was asked was wrong."""
    if isinstance(error, PoolTimeout):
        return POOL_EMPTY
    state = getattr(error.orig, "pgcode", None)
    if state in _BY_STATE:
        return _BY_STATE[state]
    if state == FORBIDS:
        return FORBIDDEN if _lacks_a_right(error) else None
    if state is None and isinstance(error, OperationalError):
        said = str(error.orig)
        return next((cause for cause, words in _BY_WORDS if words.search(said)), AWAY)
    # A connection that breaks within an answer can be reported as any error of the driver.
    away = isinstance(error, OperationalError | InterfaceError)
    return AWAY if away or error.connection_invalidated else None


def _lacks_a_right(error: DBAPIError) -> bool:
    """Return whether a right is missing, and not a row was to pass a wall between owners."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "source_function", None) == "aclcheck_error"


def cause_behind(error: Unavailable) -> Cause | None:
    """Return why the database could not be used, if that is what was raised."""
    cause = error.__cause__
    return cause_of(cause) if isinstance(cause, DBAPIError | PoolTimeout) else None
