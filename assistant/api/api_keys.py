"""Endpoints for keys with which programs call the API."""

import uuid
from typing import Any

from flask import url_for

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.models import ApiKey
from assistant.schemas.api_keys import KeyCreationSchema, KeySchema, MadeKeySchema
from assistant.schemas.paging import PageSchema
from assistant.security import allow, caller, caller_id
from assistant.services.accounts import api_keys

blp = StrictBlueprint("api_keys", __name__, url_prefix="/api-keys", description="Programs' keys")


@blp.get("")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, KeySchema(many=True))
def list_api_keys(query: dict[str, Any]) -> Any:
    """List your API keys, newest first."""
    page = responses.page(query)
    return responses.listed(api_keys.list_(caller_id(), page), page)


# It takes no Idempotency-Key: the answer would be kept, and the key's text with it.
@blp.post("")
@allow(scope="write")
@blp.arguments(KeyCreationSchema)
@blp.response(201, MadeKeySchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def create_api_key(values: dict[str, Any]) -> Any:
    """Make an API key; its text is in this answer and nowhere else.

    A key can make another one that can do no more than itself, for no longer.
    """
    made, text = api_keys.create(caller(), **values)
    body = {**responses.values_of(made, KeySchema), "key": text}
    return body, 201, {"Location": url_for("api_keys.get_api_key", key_id=made.id)}


@blp.get("/<uuid:key_id>")
@allow()
@blp.response(200, KeySchema)
def get_api_key(key_id: uuid.UUID) -> ApiKey:
    """Return an API key, without its text."""
    return api_keys.get(caller_id(), key_id)


@blp.delete("/<uuid:key_id>")
@allow(scope="write")
@blp.response(204)
@blp.alt_response(403, "FORBIDDEN")
def revoke_api_key(key_id: uuid.UUID) -> None:
    """Revoke an API key: it is worthless at once, also where something is being followed.

    A key can revoke itself and no other.
    """
    api_keys.revoke(caller(), key_id)
