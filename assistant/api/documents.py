"""Endpoints for documents: upload, list, read, change, replace, analyse and delete."""

import re
import uuid
from http import HTTPStatus
from typing import Any

from flask import Response, after_this_request, request, send_file

from assistant.adapters.documents.media import MEDIA_TYPES
from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.models import Document
from assistant.schemas.documents import (
    KEEP,
    DocumentChangeSchema,
    DocumentQuerySchema,
    DocumentSchema,
    PastedTextSchema,
    ReplacementSchema,
    SliceQuerySchema,
    SliceSchema,
    UploadSchema,
    WebAddressSchema,
)
from assistant.schemas.jobs import JobSchema
from assistant.security import allow, caller_id
from assistant.services.documents import (
    attachment_states,
    changes,
    deletion,
    documents,
    fetching,
    pasting,
    uploads,
)
from assistant.services.generation import analysis

ONE_RANGE = re.compile(
    r"bytes=\s*(\d{1,18}-\d{0,18}|-(?P<last>\d{1,18}))\s*", re.ASCII | re.IGNORECASE
)

# What is sent has the type of the file; the first is for clients that know none of the others.
UPLOADED = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("application/octet-stream", *sorted(set(MEDIA_TYPES.values())))
}

blp = StrictBlueprint(
    "documents", __name__, url_prefix="/documents", description="Files to answer from"
)


def _received(upload: dict[str, Any]) -> dict[str, Any]:
    """Write the file to disk; what nobody keeps under its name is removed after the request."""
    stored = uploads.receive(upload["file"].stream)

    @after_this_request
    def discard(response: Response) -> Response:
        uploads.discard(stored)
        return response

    return {**upload, "stored": stored}


@blp.post("")
@allow(scope="write")
@blp.arguments(UploadSchema, location="multipart")
@idempotent(prepare=_received)
@blp.response(202, JobSchema)
@blp.alt_response(413, HTTPStatus(413).name)  # newer Pythons call it differently
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def create_document(upload: dict[str, Any]) -> Response:
    """Upload a document; it is indexed in the background.

    If the same bytes lie in the collection already, the job's result names that document, and has
    `duplicate: true`.
    """
    file, collection_id = upload["file"], upload.get("collection_id")
    job = documents.create(
        caller_id(),
        upload["stored"],
        file.filename,
        collection_id,
        keep_duplicate=upload["on_duplicate"] == KEEP,
    )
    return responses.accepted_job(job)


@blp.post("/text")
@allow(scope="write")
@blp.arguments(PastedTextSchema)
@idempotent()
@blp.response(202, JobSchema)
@blp.alt_response(413, HTTPStatus(413).name)
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def paste_document(values: dict[str, Any]) -> Response:
    """Make a document of a text, as if it were a file; it is indexed in the background."""
    kind, collection_id = values["format"], values.get("collection_id")
    return responses.accepted_job(
        pasting.create(caller_id(), values["text"], kind, values.get("title"), collection_id)
    )


@blp.post("/url")
@allow(scope="write")
@blp.arguments(WebAddressSchema)
@idempotent()
@blp.response(202, JobSchema)
def fetch_document(values: dict[str, Any]) -> Response:
    """Make a document of a page of the web; it is fetched and indexed in the background.

    With 403 the operator does not allow it.
    """
    return responses.accepted_job(
        fetching.create(caller_id(), values["url"], values.get("collection_id"))
    )


@blp.get("")
@allow()
@blp.arguments(DocumentQuerySchema, location="query")
@blp.response(200, DocumentSchema(many=True))
def list_documents(query: dict[str, Any]) -> Any:
    """List your documents, newest first."""
    page = responses.page(query)
    found = documents.list_(caller_id(), page, **query)
    return responses.listed(attachment_states.told(caller_id(), found), page)


