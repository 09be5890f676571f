"""Chooses the servers of a local run: those whose addresses nobody set."""

from collections.abc import Callable

import redis

from assistant.adapters.cache import connect
from assistant.adapters.redis_refusals import refusal_of
from assistant.config import Settings
from assistant.local.chroma import chroma_server
from assistant.local.errors import LocalRunError
from assistant.local.folder import DataFolder
from assistant.local.model import model_server
from assistant.local.ports import free_port
from assistant.local.postgres import postgres_server
from assistant.local.program import Server
from assistant.local.valkey import valkey_server

READ_SECONDS = 3.0


def require_answers(settings: Settings, chosen: set[str]) -> None:
    """Raise `LocalRunError` for a Redis of somebody's own that does not take us.

    The application would start all the same, and wait for it.
    """
    if "redis_url" not in chosen:
        return
    try:
        with connect(settings.redis_url, read_timeout=READ_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        refusal = refusal_of(error)
        raise LocalRunError(
            f"The Redis of REDIS_URL {refusal.what}: {error}. {refusal.advice} Without REDIS_URL "
            "this run starts one of its own."
        ) from None


def missing_servers(
    folder: DataFolder, settings: Settings, chosen: set[str], *, with_model: bool
) -> list[Server]:
    """Make every server that `chosen`, the names of the settings somebody set, does not name."""
    context = settings.context_tokens if "context_tokens" in chosen else None
    makers: list[tuple[set[str], Callable[[int], Server]]] = [
        ({"database_url"}, lambda port: postgres_server(folder.path, folder.secrets, port)),
        ({"redis_url"}, lambda port: valkey_server(folder.path, folder.secrets, folder.run, port)),
        ({"chroma_url"}, lambda port: chroma_server(folder.path, port)),
    ]
    if with_model:
        # A key alone means OpenAI itself.
        names = {"openai_base_url", "openai_api_key"}
        makers.append((names, lambda port: model_server(folder.secrets, folder.run, port, context)))
    return [make(free_port()) for names, make in makers if not names & chosen]
