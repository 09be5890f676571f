"""Import and load what jobs need, before this worker says that it is ready."""

import logging
import threading

from flask import Flask

from assistant.errors import AssistantError
from assistant.extensions import adapters
from assistant.models import Queue
from assistant.services.generation import languages

logger = logging.getLogger(__name__)

# A model may have to be fetched first, and its server may hang.
LOADING_SECONDS = 60.0
# A process that works on one job at a time claims none before; see `workers/jobs.py`.
done = threading.Event()
done.set()


def load(app: Flask, queues: set[str]) -> None:
    """Return when all is loaded or cannot be, or when it takes too long.

    Work is taken meanwhile and waits for what it needs, so what needs less is done at once. What
    cannot be loaded is reported by each job that needs it.
    """
    # Quarantine, which is hardly ever used, takes no memory while it waits; it has a single thread.
    # Who draws pages needs none of it.
    if queues <= {Queue.QUARANTINE, Queue.PAGES}:
        return
    loading = threading.Thread(target=_load, args=(app, queues), name="loading", daemon=True)
    loading.start()
    loading.join(LOADING_SECONDS)
    if loading.is_alive():
        logger.warning("still loading; what needs the embedding model waits for it")


def _load(app: Flask, queues: set[str]) -> None:
    with app.app_context():
        try:
            adapters.make_all()
            if Queue.REPLIES in queues:
                languages.load()
            adapters.embedding_model.embed([""])
        except AssistantError as error:
            logger.warning("not all is loaded: %s", error.detail)
        except Exception:
            logger.exception("not all is loaded")
