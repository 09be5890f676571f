"""Endpoints for batches: many files that are attached to a vector store at once."""

import uuid
from typing import Annotated, Any

from flask import Response, jsonify
from pydantic import Field

from assistant.api.openai.arguments import Body, MissingParameter, Window, body, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, demand, shown
from assistant.api.openai.remembering import remembered
from assistant.api.openai.store_files import (
    POLL_AFTER,
    POLL_MILLISECONDS,
    shown_file,
    state_filter,
)
from assistant.api.openai.values import (
    Attributes,
    ChunkingStrategy,
    Part,
    file_of,
    files_of,
    slice_of,
    store_of,
    wanted,
)
from assistant.api.openai.vector_stores import counts
from assistant.errors import InvalidInput
from assistant.security import allow, caller_id
from assistant.services.stores import batches
from assistant.services.stores.batches import MOST, Batch
from assistant.services.stores.states import FileState
from assistant.services.stores.wishes import Wish

BATCHES = "/vector_stores/<vector_store_id>/file_batches"


class OneOfBatch(Part):
    """A file of a batch, with what is its own."""

    file_id: str
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class NewBatch(Body):
    """Files to attach: all in one way, or each in its own."""

    file_ids: Annotated[list[str], Field(max_length=MOST)] | None = None
    files: Annotated[list[OneOfBatch], Field(max_length=MOST)] | None = None
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


@blp.post(BATCHES)
@allow(scope="write")
@remembered(waits=True)
def create_file_batch(vector_store_id: str) -> Response:
    """Attach many files at once; they are indexed in the background."""
    given = body(NewBatch)
    return jsonify(_shown(batches.create(caller_id(), store_of(vector_store_id), _wishes(given))))


def _wishes(given: NewBatch) -> list[Wish]:
    if given.file_ids and given.files:
        raise InvalidInput("Send either `file_ids` or `files`, not both.", pointer="/files")
    if given.files:
        each = {file_of(one.file_id): one for one in given.files}
        return [
            Wish(found, one.attributes, wanted(one.chunking_strategy))
            for found, one in each.items()
        ]
    if not given.file_ids:
        raise MissingParameter("Missing required parameter: 'file_ids'.", pointer="/file_ids")
    chunking = wanted(given.chunking_strategy)
    return [Wish(each, given.attributes, chunking) for each in files_of(given.file_ids)]


@blp.get(f"{BATCHES}/<batch_id>")
@allow()
def get_file_batch(vector_store_id: str, batch_id: str) -> Response:
    """Return a batch, with how far its files are."""
    found = batches.get(caller_id(), store_of(vector_store_id), _id_of(batch_id))
    response = jsonify(_shown(found))
    if found.counts.get(FileState.IN_PROGRESS):
        response.headers[POLL_AFTER] = POLL_MILLISECONDS
    return response


@blp.post(f"{BATCHES}/<batch_id>/cancel")
@allow(scope="write")
def cancel_file_batch(vector_store_id: str, batch_id: str) -> dict[str, Any]:
    """Cancel what is not done yet of a batch."""
    return _shown(batches.cancel(caller_id(), store_of(vector_store_id), _id_of(batch_id)))


@blp.get(f"{BATCHES}/<batch_id>/files")
@allow()
def list_batch_files(vector_store_id: str, batch_id: str) -> dict[str, Any]:
    """List the files of a batch."""
    window = Window()
    store, batch = store_of(vector_store_id), _id_of(batch_id)
    part = slice_of(window, Prefix.FILE)
    found = batches.files(caller_id(), store, batch, part, state_filter())
    return listed([shown_file(file) for file in found], window)


def _id_of(given: str) -> uuid.UUID:
    return demand(Prefix.BATCH, given, "batch")


def _shown(batch: Batch) -> dict[str, Any]:
    return {
        "id": shown(Prefix.BATCH, batch.id),
        "object": "vector_store.files_batch",
        "created_at": int(batch.created_at.timestamp()),
        "vector_store_id": shown(Prefix.STORE, batch.store_id),
        "status": batch.state.value,
        "file_counts": counts(batch.counts),
    }
