"""What attachments are called: ids that follow from their mail, and names that tell their type."""

import hashlib
import uuid

from assistant.adapters.documents.media import MEDIA_TYPES, named
from assistant.errors import InvalidInput
from assistant.services.documents.uploads import clean_filename
from assistant.sources import Attached

# Where the version of an id and its variant stand (RFC 9562), and what is free behind its time.
VERSION, VARIANT = 0xF << 76, 0x3 << 62
FREE = (1 << 80) - 1 & ~VERSION & ~VARIANT


def id_of(mail_id: uuid.UUID, sha256: str, number: int) -> uuid.UUID:
    """Name the document of an attachment; `number` counts those with the same bytes in the mail.

    The same one always gets the same id, wherever it stands. It is of version 7, with the time of
    its mail, since lists go by ids.
    """
    digest = hashlib.sha256(f"{mail_id}/{sha256}/{number}".encode()).digest()
    time = mail_id.int >> 80 << 80
    return uuid.UUID(int=time | 7 << 76 | 2 << 62 | int.from_bytes(digest[:16]) & FREE)


def name_of(one: Attached) -> str:
    """Return the name of a file, which ends in its type if the mail knows that better."""
    name = one.name or "attachment"
    if named(name) is None:
        name += next((end for end, kind in MEDIA_TYPES.items() if kind == one.media_type), "")
    try:
        return clean_filename(name)
    except InvalidInput:
        return "attachment"
