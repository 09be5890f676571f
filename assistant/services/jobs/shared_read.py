"""A job that is read from Redis together with something else, in one round trip."""

import uuid
from collections.abc import Sequence
from typing import cast

from redis import Redis

from assistant.extensions import cache
from assistant.services.jobs.cache import COPY, key_of
from assistant.services.jobs.status import Shown, read_status


class SharedRead:
    """A job whose copy comes along with what its reader has to read first."""

    def __init__(self, job_id: uuid.UUID) -> None:
        self.job_id = job_id
        self._copy: Sequence[bytes | None] | None = None

    def get(self, key: str) -> bytes | None:
        """Return what Redis has under a key, None if it does not answer, and keep the copy."""

        def copy(client: Redis) -> object:
            return client.hmget(key_of(self.job_id), *COPY)

        found = cache.ask_all(lambda client: client.get(key), copy)
        if found is None:
            return None
        self._copy = cast("Sequence[bytes | None]", found[1])
        return cast("bytes | None", found[0])

    def status(self, owner_id: uuid.UUID) -> Shown:
        """Return the job as `read_status` does, from the copy if there is one."""
        return read_status(owner_id, self.job_id, self._copy)
