"""Ids as OpenAI's clients see them: a prefix that says of what, and the UUID of ours."""

import uuid
from enum import StrEnum


class Prefix(StrEnum):
    """What an id belongs to."""

    RESPONSE = "resp_"
    MESSAGE = "msg_"
    FUNCTION_CALL = "fc_"
    FUNCTION_OUTPUT = "fco_"
    FILE_SEARCH = "fs_"
    REASONING = "rs_"
    CONVERSATION = "conv_"
    FILE = "file-"
    STORE = "vs_"
    BATCH = "vsfb_"


def shown(prefix: Prefix, of: uuid.UUID) -> str:
    """Return the id that a client sees."""
    return f"{prefix}{of.hex}"


def known(prefix: Prefix, given: str) -> uuid.UUID | None:
    """Return the UUID in an id that a client sends; None for one that we never made."""
    digits = given.removeprefix(prefix)
    if digits == given or len(digits) != 32:
        return None
    try:
        found = uuid.UUID(hex=digits)
    except ValueError:
        return None
    return found if found.hex == digits else None
