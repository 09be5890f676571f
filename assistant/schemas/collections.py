"""Collections of documents."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from assistant.reading_settings import CHARACTERS_PER_TOKEN
from assistant.schemas.text import Line, Request
from assistant.schemas.values import Flag

MOST_TOKENS, MOST_CHARACTERS = 8000, 4000
LATER = "a change counts for what is indexed from now on"
CONVERTED = "Characters, four to a token; of no account beside {}. The way of earlier releases"


def chunk_tokens() -> fields.Integer:
    """Return the field for how long a chunk is."""
    what = f"Tokens of the embedding model, if it reads so many at once; {LATER}"
    return _whole_number(50, MOST_TOKENS, what)


def overlap_tokens() -> fields.Integer:
    """Return the field for how much a chunk repeats of the one before."""
    return _whole_number(
        0, MOST_TOKENS // 2, "Tokens, at most half of chunk_tokens; none between sections"
    )


def chunk_size(most: int = MOST_CHARACTERS) -> fields.Integer:
    """Return the field for how long a chunk is, in characters."""
    return _whole_number(200, most, CONVERTED.format("chunk_tokens"))


def chunk_overlap(most: int = MOST_CHARACTERS // 2) -> fields.Integer:
    """Return the field for how much a chunk repeats of the one before, in characters."""
    return _whole_number(0, most, CONVERTED.format("overlap_tokens"))


def _whole_number(least: int, most: int, description: str) -> fields.Integer:
    options: dict[str, Any] = {"metadata": {"description": description}}
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **options)


class CollectionCreationSchema(Request):
    """A collection to create; chunk settings come from the server if not given."""

    name = Line(longest=128, required=True)
    chunk_tokens = chunk_tokens()
    overlap_tokens = overlap_tokens()
    chunk_size = chunk_size()
    chunk_overlap = chunk_overlap()


class CollectionSchema(Schema):
    """A set of documents with an index of its own."""

    settable = ("name", "is_default", "chunk_size", "chunk_overlap")

    id = fields.UUID()
    name = fields.String()
    is_default = fields.Boolean(metadata={"description": "Uploads go here unless they say more"})
    chunk_tokens = fields.Integer()
    overlap_tokens = fields.Integer()
    chunk_size = fields.Integer(metadata={"description": "chunk_tokens in characters"})
    chunk_overlap = fields.Integer(metadata={"description": "overlap_tokens in characters"})
    embedding_model = fields.String()
    window_tokens = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Tokens that the embedding model reads at most; chunks end there, even "
            "if chunk_tokens would let them be longer. Null until a document was indexed, and "
            "while a searchable one is from before chunks ended there"
        },
    )
    document_count = fields.Integer()
    created_at = fields.DateTime()


class CollectionChangeSchema(Request):
    """What to change about a collection; what is not given stays."""

    read_as = CollectionSchema

    name = Line(longest=128)
    is_default = Flag(
        metadata={"description": "true makes it the default one, in place of the one before"},
    )
    chunk_tokens = chunk_tokens()
    overlap_tokens = overlap_tokens()
    # What tokens come to is shown, and may come back beside them.
    chunk_size = chunk_size(MOST_TOKENS * CHARACTERS_PER_TOKEN)
    chunk_overlap = chunk_overlap(MOST_TOKENS * CHARACTERS_PER_TOKEN // 2)

    @validates_schema
    def check_characters(self, data: dict[str, Any], **_: object) -> None:
        """Refuse sizes in characters that only tokens may have."""
        pairs = (
            ("chunk_size", "chunk_tokens", MOST_CHARACTERS),
            ("chunk_overlap", "overlap_tokens", MOST_CHARACTERS // 2),
        )
        for name, other, most in pairs:
            if other not in data and data.get(name, 0) > most:
                raise ValidationError(f"Must be at most {most}; for more, set {other}.", name)
