"""What a key looks like: `ask_`, 30 random characters, and a checksum of 6."""

import hashlib
import secrets
import string
import zlib

from assistant.errors import InvalidCredentials

START = "ask_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 30
CHECKSUM_LENGTH = 6
# What is shown of a key later; the rest has as much chance in it as anybody needs.
SHOWN = len(START) + 6


def new() -> str:
    """Return a key that nobody has."""
    random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM_LENGTH))
    return START + random + _checksum(random)


def looks_like_one(token: str) -> bool:
    """Return whether a token is meant to be a key."""
    return token.startswith(START)


def digest_of(key: str) -> bytes:
    """Return the hash that is kept of a key; raises `InvalidCredentials` for what cannot be one.

    The checksum tells a slip of the hand and a scanner from a key, before anybody is asked.
    """
    body = key.removeprefix(START)
    random, checksum = body[:RANDOM_LENGTH], body[RANDOM_LENGTH:]
    if len(random) != RANDOM_LENGTH or not secrets.compare_digest(
        checksum.encode(), _checksum(random).encode()
    ):
        raise InvalidCredentials(
            "This is no whole API key: something is missing or was mistyped. Copy it again, or "
            "make another one."
        )
    return hashlib.sha256(key.encode()).digest()


def _checksum(random: str) -> str:
    rest, digits = zlib.crc32(random.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
