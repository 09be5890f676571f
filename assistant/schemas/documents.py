"""Documents and search."""

from datetime import UTC
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_dump, validate, validates_schema
from werkzeug.datastructures import FileStorage

from assistant.adapters.documents.media import MEDIA_TYPES
from assistant.models import DocumentStatus
from assistant.schemas.jobs import JobErrorSchema
from assistant.schemas.paging import PageSchema
from assistant.schemas.text import NOT_BLANK, Line, Request, Search, Text
from assistant.schemas.values import QueryInteger, Score

IDS = validate.Length(max=100)
FORMATS = (
    "PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, RTF, HTML, Markdown, text, CSV, TSV, JSON, EPUB, "
    "e-mail (.eml), PNG, JPEG, TIFF"
)
REUSE, KEEP = "reuse", "keep"
# Few, so that people who look at the same page get the same picture.
RESOLUTIONS = (72, 96, 144, 192)
TEXT_FORMATS = ("text", "markdown", "html", "csv", "tsv", "json")
STATUSES = [status.value for status in DocumentStatus]


def check_file(part: object) -> None:
    """Refuse a part of a form that is no file: it has neither a name nor a stream."""
    if not isinstance(part, FileStorage):
        raise ValidationError("Send a file, with its name.")


class UploadSchema(Request):
    """A file, and where it goes."""

    file = Upload(
        required=True,
        validate=check_file,
        metadata={"description": FORMATS},
    )
    # Without an example of its own, Swagger's page would send an id that it made up; what is left
    # empty in a form is not given.
    collection_id = fields.UUID(
        metadata={"description": "The default collection if not given", "example": ""}
    )
    on_duplicate = fields.String(
        load_default=REUSE,
        validate=validate.OneOf([REUSE, KEEP]),
        metadata={
            "description": "Where the same bytes lie in the collection already, `reuse` ends the "
            "job with that document and `duplicate: true`; `keep` makes a second one."
        },
    )


class PastedTextSchema(Request):
    """A text, what it is called, and where it goes."""

    text = Text(longest=1_000_000, required=True, validate=[NOT_BLANK])
    title = Line(longest=200, metadata={"description": "The first line of the text if not given"})
    format = fields.String(load_default="text", validate=validate.OneOf(TEXT_FORMATS))
    collection_id = fields.UUID(metadata={"description": "The default collection if not given"})


class WebAddressSchema(Request):
    """The address of a page, and where that goes."""

    url = Text(
        longest=2048,
        required=True,
        validate=[NOT_BLANK],
        metadata={"description": "It begins with http:// or https://, and everybody may read it"},
    )
    collection_id = fields.UUID(metadata={"description": "The default collection if not given"})


class ReplacementSchema(Request):
    """A newer file for a document; it may be of another type."""

    file = Upload(
        required=True,
        validate=check_file,
        metadata={"description": FORMATS},
    )


class DocumentChangeSchema(Request):
    """What to change about a document; what is not given stays."""

    filename = Line(longest=255, metadata={"description": "It must end like the name before"})
    collection_id = fields.UUID(metadata={"description": "Where to move it"})


class DocumentQuerySchema(PageSchema):
    """Which documents to list."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    collection_id = fields.UUID()
    parent_id = fields.UUID(metadata={"description": "The mail whose attachments to list"})
    q = Search(metadata={"description": "Part of the file's name, in any case"})


class AttachmentSchema(Schema):
    """A file that came with a mail, and its document or the reason why it has none.

    Of a document that could not be read, the reason is its error.
    """

    filename = fields.String(allow_none=True)
    media_type = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    document_id = fields.UUID(allow_none=True)
    reason = fields.Nested(JobErrorSchema, allow_none=True)


class WholeDocumentSchema(Schema):
    """An uploaded file and what became of it, as operators see it."""

    id = fields.UUID()
    collection_id = fields.UUID()
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    sha256 = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    page_count = fields.Integer(allow_none=True)
    unread_pages = fields.Integer(
        allow_none=True,
        metadata={
            "description": "How many pages are pictures whose text could not be recognised; null "
            "if there are none"
        },
    )
    chunk_count = fields.Integer(allow_none=True)
    generation = fields.Integer()
    error = fields.Nested(JobErrorSchema, allow_none=True)
    job_id = fields.UUID(allow_none=True)
    parent_id = fields.UUID(
        allow_none=True, metadata={"description": "The mail that it is an attachment of"}
    )
    attachments = fields.List(
        fields.Nested(AttachmentSchema),
        allow_none=True,
        metadata={"description": "What came with a mail, once that was read"},
    )
    source_url = fields.String(
        allow_none=True, metadata={"description": "The web address that it was fetched from"}
    )
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class DocumentSchema(WholeDocumentSchema):
    """An uploaded file and what became of it; of one that is `deleting`, id, name and status."""

    @post_dump
    def hide(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say no more of a document that is being deleted than what a list of them needs."""
        if data["status"] != DocumentStatus.DELETING:
            return data
        return {name: data[name] for name in ("id", "filename", "status")}


class SliceQuerySchema(Schema):
    """Which part of the extracted text is wanted; offsets count code points."""

    start = QueryInteger(load_default=0, validate=validate.Range(min=0, max=2**31 - 2))
    end = QueryInteger(validate=validate.Range(min=0, max=2**31 - 1))
    generation = QueryInteger(validate=validate.Range(min=1, max=2**31 - 1))

    @validates_schema
    def check_order(self, data: dict[str, int], **_: object) -> None:
        """Refuse a slice that ends before it starts."""
        if "end" in data and data["end"] < data["start"]:
            raise ValidationError("Must not be less than start.", "end")


class SliceSchema(Schema):
    """A slice of the extracted text, and the length of the whole."""

    text = fields.String()
    start = fields.Integer()
    end = fields.Integer()
    total = fields.Integer()


class BoxSchema(Schema):
    """Where a word stands, in points from the top left of the page as it is shown."""

    start = fields.Integer(metadata={"description": "Its slice of the extracted text"})
    end = fields.Integer()
    left = fields.Float()
    top = fields.Float()
    right = fields.Float()
    bottom = fields.Float()


class PagePlacesSchema(Schema):
    """A page, in points, turned as it is shown, and where words of it stand."""

    width = fields.Float()
    height = fields.Float()
    boxes = fields.List(fields.Nested(BoxSchema))
    image_url = fields.String(
        metadata={"description": "Its picture, for which the same credential is needed"}
    )


class PageImageQuerySchema(Schema):
    """Which picture of a page is wanted."""

    generation = QueryInteger(validate=validate.Range(min=1, max=2**31 - 1))
    dpi = QueryInteger(
        load_default=144,
        validate=validate.OneOf(RESOLUTIONS),
        metadata={"description": "Dots an inch; a very large page has fewer"},
    )


class SearchRequestSchema(Request):
    """What to look for, and where."""

    query = Text(longest=2_000, required=True, validate=[NOT_BLANK])
    limit = fields.Integer(strict=True, load_default=10, validate=validate.Range(min=1, max=100))
    document_ids = fields.List(fields.UUID(), load_default=list, validate=IDS)
    collection_ids = fields.List(fields.UUID(), load_default=list, validate=IDS)
    media_types = fields.List(
        fields.String(validate=validate.OneOf(sorted(set(MEDIA_TYPES.values())))),
        load_default=list,
        validate=IDS,
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
