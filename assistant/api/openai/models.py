"""Endpoints that list language models."""

from typing import Any

from assistant.api.openai.arguments import listed
from assistant.api.openai.blueprint import blp
from assistant.errors import UnknownModel
from assistant.security import allow
from assistant.services.generation import model_list
from assistant.services.model_calls import embeddings


@blp.get("/models")
@allow()
def list_models() -> dict[str, Any]:
    """List the models that a request may name, the default one first."""
    return listed([_shown(model.id) for model in model_list.list_()])


@blp.get("/models/<path:model_id>")
@allow()
def get_model(model_id: str) -> dict[str, Any]:
    """Return a model."""
    known = any(model.id == model_id for model in model_list.list_())
    # Those that embed are not listed: programs would offer them for a chat.
    if not known and not embeddings.is_own(model_id):
        raise UnknownModel(
            f"The model {model_id[:100]!r} does not exist. GET /v1/models lists all."
        )
    return _shown(model_id)


def _shown(model_id: str) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": 0, "owned_by": "assistant"}
