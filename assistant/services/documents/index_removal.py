"""Removing the indexes of collections as a whole, under every name that they have had."""

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, select

from assistant.database import transaction
from assistant.errors import TransientError
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.models.collection import index_of
from assistant.services.documents.erasure import Erasure

# What is counted before any of it goes.
AT_ONCE = 100
NOTED = "index_"
# Then the server is away, and nothing is known of the index.
AWAY = ("chroma_unavailable", "chroma_broke_off")


def remove(erasure: Erasure, *which: ColumnElement[bool]) -> None:
    """Remove the indexes of the collections that fit, and count their vectors.

    What is not there costs nothing: all names are asked for at once.
    """
    for names in _portions(_names(erasure, *which)):
        erasure.note({f"{NOTED}{name}": _count(name) for name in names})
        for name in names:
            erasure.check()
            adapters.vector_store.drop(name)
        _demand_gone(names)
        erasure.settle(NOTED, "vectors_deleted")
        erasure.take_turns()


def remove_rest(erasure: Erasure, *which: ColumnElement[bool]) -> None:
    """Remove what was made again meanwhile, and count what an earlier attempt has noted."""
    remove(erasure, *which)
    erasure.settle(NOTED, "vectors_deleted")


def _demand_gone(names: Sequence[str]) -> None:
    """Raise `TransientError` if somebody who was refilling an index has made it again."""
    if back := set(names).intersection(adapters.vector_store.names()):
        raise TransientError(f"{len(back)} indexes came back.", code="vectors_remain")


def _names(erasure: Erasure, *which: ColumnElement[bool]) -> list[str]:
    with transaction(erasure.acting_for) as session:
        ids = set[uuid.UUID](session.scalars(select(Collection.id).where(*which)))
    found = ((name, index_of(name)) for name in adapters.vector_store.names())
    return [name for name, index in found if index is not None and index[0] in ids]


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _count(name: str) -> int:
    try:
        return adapters.vector_store.count(name)
    except TransientError as error:
        if error.code in AWAY:
            raise
        # It is damaged, and goes all the same.
        return 0
