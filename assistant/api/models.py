"""Endpoint that lists the language models that questions may name."""

from assistant.api.arguments import StrictBlueprint
from assistant.schemas.models import LanguageModelSchema
from assistant.security import allow
from assistant.services.generation import model_list
from assistant.services.generation.model_list import LanguageModel

blp = StrictBlueprint("models", __name__, url_prefix="/models", description="What answers")


@blp.get("")
@allow()
@blp.response(200, LanguageModelSchema(many=True))
@blp.alt_response(503, "SERVICE_UNAVAILABLE")
def list_models() -> list[LanguageModel]:
    """List the models that questions may name, the default one first."""
    return model_list.list_()
