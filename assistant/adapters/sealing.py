"""Seal secrets that are kept in the database, so that who reads it does not have them."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from assistant.errors import PermanentError

CODE = "model_credentials"
SHORTEST_KEY = 32


class Sealing:
    """Seals with the first of several keys, and opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def seal(self, secret: str) -> str:
        """Return a secret as it may be kept; raises `PermanentError` without a key."""
        return self._fernet().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return what was sealed; raises `PermanentError` if it was with another key."""
        try:
            secret = self._fernet().decrypt(sealed.encode())
        except InvalidToken:
            raise PermanentError(
                "A model server's key was sealed with another ENCRYPTION_KEY. Set that one as "
                "ENCRYPTION_KEY_PREVIOUS and run: flask models rekey",
                code=CODE,
            ) from None
        return secret.decode()

    def _fernet(self) -> MultiFernet:
        if not self._keys:
            raise PermanentError(
                "Keys of model servers are sealed with ENCRYPTION_KEY, which is not set. Set it to "
                f"{SHORTEST_KEY} random characters where models are asked and added.",
                code=CODE,
            )
        # A word of any length becomes a key of the right one.
        digests = (hashlib.sha256(key.encode()).digest() for key in self._keys)
        return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
