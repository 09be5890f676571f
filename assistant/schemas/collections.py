"""Collections of documents."""

from typing import Any

from marshmallow import Schema, fields, validate

from assistant.schemas.text import Line, Request
from assistant.schemas.values import Flag


def chunk_size() -> fields.Integer:
    """Return the field for how long a chunk is."""
    return _characters(200, 4000, "Characters; a change counts for what is indexed from now on")


def chunk_overlap() -> fields.Integer:
    """Return the field for how much a chunk repeats of the one before."""
    return _characters(0, 2000, "Characters, at most half of chunk_size")


def _characters(least: int, most: int, description: str) -> fields.Integer:
    options: dict[str, Any] = {"metadata": {"description": description}}
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **options)


class NewCollectionSchema(Request):
    """A collection to create; chunk settings come from the server if not given."""

    name = Line(longest=128, required=True)
    chunk_size = chunk_size()
    chunk_overlap = chunk_overlap()


class CollectionChangeSchema(Request):
    """What to change about a collection; what is not given stays."""

    name = Line(longest=128)
    is_default = Flag(
        validate=validate.Equal(True, error="Make another collection the default instead."),
        metadata={"description": "true makes it the default one, in place of the one before"},
    )
    chunk_size = chunk_size()
    chunk_overlap = chunk_overlap()


class CollectionSchema(Schema):
    """A set of documents with an index of its own."""

    id = fields.UUID()
    name = fields.String()
    is_default = fields.Boolean(metadata={"description": "Uploads go here unless they say more"})
    chunk_size = fields.Integer()
    chunk_overlap = fields.Integer()
    embedding_model = fields.String()
    window_tokens = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Tokens that the embedding model reads at most; chunks end there, even "
            "if chunk_size would let them be longer. Null until a document was indexed, and while "
            "a searchable one is from before chunks ended there"
        },
    )
    document_count = fields.Integer()
    created_at = fields.DateTime()
