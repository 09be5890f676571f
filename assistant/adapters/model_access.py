"""Where the model server is and what it wants to see, for all that call it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.config import Settings
from assistant.errors import PermanentError

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """The address of an OpenAI-compatible server, and its key, empty if it wants none."""

    url: str
    key: str

    @classmethod
    def of(cls, base_url: str | None, api_key: str | None) -> "ModelAccess":
        """Read the settings; a key from a file may end in a line break."""
        return cls(base_url or OPENAI_URL, (api_key or "").strip())

    @property
    def server(self) -> str:
        """Return the address without what must not be shown."""
        url = urlsplit(self.url)
        return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"


def endpoint_access(settings: Settings, address: str | None) -> ModelAccess:
    """Return where the embeddings endpoint at an address is, by default that of the settings.

    Each key is shown to the server that it is for, and to no other. Raises `PermanentError` if
    nobody knows an address.
    """
    today = settings.embedding_base_url
    there = today if today and address in (None, _shown(today)) else address
    if there is None:
        raise PermanentError(
            "It is not known where this embeddings endpoint is. Set EMBEDDING_BASE_URL.",
            code="embedding_model_unavailable",
        )
    key = settings.embedding_api_key if there == today else settings.embedding_former_api_key
    return ModelAccess.of(there, key.get_secret_value() if key else None)


def endpoint_address(settings: Settings) -> str | None:
    """Return where today's embeddings endpoint is, without what must not be shown."""
    today = settings.embedding_base_url
    return _shown(today) if today else None


def _shown(url: str) -> str:
    return ModelAccess(url, "").server
