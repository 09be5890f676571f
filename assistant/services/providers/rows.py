"""Servers of language models: added, listed, removed, and their keys sealed anew."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from assistant import addresses
from assistant.config import EXTRACTIVE
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, InvalidInput, NotFound
from assistant.extensions import adapters
from assistant.models import ModelProvider
from assistant.services.providers import choosing

# The server that OPENAI_BASE_URL names.
DEFAULT = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
LONGEST_MODEL, LONGEST_FALLBACK = 128, 161
DEAREST = 1_000_000
CAPABILITIES = ("tools", "json_schema", "vision", "reasoning")


def add(
    name: str, base_url: str, models: Sequence[str], *, key: str | None = None, **values: Any
) -> ModelProvider:
    """Add a server under a name of its own, for models that nobody else has."""
    if not NAME.fullmatch(name) or name == DEFAULT:
        raise InvalidInput(
            "A provider's name has 1 to 32 small letters, digits, dots, dashes and underscores, "
            f"and is not '{DEFAULT}', which is the server of OPENAI_BASE_URL."
        )
    if not models or EXTRACTIVE in models:
        raise InvalidInput(f"Name the models that it has; none of them is '{EXTRACTIVE}'.")
    _demand_sizes(models, values)
    try:
        base_url = addresses.http(base_url)
    except ValueError as error:
        raise InvalidInput(f"The address cannot be used: {error}.") from None
    sealed = adapters.sealing.seal(key) if key else None
    made = ModelProvider(
        name=name, base_url=base_url, sealed_key=sealed, models=list(models), **values
    )
    with transaction(SYSTEM) as session:
        others = session.scalars(select(ModelProvider)).all()
        if any(other.name == name for other in others):
            raise Conflict(f"There is a provider '{name}' already. Remove it first.")
        session.add(made)
        session.flush()
        session.refresh(made)
    choosing.forget()
    return made


def _demand_sizes(models: Sequence[str], values: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` for what its columns do not take, or what means nothing."""
    if any(not name or len(name) > LONGEST_MODEL for name in models):
        raise InvalidInput(f"A model's name has 1 to {LONGEST_MODEL} characters.")
    fallback = values.get("fallback")
    if fallback is not None and len(fallback) > LONGEST_FALLBACK:
        raise InvalidInput(f"The fallback's name has at most {LONGEST_FALLBACK} characters.")
    for name in ("input_price", "output_price"):
        price = values.get(name)
        if price is not None and not 0 <= price < DEAREST:
            raise InvalidInput(f"A price is from 0 to less than {DEAREST} for a million tokens.")


def list_() -> list[ModelProvider]:
    """Return all of them by name."""
    with transaction(SYSTEM) as session:
        return list(session.scalars(select(ModelProvider).order_by(ModelProvider.name)))


def remove(name: str) -> None:
    """Remove one; its models are then asked of the server of the settings."""
    with transaction(SYSTEM) as session:
        provider = session.get(ModelProvider, name)
        if provider is None:
            raise NotFound(f"There is no provider '{name}'.")
        session.delete(provider)
    choosing.forget()


def rekey() -> int:
    """Seal all keys with today's ENCRYPTION_KEY; return how many."""
    count = 0
    with transaction(SYSTEM) as session:
        kept = select(ModelProvider).where(ModelProvider.sealed_key.is_not(None))
        for provider in session.scalars(kept.with_for_update()):
            assert provider.sealed_key is not None
            opened = adapters.sealing.open(provider.sealed_key)
            provider.sealed_key = adapters.sealing.seal(opened)
            count += 1
    choosing.forget()
    return count
