"""The settings of what seals secrets in the database."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

LongSecret = Annotated[SecretStr, Field(min_length=32)]


class SealingSettings(BaseSettings):
    """The key that seals, and the one before it."""

    encryption_key: LongSecret | None = None
    encryption_key_previous: LongSecret | None = None

    @property
    def encryption_keys(self) -> list[str]:
        """Return the key that seals, and behind it the one before, which still opens."""
        both = (self.encryption_key, self.encryption_key_previous)
        return [key.get_secret_value() for key in both if key is not None]
