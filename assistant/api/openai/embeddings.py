"""Endpoint of embeddings."""

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from pydantic import Field

from assistant.api.hanging_up import while_connected
from assistant.api.openai.arguments import Body, body
from assistant.api.openai.blueprint import blp
from assistant.api.openai.remembering import remembered
from assistant.security import allow, caller_id
from assistant.services.model_calls import embeddings


class Embeddings(Body):
    """The body of a request for embeddings."""

    model: Annotated[str, Field(min_length=1)]
    input: Any
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: str | None = None


@blp.post("/embeddings")
@allow(scope="write")
@remembered(waits=True)
def create_embeddings() -> Response:
    """Turn texts into vectors, by the model that documents are searched with or another."""
    asked = body(Embeddings)
    owner_id = caller_id()
    return jsonify(while_connected(lambda: embeddings.embed(owner_id, asked.raw)))
