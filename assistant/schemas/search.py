"""Searches, and the chunks that they find."""

from datetime import UTC
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from assistant.adapters.documents.media import MEDIA_TYPES
from assistant.schemas.text import Line, Request, Text, not_blank
from assistant.schemas.values import Score, Several


class SearchRequestSchema(Request):
    """What to look for, and where."""

    query = Text(longest=2_000, required=True, validate=[not_blank])
    limit = fields.Integer(strict=True, load_default=10, validate=validate.Range(min=1, max=100))
    document_ids = Several(fields.UUID(), load_default=list)
    collection_ids = Several(fields.UUID(), load_default=list)
    media_types = Several(
        fields.String(validate=validate.OneOf(sorted(set(MEDIA_TYPES.values())))),
        load_default=list,
        metadata={"description": "Only in documents of these types", "example": ["text/html"]},
    )
    created_after = fields.AwareDateTime(
        load_default=None,
        default_timezone=UTC,
        metadata={"description": "Only in documents that were uploaded then or later"},
    )
    created_before = fields.AwareDateTime(
        load_default=None,
        default_timezone=UTC,
        metadata={"description": "Only in documents that were uploaded earlier than that"},
    )
    heading = Line(
        longest=200,
        load_default=None,
        metadata={"description": "Only under headings that contain this, in any case"},
    )

    @validates_schema
    def check_dates(self, data: dict[str, Any], **_: object) -> None:
        """Refuse a time that ends before it begins."""
        after, before = data.get("created_after"), data.get("created_before")
        if after is not None and before is not None and before <= after:
            raise ValidationError("Must be later than created_after.", "created_before")


class HitSchema(Schema):
    """A chunk that search found."""

    document_id = fields.UUID()
    generation = fields.Integer()
    filename = fields.String()
    page = fields.Integer(allow_none=True)
    start = fields.Integer()
    end = fields.Integer()
    text = fields.String()
    headings = fields.List(
        fields.String(),
        metadata={"description": "What it stands under, the outermost first"},
    )
    table_header = fields.String(
        allow_none=True,
        metadata={
            "description": "The header of the table in whose rows it begins; searched with `text`, "
            "and not part of it"
        },
    )
    score = Score(metadata={"description": "How well it fits, from 0 to 1: both of the next"})
    dense = Score(metadata={"description": "By its meaning: the cosine similarity"})
    lexical = Score(
        metadata={
            "description": "By its words: how much it has of those of the query, from 0 to 1, rare "
            "ones first"
        }
    )
    found = fields.String(
        validate=validate.OneOf(["dense", "lexical", "both"]),
        metadata={"description": "Whether its meaning or its words led to it, or both"},
    )
