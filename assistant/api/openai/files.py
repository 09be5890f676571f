"""Endpoints for files: upload, list, read and delete."""

from typing import Any, BinaryIO, cast

from flask import Response, after_this_request, jsonify, request, send_file
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest

from assistant.api.openai.arguments import MissingParameter, Window, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, shown
from assistant.api.openai.remembering import made, remembered
from assistant.api.openai.values import file_of, slice_of
from assistant.errors import InvalidInput
from assistant.schemas.text import UNSTORABLE
from assistant.security import allow, caller_id
from assistant.services.documents import uploads
from assistant.services.stores import files
from assistant.services.stores.files import UNKNOWN_KIND, Shown

PURPOSES = ("assistants", "user_data", "batch", "fine-tune", "vision", "evals")
MOST_LISTED = 10_000
# An hour, and thirty days.
SHORTEST, LONGEST = 3600, 2_592_000
FORM = "multipart/form-data"


@blp.post("/files")
@allow(scope="write")
# While the file is written to disk, no transaction is open.
@remembered(waits=True)
def create_file() -> Response:
    """Upload a file; nothing is read of it before a vector store takes it."""
    if request.mimetype != FORM:
        raise BadRequest(f"Send the file in a form, as `{FORM}`.")
    upload, purpose, lasts = _upload(), _purpose(), _lasts()
    stored = uploads.receive(cast(BinaryIO, upload.stream))

    @after_this_request
    def discard(response: Response) -> Response:
        uploads.discard(stored)
        return response

    file = files.create(caller_id(), stored, upload.filename, purpose, lasts)
    made(file.id)
    return jsonify(_shown(file))


def _upload() -> FileStorage:
    found = request.files.getlist("file")
    if len(found) > 1:
        raise InvalidInput("Send one file only.", pointer="/file")
    if not found:
        if "file" in request.form:
            raise InvalidInput("`file` has to be a file, with its name.", pointer="/file")
        raise MissingParameter("Missing required parameter: 'file'.", pointer="/file")
    return found[0]


def _purpose() -> str:
    given = request.form.get("purpose")
    if not given:
        raise MissingParameter("Missing required parameter: 'purpose'.", pointer="/purpose")
    if given not in PURPOSES:
        raise InvalidInput(f"`purpose` is one of {', '.join(PURPOSES)}.", pointer="/purpose")
    return given


def _lasts() -> int | None:
    """Return after how many seconds the file expires, if it does."""
    anchor = request.form.get("expires_after[anchor]")
    seconds = request.form.get("expires_after[seconds]")
    if not anchor and not seconds:
        return None
    if anchor != "created_at":
        place = "/expires_after/anchor"
        raise InvalidInput("`expires_after[anchor]` has to be `created_at`.", pointer=place)
    if (
        not seconds
        or not (seconds.isascii() and seconds.isdecimal())
        or not SHORTEST <= int(seconds[:9]) <= LONGEST
    ):
        raise InvalidInput(
            f"`expires_after[seconds]` is a number from {SHORTEST} to {LONGEST}.",
            pointer="/expires_after/seconds",
        )
    return int(seconds)


@blp.get("/files")
@allow()
def list_files() -> dict[str, Any]:
    """List your uploaded files."""
    window = Window(most=MOST_LISTED, usual=MOST_LISTED)
    purpose = request.args.get("purpose") or None
    if purpose is not None and UNSTORABLE.search(purpose):
        raise InvalidInput(f"`purpose` is one of {', '.join(PURPOSES)}.", parameter="purpose")
    found = files.list_(caller_id(), slice_of(window, Prefix.FILE), purpose)
    return listed([_shown(file) for file in found], window)


@blp.get("/files/<file_id>")
@allow()
def get_file(file_id: str) -> dict[str, Any]:
    """Return a file."""
    return _shown(files.get(caller_id(), file_of(file_id)))


@blp.get("/files/<file_id>/content")
@allow()
def get_file_content(file_id: str) -> Response:
    """Return the very bytes of a file."""
    path, file = files.content(caller_id(), file_of(file_id))
    request.environ.pop("HTTP_RANGE", None)
    response = send_file(
        path,
        mimetype=file.media_type or UNKNOWN_KIND,
        as_attachment=True,
        download_name=file.filename,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response


@blp.delete("/files/<file_id>")
@allow(scope="write")
def delete_file(file_id: str) -> dict[str, Any]:
    """Delete a file, which takes it out of every vector store."""
    found = file_of(file_id)
    files.delete(caller_id(), found)
    return {"id": shown(Prefix.FILE, found), "object": "file", "deleted": True}


def _shown(file: Shown) -> dict[str, Any]:
    return {
        "id": shown(Prefix.FILE, file.id),
        "object": "file",
        "bytes": file.size,
        "created_at": int(file.created_at.timestamp()),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
        "expires_at": None if file.expires_at is None else int(file.expires_at.timestamp()),
    }
