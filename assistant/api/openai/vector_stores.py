"""Endpoints for vector stores: create, list, read, change and delete."""

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from pydantic import Field

from assistant.api.openai.arguments import Body, Window, body, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, shown
from assistant.api.openai.remembering import made, remembered
from assistant.api.openai.values import (
    ChunkingStrategy,
    Metadata,
    Name,
    Part,
    Storable,
    files_of,
    slice_of,
    store_of,
    wanted,
)
from assistant.security import allow, caller_id
from assistant.services.stores import attaching, stores, wishes
from assistant.services.stores.states import FileState
from assistant.services.stores.stores import Store
from assistant.services.stores.wishes import Wish

MOST_FILES = 500


class ExpiresAfter(Part):
    """After how many days without use a store expires."""

    anchor: Literal["last_active_at"]
    days: int = Field(ge=1, le=365)


class NewStore(Body):
    """A vector store to make, and the files that it begins with."""

    name: Name | None = None
    description: Annotated[Storable, Field(max_length=4096)] | None = None
    file_ids: Annotated[list[str], Field(max_length=MOST_FILES)] | None = None
    chunking_strategy: ChunkingStrategy | None = None
    metadata: Metadata | None = None
    expires_after: ExpiresAfter | None = None


class StoreChange(Body):
    """What to change about a vector store."""

    name: Name | None = None
    description: Annotated[Storable, Field(max_length=4096)] | None = None
    metadata: Metadata | None = None
    expires_after: ExpiresAfter | None = None


@blp.post("/vector_stores")
@allow(scope="write")
@remembered(waits=lambda sent: bool(sent.get("file_ids")))
def create_vector_store() -> Response:
    """Make a vector store, and attach files to it."""
    given = body(NewStore)
    ids, owner_id = files_of(given.file_ids or []), caller_id()
    if ids:
        wishes.demand(owner_id, ids)
    days = given.expires_after.days if given.expires_after else None
    store = stores.create(owner_id, given.name, given.description, given.metadata, days)
    made(store.id)
    if ids:
        chunking = wanted(given.chunking_strategy)
        attaching.attach(owner_id, store.id, [Wish(each, None, chunking) for each in ids])
    return jsonify(_shown(stores.get(owner_id, store.id)))


@blp.get("/vector_stores")
@allow()
def list_vector_stores() -> dict[str, Any]:
    """List your vector stores: every collection is one."""
    window = Window()
    found = stores.list_(caller_id(), slice_of(window, Prefix.STORE))
    return listed([_shown(store) for store in found], window)


@blp.get("/vector_stores/<vector_store_id>")
@allow()
def get_vector_store(vector_store_id: str) -> dict[str, Any]:
    """Return a vector store, with how far its files are."""
    return _shown(stores.get(caller_id(), store_of(vector_store_id)))


@blp.post("/vector_stores/<vector_store_id>")
@allow(scope="write")
def change_vector_store(vector_store_id: str) -> dict[str, Any]:
    """Change a vector store; without `expires_after`, which may be null, it does not expire."""
    given = body(StoreChange)
    changes: dict[str, Any] = {
        "name": given.name,
        "description": given.description,
        "labels": given.metadata,
        "expires_days": given.expires_after.days if given.expires_after else None,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    if "expires_after" in given.raw and given.raw["expires_after"] is None:
        changes["expires_days"] = None
    return _shown(stores.change(caller_id(), store_of(vector_store_id), **changes))


@blp.delete("/vector_stores/<vector_store_id>")
@allow(scope="write")
def delete_vector_store(vector_store_id: str) -> dict[str, Any]:
    """Delete a vector store; uploaded files stay."""
    found = store_of(vector_store_id)
    stores.delete(caller_id(), found)
    return {
        "id": shown(Prefix.STORE, found),
        "object": "vector_store.deleted",
        "deleted": True,
    }


def _shown(store: Store) -> dict[str, Any]:
    status = "in_progress" if store.counts.get(FileState.IN_PROGRESS) else "completed"
    days, ends = store.expires_days, store.expires_at
    return {
        "id": shown(Prefix.STORE, store.id),
        "object": "vector_store",
        "created_at": int(store.created_at.timestamp()),
        "name": store.name,
        "description": store.description,
        "usage_bytes": store.usage,
        "file_counts": counts(store.counts),
        "status": "expired" if store.has_expired else status,
        "expires_after": days and {"anchor": "last_active_at", "days": days},
        "expires_at": int(ends.timestamp()) if ends else None,
        "last_active_at": int(store.last_active_at.timestamp()),
        "metadata": store.labels,
    }


def counts(found: Any) -> dict[str, int]:
    """Return how many files are in each state, and how many there are."""
    each = {state.value: found.get(state, 0) for state in FileState}
    return {**each, "total": sum(each.values())}
