"""Searches: not jobs, but short tasks whose answer goes back through Redis."""

from typing import Any

from celery import shared_task

from assistant.services.retrieval import search


@shared_task(name="search.run")
def run(search_id: str, request: dict[str, Any]) -> None:
    """Search and send the answer to whoever waits under this id."""
    search.answer(search_id, request)
