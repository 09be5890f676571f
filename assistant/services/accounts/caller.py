"""Who makes a request: somebody who has signed in, or a program with a key."""

import uuid
from dataclasses import dataclass
from datetime import datetime

# What has no session, such as a key or the command line.
NO_SESSION = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """The key of a request, and what it is good for."""

    id: uuid.UUID
    digest: bytes
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request; a program has a `key` and no session."""

    user_id: uuid.UUID
    session_id: uuid.UUID = NO_SESSION
    key: KeyInUse | None = None
