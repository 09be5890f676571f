"""Ids in the paths of requests."""

import uuid

from assistant.errors import NotFound
from assistant.openai_ids import Prefix as Prefix
from assistant.openai_ids import known as known
from assistant.openai_ids import shown as shown


def demand(prefix: Prefix, given: str, what: str) -> uuid.UUID:
    """Return the UUID in an id of a path; raises `NotFound` as for one that is another's."""
    found = known(prefix, given)
    if found is None:
        raise NotFound(f"There is no {what} with the id {given[:100]!r}.")
    return found