@blp.get("/<uuid:document_id>")
@allow()
@blp.response(200, DocumentSchema)
def get_document(document_id: uuid.UUID) -> Document:
    """Return a document with its status."""
    (document,) = attachment_states.told(caller_id(), [documents.get(caller_id(), document_id)])
    return document


@blp.patch("/<uuid:document_id>")
@allow(scope="write")
@blp.arguments(DocumentChangeSchema)
@blp.response(200, DocumentSchema)
@blp.alt_response(202, schema=JobSchema)
@blp.alt_response(409, "CONFLICT")
def change_document(values: dict[str, Any], document_id: uuid.UUID) -> Any:
    """Rename a document, or move it to another collection.

    A document that is searchable is moved by a job (202), and is found where it was until then.
    """
    document, job = changes.update(caller_id(), document_id, **values, seen=responses.seen())
    attachment_states.told(caller_id(), [document])
    return responses.accepted_job(job) if job else document


@blp.put("/<uuid:document_id>")
@allow(scope="write")
@blp.arguments(ReplacementSchema, location="multipart")
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
@blp.alt_response(413, HTTPStatus(413).name)
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def replace_document(upload: dict[str, Any], document_id: uuid.UUID) -> Response:
    """Replace a document's file by a newer one.

    The old text stays searchable until the new one is indexed, and for good if that fails.
    """
    file = upload["file"]
    return responses.accepted_job(
        changes.replace(caller_id(), document_id, file.stream, file.filename, responses.seen())
    )


@blp.post("/<uuid:document_id>/reindex")
@allow(scope="write")
@idempotent()
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
def reindex_document(document_id: uuid.UUID) -> Response:
    """Read a document again: a page of the web is fetched anew, a file is read once more.

    The old text stays searchable meanwhile, and for good if that fails. If the document waits to
    be read already, the job is that one.
    """
    return responses.accepted_job(fetching.read_again(caller_id(), document_id))


@blp.get("/<uuid:document_id>/text")
@allow()
@blp.arguments(SliceQuerySchema, location="query")
@blp.response(200, SliceSchema)
@blp.alt_response(409, "CONFLICT")
def get_text(query: dict[str, int], document_id: uuid.UUID) -> dict[str, Any]:
    """Return a slice of the extracted text."""
    text, start, end, total = documents.text_slice(
        caller_id(), document_id, query["start"], query.get("end"), query.get("generation")
    )
    return {"text": text, "start": start, "end": end, "total": total}


@blp.get("/<uuid:document_id>/content")
@allow()
@blp.doc(responses={"200": {"description": "OK", "content": UPLOADED}})
def get_content(document_id: uuid.UUID) -> Response:
    """Return the uploaded file."""
    path, document = documents.content(caller_id(), document_id)
    if not _one_range_is_wanted(document.size):
        request.environ.pop("HTTP_RANGE", None)
    response = send_file(
        path,
        mimetype=document.media_type,
        as_attachment=True,
        download_name=document.filename,
        conditional=True,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response


def _one_range_is_wanted(size: int) -> bool:
    """Return whether there is a `Range` to obey; RFC 9110 has or lets a server ignore all others.

    Those are units that it does not know, several ranges, and what was said of another file. The
    last bytes of a file that has fewer are all of it.
    """
    found = ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or found is None:
        return False
    if request.headers.get("If-Range", "").startswith("W/"):
        return False
    return int(found["last"] or 0) <= size


@blp.post("/<uuid:document_id>/analysis")
@allow(scope="write")
@idempotent()
@blp.response(202, JobSchema)
def analyze_document(document_id: uuid.UUID) -> Response:
    """Summarise a document, in its language, and draw its key points; the job's result has both."""
    return responses.accepted_job(analysis.create(caller_id(), document_id))


@blp.delete("/<uuid:document_id>")
@allow(scope="write")
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
def delete_document(document_id: uuid.UUID) -> Response:
    """Delete a document: hidden at once, removed everywhere by a job that counts what is left."""
    return responses.accepted_job(deletion.delete(caller_id(), document_id))
