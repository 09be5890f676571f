"""Searches: not jobs, but short tasks whose answer goes back through Redis."""

from typing import Any

from celery import shared_task

from assistant.services.retrieval import search


@shared_task(name="search.run")
def run(search_id: str, request: dict[str, Any]) -> None:
    """Search and send the answer to whoever waits under this id."""
    search.answer(search_id, request)


@shared_task(name="search.filtered")
def run_filtered(search_id: str, request: dict[str, Any]) -> None:
    """Do the same, where filters were given that workers of earlier releases do not know."""
    search.answer(search_id, request)


@shared_task(name="search.by_attributes")
def run_by_attributes(search_id: str, request: dict[str, Any]) -> None:
    """Do the same, where attributes are filtered by, which are newer still."""
    search.answer(search_id, request)
