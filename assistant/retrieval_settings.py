"""The settings of how documents are embedded, searched and ranked."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from assistant import addresses
from assistant.reading_settings import AtLeastOne, NotNegative, Positive

# How the name of an encoder begins that a server runs; what follows is the server's name for it.
ENDPOINT = "endpoint:"


class RetrievalSettings(BaseSettings):
    """The encoder, the search, and the optional reranker."""

    embedding_model: str = Field(default="all-MiniLM-L6-v2", min_length=1, max_length=200)
    embedding_backend: Literal["auto", "torch", "openvino"] = "auto"
    embedding_base_url: str | None = None
    embedding_api_key: SecretStr | None = None
    embedding_former_api_key: SecretStr | None = None
    embedding_window: int = Field(default=512, ge=64, le=1_000_000)
    embedding_tokenizer: Path | None = None
    embedding_batch: int = Field(default=32, ge=1, le=2048)
    embedding_timeout: Positive = 30.0
    retrieval_limit: AtLeastOne = 12
    retrieval_threshold: float | None = Field(default=None, ge=-1, le=1)
    vector_cache_size: NotNegative = 128 * 1024 * 1024
    rerank_url: str | None = None
    rerank_model: str | None = None
    rerank_api_key: SecretStr | None = None
    rerank_timeout: Positive = 2.0
    search_timeout: Positive = 10.0

    @field_validator("embedding_base_url", "rerank_url")
    @classmethod
    def lead_to_an_endpoint(cls, url: str | None) -> str | None:
        """Demand an address with a scheme and a host."""
        return addresses.http(url) if url is not None else None

    @property
    def encoder(self) -> str:
        """Return the name of the embedding model as it stands with vectors and indexes.

        The same model behind an endpoint may give other vectors than here, so it is another one.
        """
        return f"{ENDPOINT if self.embedding_base_url else ''}{self.embedding_model}"
