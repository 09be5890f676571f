"""Pictures of pages: drawn by a worker behind the parser's walls, and kept while there is room."""

import uuid
from pathlib import Path
from typing import Any

from assistant.adapters.page_cache import Picture
from assistant.database import transaction
from assistant.errors import NotFound, PermanentError
from assistant.extensions import adapters, settings
from assistant.models import Document, Queue
from assistant.services import worker_calls
from assistant.services.documents import pages
from assistant.services.documents.pages import Shown
from assistant.services.worker_calls import Call

DRAW = Call(
    task="pages.draw",
    queue=Queue.PAGES,
    # As many pictures as a browser asks for at once.
    most=6,
    away="Pages cannot be drawn at the moment. Try again.",
    silent="No worker has drawn the page in time. Check that one for `pages` runs, or try again.",
    unexpected="Something unexpected went wrong; the operator finds it in the log of `pages`.",
)
GONE = "The file that this page was read from is gone."


def image(
    owner_id: uuid.UUID, document_id: uuid.UUID, number: int, generation: int | None, dpi: int
) -> Path:
    """Return where the picture of a page lies, as PNG; a worker is asked for it if need be.

    Raises `Unavailable` if none answers in time, and `NotFound` for what cannot be drawn.
    """
    with transaction(owner_id) as session:
        page = pages.find(session, owner_id, document_id, number, generation)
    picture = _picture(page, dpi)
    if (path := adapters.page_cache.find(picture)) is not None:
        return path
    request = {
        "document_id": str(document_id),
        "generation": page.generation,
        "number": number,
        "dpi": dpi,
    }
    worker_calls.ask(DRAW, owner_id, request, settings.page_timeout)
    if (path := adapters.page_cache.find(picture)) is None:
        # It was deleted meanwhile, or the worker writes to another folder.
        raise NotFound(f"{GONE} If it is not, web and `pages` see different folders.")
    return path


def answer(call_id: str, request: dict[str, Any]) -> None:
    """Draw the page that `image` has asked for, and tell it so."""
    worker_calls.answer(DRAW, call_id, lambda: _draw(request))


def _draw(request: dict[str, Any]) -> str:
    owner_id, document_id = uuid.UUID(request["owner_id"]), uuid.UUID(request["document_id"])
    with transaction(owner_id) as session:
        page = pages.find(session, owner_id, document_id, request["number"], request["generation"])
    picture = _picture(page, request["dpi"])
    # Somebody else may have asked for the same while this waited.
    if adapters.page_cache.find(picture) is None:
        try:
            file = adapters.files.path(page.storage_key)
            drawn = adapters.page_artist.draw(file, page.media_type, page.number, picture.dpi)
        except FileNotFoundError:
            raise NotFound(GONE) from None
        except PermanentError as error:
            raise NotFound(error.detail) from error
        adapters.page_cache.keep(picture, drawn)
        _take_back_if_deleted(picture)
    return "drawn"


def _picture(page: Shown, dpi: int) -> Picture:
    return Picture(page.document.owner_id, page.document.id, page.generation, page.number, dpi)


def _take_back_if_deleted(picture: Picture) -> None:
    """Remove a picture of a document whose deletion began while it was drawn.

    One that is hidden later removes its pictures later, too.
    """
    with transaction(picture.owner_id) as session:
        document = session.get(Document, picture.document_id)
    if document is None or not document.is_live:
        adapters.page_cache.remove(picture)
        raise NotFound("This document is being deleted.")
