"""A Chroma collection whose absence tells that the server was emptied or replaced."""

import logging

import numpy as np
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import User
from assistant.services.retrieval.index_trust import doubt_all

logger = logging.getLogger(__name__)

PREFIX = "upkeep_"
_IDS = ["marker"]
_VECTORS = np.ones((1, 2), np.float32)


def watch() -> int:
    """Doubt every index if the marker is gone, and make it again; return how many were trusted.

    Raises `TransientError` while the server is away, which says nothing about what it holds.
    """
    name = own_name()
    if name is None or _stands(name):
        return 0
    # In this order: whoever dies in between leaves the marker missing, and the next one goes on.
    doubted = doubt_all()
    adapters.vector_store.upsert(name, _IDS, _VECTORS)
    logger.warning("chroma is new or was emptied", extra={"collections": doubted})
    return doubted


def demand_writable() -> None:
    """Raise `TransientError` unless the server takes what is written into another collection."""
    name = own_name()
    if name is not None:
        adapters.vector_store.upsert(name, _IDS, _VECTORS)


def _stands(name: str) -> bool:
    try:
        return adapters.vector_store.present(name, _IDS) > 0
    except PermanentError as error:
        if error.code not in ("chroma_failed", "chroma_refused"):
            raise
        adapters.vector_store.drop(name)
        return False


def own_name() -> str | None:
    """Name the marker after the oldest user, whose row stays for ever.

    Installations that share a Chroma server so have a marker each. Without users there is nothing
    to watch over.
    """
    with transaction(SYSTEM) as session:
        oldest = session.scalar(select(User.id).order_by(User.id).limit(1))
    return f"{PREFIX}{oldest.hex}" if oldest else None
