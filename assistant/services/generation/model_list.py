"""The language models that may be asked for."""

import hashlib
import json
import logging
from dataclasses import dataclass

from assistant.config import EXTRACTIVE
from assistant.errors import TransientError, Unavailable
from assistant.extensions import adapters, cache, settings
from assistant.services.providers import choosing

logger = logging.getLogger(__name__)

CACHE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A model's id, and whether it answers where none is named."""

    id: str
    is_default: bool


def list_() -> list[LanguageModel]:
    """Return what the provider offers, the default one first; raises `Unavailable`.

    The default one is always there: servers without a list, and those that answer under any
    name, still answer with it. What needs no provider comes last.
    """
    default = settings.openai_model
    added = {name for provider in choosing.known() for name in provider.models}
    others = sorted({name for name in {*_offered(), *added} if name not in (default, EXTRACTIVE)})
    return [
        LanguageModel(default, is_default=True),
        *(LanguageModel(name, is_default=False) for name in [*others, EXTRACTIVE]),
    ]


def may_be_asked_for(name: str) -> bool:
    """Return whether the provider has a model, as far as it says; some take any name."""
    if name == settings.openai_model:
        return True
    try:
        offered = _offered()
    except Unavailable:
        return True
    return not offered or name in offered


def is_listed(name: str) -> bool:
    """Return whether the provider says that it has a model."""
    try:
        return name in _offered()
    except Unavailable:
        return False


def _offered() -> list[str]:
    server = hashlib.sha256((settings.openai_base_url or "").encode()).hexdigest()[:16]
    key = f"models:{server}"
    copy = cache.ask(lambda client: client.get(key))
    if copy is not None:
        known: list[str] = json.loads(copy)
        return known
    try:
        offered = adapters.model_list.ids()
    except TransientError as error:
        # Where the server is, is for operators.
        logger.warning("models not listed: %s", error.detail)
        raise Unavailable(
            "The model server does not say which models it has. Try again.", retry_after=5
        ) from None
    cache.ask(lambda client: client.set(key, json.dumps(offered), ex=CACHE_SECONDS))
    return offered
