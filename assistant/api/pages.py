"""Endpoints for pages of documents: where words stand, and pictures."""

import uuid
from typing import Any

from flask import Response, send_file, url_for

from assistant.api.arguments import StrictBlueprint
from assistant.extensions import settings
from assistant.schemas.documents import PageImageQuerySchema, PagePlacesSchema, SliceQuerySchema
from assistant.security import allow, caller_id
from assistant.services.documents import page_images, pages

blp = StrictBlueprint(
    "document_pages",
    __name__,
    url_prefix="/documents/<uuid:document_id>/pages/<int:number>",
    description="Pages that are shown, with marks where a citation's words stand",
)


@blp.get("")
@allow()
@blp.arguments(SliceQuerySchema, location="query")
@blp.response(200, PagePlacesSchema)
@blp.alt_response(409, "CONFLICT")
def get_page(query: dict[str, int], document_id: uuid.UUID, number: int) -> dict[str, Any]:
    """Return the size of a page, and the boxes of the words that it has of a slice of the text.

    A citation's `page`, `start`, `end` and `generation` give those of its quote.
    """
    page, boxes = pages.boxes(
        caller_id(), document_id, number, query["start"], query.get("end"), query.get("generation")
    )
    image_url = url_for(
        ".get_image", document_id=document_id, number=number, generation=page.generation
    )
    return pages.as_dict(page, boxes, f"{settings.public_url or ''}{image_url}")


@blp.get("/image")
@allow()
@blp.arguments(PageImageQuerySchema, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blp.alt_response(409, "CONFLICT")
@blp.alt_response(429, "TOO_MANY_REQUESTS")
@blp.alt_response(503, "SERVICE_UNAVAILABLE")
def get_image(query: dict[str, int], document_id: uuid.UUID, number: int) -> Response:
    """Return the picture of a page, as PNG; drawn when it is first asked for."""
    path = page_images.image(
        caller_id(), document_id, number, query.get("generation"), query["dpi"]
    )
    # A generation's page never changes; when the file was touched says nothing.
    response = send_file(path, mimetype="image/png", etag=path.stem)
    response.last_modified = None
    return response
