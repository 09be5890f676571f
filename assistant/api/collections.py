"""Endpoints for collections of documents."""

import uuid
from typing import Any

from flask import Response, url_for

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.schemas.collections import (
    CollectionChangeSchema,
    CollectionCreationSchema,
    CollectionSchema,
)
from assistant.schemas.jobs import JobSchema
from assistant.schemas.paging import PageSchema
from assistant.security import allow, caller_id
from assistant.services.documents import collection_deletion, collections
from assistant.services.documents.collections import Counted

blp = StrictBlueprint(
    "collections", __name__, url_prefix="/collections", description="Where documents lie"
)


@blp.get("")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, CollectionSchema(many=True))
def list_collections(query: dict[str, Any]) -> Any:
    """List your collections, newest first."""
    page = responses.page(query)
    return responses.listed(collections.list_(caller_id(), page), page)


@blp.post("")
@allow(scope="write")
@blp.arguments(CollectionCreationSchema)
@idempotent()
@blp.response(201, CollectionSchema)
def create_collection(values: dict[str, Any]) -> Any:
    """Create a collection."""
    collection = collections.create(caller_id(), **values)
    place = url_for("collections.get_collection", collection_id=collection.id)
    return collection, 201, {"Location": place}


@blp.get("/<uuid:collection_id>")
@allow()
@blp.response(200, CollectionSchema)
def get_collection(collection_id: uuid.UUID) -> Counted:
    """Return a collection."""
    return collections.get(caller_id(), collection_id)


@blp.patch("/<uuid:collection_id>")
@allow(scope="write")
@blp.arguments(CollectionChangeSchema)
@blp.response(200, CollectionSchema)
@blp.alt_response(409, "CONFLICT")
def change_collection(values: dict[str, Any], collection_id: uuid.UUID) -> Counted:
    """Change a collection; new chunk settings count for what is indexed from now on."""
    return collections.change(caller_id(), collection_id, **values, seen=responses.seen())


@blp.delete("/<uuid:collection_id>")
@allow(scope="write")
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
def delete_collection(collection_id: uuid.UUID) -> Response:
    """Delete a collection with its documents: hidden at once, removed everywhere by a job."""
    return responses.accepted_job(collection_deletion.delete(caller_id(), collection_id))
