"""What the tools take; their JSON Schema is made of this."""

import uuid
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import InvalidInput

MOST_CHARACTERS = 50_000
A = TypeVar("A", bound="Arguments")
Ids = Annotated[list[uuid.UUID], Field(max_length=100)]


class Arguments(BaseModel):
    """The arguments of a tool."""

    model_config = ConfigDict(extra="forbid")


class Search(Arguments):
    """What `search` takes."""

    query: Annotated[str, Field(min_length=1, max_length=10_000)] = Field(
        description="What to look for: a question, words, a name or a number"
    )
    limit: Annotated[int, Field(ge=1, le=50)] = Field(8, description="How many passages at most")
    document_ids: Ids = Field([], description="Look only in these documents")
    collection_ids: Ids = Field([], description="Look only in these collections")


class Read(Arguments):
    """What `read` takes."""

    document_id: uuid.UUID = Field(description="As `search` and `list_documents` give it")
    start: Annotated[int, Field(ge=0, le=2**31 - 2)] = Field(
        0, description="Where to begin, in characters of the document's text"
    )
    length: Annotated[int, Field(ge=1, le=MOST_CHARACTERS)] = Field(
        4000, description="How many characters to return at most"
    )
    page: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="Begin at this page instead; `start` counts from there"
    )


class Ask(Arguments):
    """What `ask` takes."""

    question: Annotated[str, Field(min_length=1, max_length=32_000)] = Field(
        description="A question in any language, which the user's documents may answer"
    )
    document_ids: Ids = Field([], description="Answer only from these documents")
    collection_ids: Ids = Field([], description="Answer only from these collections")
    conversation_id: uuid.UUID | None = Field(
        None, description="Go on with this conversation, as an earlier answer gives it"
    )


class Result(Arguments):
    """What `result` takes."""

    job_id: uuid.UUID = Field(description="As `ask` gives it where an answer takes long")


class ListDocuments(Arguments):
    """What `list_documents` takes."""

    name: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="Only documents whose file name has this in it"
    )
    limit: Annotated[int, Field(ge=1, le=100)] = Field(50, description="How many at most")
    after: uuid.UUID | None = Field(
        None, description="The id of the last document that was listed before"
    )


def checked(kind: type[A], given: Any) -> A:
    """Return the arguments of a call; raises `InvalidInput` with words for the model."""
    try:
        return kind.model_validate(given or {})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc']) or 'arguments'}: {mistake['msg']}"
            for mistake in found[:5]
        )
        raise InvalidInput(f"{said}.") from None


def schema_of(kind: type[Arguments]) -> dict[str, Any]:
    """Return the JSON Schema of a tool's arguments."""
    made = kind.model_json_schema()
    return {name: value for name, value in _untitled(made).items() if name != "description"}


def _untitled(schema: Any) -> Any:
    """Leave out the titles, which only repeat the names, and cost a model's attention."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _untitled(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
    }
