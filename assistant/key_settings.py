"""The settings of keys that sign tokens and seal secrets, each with the one before."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

# As for keys that sign.
LongSecret = Annotated[SecretStr, Field(min_length=32)]


class KeySettings(BaseSettings):
    """Keys; while one is changed, the one before is still good."""

    secret_key: SecretStr | None = None
    secret_key_previous: SecretStr | None = None
    encryption_key: LongSecret | None = None
    encryption_key_previous: LongSecret | None = None

    @property
    def signing_keys(self) -> list[str]:
        """Return the key that signs, and behind it the one before, which is still accepted."""
        return _known(self.secret_key, self.secret_key_previous)

    @property
    def encryption_keys(self) -> list[str]:
        """Return the key that seals, and behind it the one before, which still opens."""
        return _known(self.encryption_key, self.encryption_key_previous)


def _known(*keys: SecretStr | None) -> list[str]:
    return [key.get_secret_value() for key in keys if key is not None]
