"""The settings of how documents are read and cut."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
# What is waited for, counted or multiplied must come to an end.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
# What sizes in characters are converted by: English has four and a bit to a token.
CHARACTERS_PER_TOKEN = 4


class ReadingSettings(BaseSettings):
    """Text recognition, and the size of chunks."""

    ocr_engine: Literal["auto", "tesseract", "rapidocr", "off"] = "auto"
    ocr_languages: str = Field(default="", pattern=r"^\w*([+, ]+\w+)*$")
    ocr_max_pages: AtLeastOne = 1000
    ocr_page_seconds: Positive = 60.0
    chunk_tokens: int = Field(default=250, ge=50, le=8000)
    overlap_tokens: NotNegative = 30
    chunk_size: int | None = Field(default=None, ge=200, le=4000)
    chunk_overlap: NotNegative | None = None

    @model_validator(mode="after")
    def overlap_in_part(self) -> Self:
        """Refuse chunks that are mostly what is in others, too."""
        if self.chunk_overlap is not None and self.chunk_overlap > self.chunk_characters // 2:
            raise ValueError("CHUNK_OVERLAP should be at most half of CHUNK_SIZE")
        overlap = self.overlap_tokens if "overlap_tokens" in self.model_fields_set else 0
        if overlap * CHARACTERS_PER_TOKEN > self.chunk_characters // 2:
            raise ValueError("OVERLAP_TOKENS should be at most half of CHUNK_TOKENS")
        return self

    @property
    def chunk_characters(self) -> int:
        """Return how long chunks are in collections made from now on, as collections keep it."""
        if self.chunk_size is not None and "chunk_tokens" not in self.model_fields_set:
            return self.chunk_size
        return self.chunk_tokens * CHARACTERS_PER_TOKEN

    @property
    def overlap_characters(self) -> int:
        """Return how much of a chunk is also in the one before, as collections keep it."""
        if self.chunk_overlap is not None and "overlap_tokens" not in self.model_fields_set:
            return min(self.chunk_overlap, self.chunk_characters // 2)
        return min(self.overlap_tokens * CHARACTERS_PER_TOKEN, self.chunk_characters // 2)
