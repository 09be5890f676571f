"""Embeddings of texts that clients send: not jobs, but short tasks that somebody waits for."""

from typing import Any

from celery import shared_task

from assistant.services.retrieval import given_texts


@shared_task(name="embeddings.run")
def run(call_id: str, request: dict[str, Any]) -> None:
    """Embed texts and send their vectors to whoever waits under this id."""
    given_texts.answer(call_id, request)
