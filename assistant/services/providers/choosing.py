"""Choose who is asked for a model, and let nobody have more to do than is good for it."""

import time
import uuid
from collections.abc import Callable, Sequence

from flask import current_app
from sqlalchemy import select

from assistant.chat import Provider
from assistant.database import SYSTEM, transaction
from assistant.errors import TransientError
from assistant.extensions import adapters, cache
from assistant.models import ModelProvider

# So long a change is not seen by other processes.
KNOWN_SECONDS = 5.0
BUSY = "provider_busy"
# Whoever waits looks again so soon.
WAIT_SECONDS = 1.0

# Requests under way are kept with the moment at which they are certainly over.
_ENTER = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[3])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[2])))
return 1
"""
_KNOWN = "model_providers"


def forget() -> None:
    """Read them anew when they are next asked for, in this process."""
    current_app.extensions.pop(_KNOWN, None)


def known() -> Sequence[ModelProvider]:
    """Return all providers in the order in which they were added, as of a moment ago."""
    kept = current_app.extensions.get(_KNOWN)
    if kept is None or kept[0] < time.monotonic():
        with transaction(SYSTEM) as session:
            rows = session.scalars(select(ModelProvider).order_by(ModelProvider.created_at)).all()
        kept = current_app.extensions[_KNOWN] = (time.monotonic() + KNOWN_SECONDS, rows)
    rows_kept: Sequence[ModelProvider] = kept[1]
    return rows_kept


def found(model: str) -> tuple[ModelProvider, str] | None:
    """Return who has a model by this name, or by its own name before it, `lab/llama`.

    The second value is what it calls the model. None if that is for the server of the settings.
    """
    name, _, rest = model.partition("/")
    for row in known():
        if row.name == name and rest:
            return row, rest
    return next(((row, model) for row in known() if model in row.models), None)


class KnownProviders:
    """The providers in the database, for what asks models."""

    def of(self, model: str) -> Provider | None:
        """Return who has a model by this name; see `found`."""
        known_by = found(model)
        return None if known_by is None else _opened(*known_by)

    def enter(self, provider: Provider, seconds: float) -> Callable[[], None]:
        """Take a slot; while Redis is away, nobody counts."""
        slots = next((row.slots for row in known() if row.name == provider.name), None)
        if slots is None:
            return lambda: None
        key, member = f"provider:{provider.name}", uuid.uuid4().hex
        entered = cache.ask(lambda client: client.eval(_ENTER, 1, key, slots, seconds, member))
        if entered == 0:
            raise TransientError(
                f"The provider '{provider.name}' has {slots} requests under way, which is all that "
                "it may have at once.",
                code=BUSY,
                retry_after=WAIT_SECONDS,
                counted=False,
            )
        here = cache._get_current_object()  # type: ignore[attr-defined]  # a proxy

        def leave() -> None:
            here.ask(lambda client: client.zrem(key, member))

        return leave


def _opened(row: ModelProvider, model: str) -> Provider:
    return Provider(
        name=row.name,
        base_url=row.base_url,
        api_key=adapters.sealing.open(row.sealed_key) if row.sealed_key else "",
        model=model,
        context_tokens=row.context_tokens,
        fallback=row.fallback,
    )
