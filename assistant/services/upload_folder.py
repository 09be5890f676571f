"""Whether the folder of uploads is the one that the rows tell of, or its volume is not mounted.

A file in it says so. Without that, a mount that failed looks like thousands of lost files, and what
is written meanwhile is hidden once the volume is back.
"""

import logging
from pathlib import Path

from sqlalchemy import select

from assistant.adapters.offloading import offload
from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError, Unavailable
from assistant.extensions import adapters
from assistant.models import Document

logger = logging.getLogger(__name__)

# One of these that is there is enough, and single files may be lost.
LOOKED_FOR = 100
GONE = "The file of this document is gone: upload it again."
NOT_MOUNTED = (
    "The folder of uploads is not the one that documents were stored in; perhaps its volume is not "
    "mounted. Nothing was accepted; try again when the operator has seen to it."
)


def is_there() -> bool:
    """Return whether the folder holds what the rows tell of; it does if they tell of nothing."""
    if offload(adapters.files.is_marked):
        return True
    named = select(Document.storage_key).where(Document.sha256 != "", Document.is_live)
    with transaction(SYSTEM) as session:
        keys = session.scalars(named.order_by(Document.id.desc()).limit(LOOKED_FOR)).all()
    return not keys or offload(lambda: any(adapters.files.path(key).is_file() for key in keys))


def demand() -> None:
    """Raise `Unavailable` unless the folder holds what the rows tell of.

    One without the marker gets it then, such as that of an earlier release. A disk that hangs holds
    up nobody else's requests.
    """
    if offload(adapters.files.is_marked):
        return
    if not is_there():
        raise Unavailable(NOT_MOUNTED, retry_after=60, code="uploads_not_mounted", refused=True)
    offload(adapters.files.mark)
    logger.info("the folder of uploads has its marker", extra={"folder": str(adapters.files.root)})


def path_of(key: str) -> Path:
    """Return where the file of this key lies.

    Raises `PermanentError` if it is gone, and `Unavailable` if all of them seem to be.
    """
    path = adapters.files.path(key)
    if not path.is_file():
        demand()
        raise PermanentError(GONE, code="file_gone", title="File gone")
    return path
