"""Values that several requests have: metadata, attributes, how files are cut, parts of lists."""

import math
import uuid
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from assistant.api.openai.arguments import Body, Window
from assistant.api.openai.ids import Prefix, demand, known
from assistant.errors import InvalidInput
from assistant.schemas.text import UNSTORABLE
from assistant.services.stores.windows import Slice
from assistant.services.stores.wishes import Chunking

# What OpenAI's API says that it does with a file by itself.
AUTO = Chunking(800, 400)
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


def storable(text: str) -> str:
    """Refuse what PostgreSQL cannot hold."""
    if UNSTORABLE.search(text):
        raise ValueError("it has characters that cannot be stored, such as NUL")
    return text


def _attribute(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the number is too large")
    if not isinstance(value, str | bool | int | float):
        raise ValueError("it has to be a string, a number, true or false")
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"it has more than {LONGEST_VALUE} characters")
    return storable(value) if isinstance(value, str) else value


Storable = Annotated[str, AfterValidator(storable)]
Name = Annotated[str, StringConstraints(max_length=512), AfterValidator(storable)]
Key = Annotated[str, StringConstraints(max_length=LONGEST_KEY), AfterValidator(storable)]
Label = Annotated[str, StringConstraints(max_length=LONGEST_VALUE), AfterValidator(storable)]
Metadata = Annotated[dict[Key, Label], Field(max_length=MOST_PAIRS)]
Attributes = Annotated[
    dict[Key, Annotated[Any, AfterValidator(_attribute)]], Field(max_length=MOST_PAIRS)
]


class Part(BaseModel):
    """A part of a body."""

    model_config = Body.model_config


class Static(Part):
    """How a file is to be cut."""

    max_chunk_size_tokens: int = Field(ge=100, le=4096)
    chunk_overlap_tokens: int = Field(ge=0)

    @model_validator(mode="after")
    def overlap_in_part(self) -> Self:
        """Refuse chunks that are mostly what is in others, too."""
        if self.chunk_overlap_tokens > self.max_chunk_size_tokens // 2:
            raise ValueError("chunk_overlap_tokens is at most half of max_chunk_size_tokens")
        return self


class ChunkingStrategy(Part):
    """How a file is to be cut, or that this is left to the server."""

    type: Literal["auto", "static"]
    static: Static | None = None

    @model_validator(mode="after")
    def say_how(self) -> Self:
        """Refuse sizes that are missing."""
        if self.type == "static" and self.static is None:
            raise ValueError("with the type static there has to be `static` with both sizes")
        return self

    def wanted(self) -> Chunking | None:
        """Return what was asked for."""
        if self.type == "auto" or self.static is None:
            return None
        return Chunking(self.static.max_chunk_size_tokens, self.static.chunk_overlap_tokens)


def wanted(strategy: ChunkingStrategy | None) -> Chunking | None:
    """Return how to cut a file; None if that is left to the server."""
    return strategy.wanted() if strategy is not None else None


def slice_of(window: Window, prefix: Prefix) -> Slice:
    """Return the part of a list that a client asks for, whose items have ids with this prefix."""
    return Slice(
        window.limit,
        window.order == "asc",
        _cursor(prefix, window.after, "after"),
        _cursor(prefix, window.before, "before"),
    )


def _cursor(prefix: Prefix, given: str | None, parameter: str) -> uuid.UUID | None:
    if given is None:
        return None
    found = known(prefix, given)
    if found is None:
        raise InvalidInput(
            f"`{parameter}` is the id of an item of the list, such as its `last_id`.",
            parameter=parameter,
        )
    return found


def files_of(given: list[str]) -> list[uuid.UUID]:
    """Return the ids of files, each once; raises `NotFound` for one that none can have."""
    return list(dict.fromkeys(demand(Prefix.FILE, each, "file") for each in given))


def store_of(given: str) -> uuid.UUID:
    """Return the id of a vector store in a path."""
    return demand(Prefix.STORE, given, "vector store")


def file_of(given: str) -> uuid.UUID:
    """Return the id of a file in a path."""
    return demand(Prefix.FILE, given, "file")
