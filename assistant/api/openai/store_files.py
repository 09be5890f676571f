"""Endpoints for the files of vector stores: attach, list, read, change and detach."""

from typing import Any

from flask import Response, jsonify, request

from assistant.api.openai.arguments import Body, MissingParameter, Window, body, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, shown
from assistant.api.openai.remembering import made, remembered
from assistant.api.openai.values import (
    AUTO,
    Attributes,
    ChunkingStrategy,
    file_of,
    slice_of,
    store_of,
    wanted,
)
from assistant.errors import InvalidInput
from assistant.models import Document
from assistant.security import allow, caller_id
from assistant.services.stores import attaching, store_files
from assistant.services.stores.states import (
    FileState,
    file_id_of,
    last_error,
    state_of,
    usage_of,
)
from assistant.services.stores.wishes import Wish

FILES = "/vector_stores/<vector_store_id>/files"
# A small file takes less than the second that clients would wait.
POLL_AFTER = "openai-poll-after-ms"
POLL_MILLISECONDS = "300"


class NewStoreFile(Body):
    """A file to attach."""

    file_id: str
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class StoreFileChange(Body):
    """What to change about a file of a store."""

    attributes: Attributes | None = None


@blp.post(FILES)
@allow(scope="write")
@remembered()
def create_store_file(vector_store_id: str) -> Response:
    """Attach a file; it is indexed in the background."""
    given = body(NewStoreFile)
    owner_id, store, file = caller_id(), store_of(vector_store_id), file_of(given.file_id)
    attaching.attach(
        owner_id, store, [Wish(file, given.attributes, wanted(given.chunking_strategy))]
    )
    made(file)
    return jsonify(shown_file(store_files.get(owner_id, store, file)))


@blp.get(FILES)
@allow()
def list_store_files(vector_store_id: str) -> dict[str, Any]:
    """List the files of a vector store; every document of the collection is one."""
    window = Window()
    found = store_files.list_(
        caller_id(), store_of(vector_store_id), slice_of(window, Prefix.FILE), state_filter()
    )
    return listed([shown_file(file) for file in found], window)


def state_filter() -> FileState | None:
    """Return which files a client wants to see, by their state."""
    given = request.args.get("filter")
    if not given:
        return None
    if given not in list(FileState):
        raise InvalidInput(f"`filter` is one of {', '.join(FileState)}.", parameter="filter")
    return FileState(given)


@blp.get(f"{FILES}/<file_id>")
@allow()
def get_store_file(vector_store_id: str, file_id: str) -> Response:
    """Return a file of a vector store, with how far it is."""
    found = store_files.get(caller_id(), store_of(vector_store_id), file_of(file_id))
    response = jsonify(shown_file(found))
    if state_of(found) is FileState.IN_PROGRESS:
        response.headers[POLL_AFTER] = POLL_MILLISECONDS
    return response


@blp.post(f"{FILES}/<file_id>")
@allow(scope="write")
def change_store_file(vector_store_id: str, file_id: str) -> dict[str, Any]:
    """Set the attributes of a file of a vector store; searches filter by them at once."""
    given = body(StoreFileChange)
    if "attributes" not in given.raw:
        raise MissingParameter("Missing required parameter: 'attributes'.", pointer="/attributes")
    store, file = store_of(vector_store_id), file_of(file_id)
    return shown_file(store_files.set_attributes(caller_id(), store, file, given.attributes or {}))


@blp.delete(f"{FILES}/<file_id>")
@allow(scope="write")
def delete_store_file(vector_store_id: str, file_id: str) -> dict[str, Any]:
    """Take a file out of a vector store; the uploaded file stays."""
    file = file_of(file_id)
    store_files.detach(caller_id(), store_of(vector_store_id), file)
    return {
        "id": shown(Prefix.FILE, file),
        "object": "vector_store.file.deleted",
        "deleted": True,
    }


@blp.get(f"{FILES}/<file_id>/content")
@allow()
def get_store_file_content(vector_store_id: str, file_id: str) -> dict[str, Any]:
    """Return the text that was read of a file."""
    text = store_files.text(caller_id(), store_of(vector_store_id), file_of(file_id))
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text}],
        "has_more": False,
        "next_page": None,
    }


def shown_file(document: Document) -> dict[str, Any]:
    """Return a file of a store as clients see it."""
    return {
        "id": shown(Prefix.FILE, file_id_of(document)),
        "object": "vector_store.file",
        "created_at": int(document.created_at.timestamp()),
        "status": state_of(document).value,
        "last_error": last_error(document),
        "usage_bytes": usage_of(document),
        "vector_store_id": shown(Prefix.STORE, document.collection_id),
        "attributes": document.attributes or {},
        "chunking_strategy": _strategy(document),
    }


def _strategy(document: Document) -> dict[str, Any]:
    """Return how a file was to be cut; what was not attached is cut as its collection says."""
    size, overlap = document.chunk_tokens, document.overlap_tokens
    if document.uploaded_file_id is None and size is None:
        return {"type": "other"}
    if size is None:
        size, overlap = AUTO.size, AUTO.overlap
    sizes = {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}
    return {"type": "static", "static": sizes}
