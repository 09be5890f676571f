"""Pictures of pages: not jobs, but short tasks that somebody waits for."""

from typing import Any

from celery import shared_task

from assistant.services.documents import page_images


@shared_task(name="pages.draw")
def draw(call_id: str, request: dict[str, Any]) -> None:
    """Draw a page into the cache and tell whoever waits under this id."""
    page_images.answer(call_id, request)
