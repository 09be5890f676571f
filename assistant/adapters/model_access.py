"""Where the model server is and what it wants to see, for all that call it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

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
