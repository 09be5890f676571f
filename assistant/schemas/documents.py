"""Documents and search."""

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_dump, validate, validates_schema
from werkzeug.datastructures import FileStorage

from assistant.models import DocumentStatus
from assistant.schemas.jobs import JobErrorSchema
from assistant.schemas.paging import PageSchema
from assistant.schemas.text import Line, Request, Search, Text, not_blank
from assistant.schemas.values import INT64, QueryInteger

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

    text = Text(longest=1_000_000, required=True, validate=[not_blank])
    title = Line(longest=200, metadata={"description": "The first line of the text if not given"})
    format = fields.String(load_default="text", validate=validate.OneOf(TEXT_FORMATS))
    collection_id = fields.UUID(metadata={"description": "The default collection if not given"})


class WebAddressSchema(Request):
    """The address of a page, and where that goes."""

    url = Text(
        longest=2048,
        required=True,
        validate=[not_blank],
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
    size = fields.Integer(allow_none=True, metadata=INT64)
    document_id = fields.UUID(allow_none=True)
    reason = fields.Nested(JobErrorSchema, allow_none=True)


class WholeDocumentSchema(Schema):
    """An uploaded file and what became of it, as operators see it."""

    id = fields.UUID()
    collection_id = fields.UUID()
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer(metadata=INT64)
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

    settable = ("filename", "collection_id", "sha256")
    always = ("id", "filename", "status")

    @post_dump
    def hide(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say no more of a document that is being deleted than what a list of them needs."""
        if data["status"] != DocumentStatus.DELETING:
            return data
        return {name: data[name] for name in ("id", "filename", "status")}


class DocumentChangeSchema(Request):
    """What to change about a document; what is not given stays."""

    read_as = DocumentSchema

    filename = Line(longest=255, metadata={"description": "It must end like the name before"})
    collection_id = fields.UUID(metadata={"description": "Where to move it"})


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
        metadata={
            "description": "Its picture, for which the same credential is needed: a path, or an "
            "address if the operator has said where this server is",
            "format": "uri-reference",
        }
    )


class PageImageQuerySchema(Schema):
    """Which picture of a page is wanted."""

    generation = QueryInteger(validate=validate.Range(min=1, max=2**31 - 1))
    dpi = QueryInteger(
        load_default=144,
        validate=validate.OneOf(RESOLUTIONS),
        metadata={"description": "Dots an inch; a very large page has fewer"},
    )
