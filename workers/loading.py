"""Import and load what jobs need, before this worker says that it is ready."""

import logging
import threading
import time
from collections.abc import Mapping

from flask import Flask

from assistant.database import SYSTEM
from assistant.errors import AssistantError
from assistant.extensions import adapters, settings
from assistant.models import Queue
from assistant.services.generation import languages
from assistant.services.generation.wording import whole_documents
from assistant.services.jobs import heartbeats
from assistant.services.retrieval import encoders

logger = logging.getLogger(__name__)

# A model may have to be fetched first, and its server may hang.
LOADING_SECONDS = 60.0
# A process that works on one job at a time claims none before; see `workers/jobs.py`.
done = threading.Event()
done.set()


def load(app: Flask, slots: Mapping[str, int]) -> None:
    """Return when all is loaded or cannot be, or when it takes too long.

    Work is taken meanwhile and waits for what it needs, so what needs less is done at once. What
    cannot be loaded is reported by each job that needs it.
    """
    # Quarantine, which is hardly ever used, takes no memory while it waits; it has a single thread.
    # Who draws pages needs none of it.
    queues = set(slots)
    if queues <= {Queue.QUARANTINE, Queue.PAGES}:
        return
    loading = threading.Thread(target=_load, args=(app, queues), name="loading", daemon=True)
    loading.start()
    give_up = time.monotonic() + LOADING_SECONDS
    while loading.is_alive() and (left := give_up - time.monotonic()) > 0:
        with app.app_context():
            _say(slots)
            loading.join(min(left, settings.sweep_seconds))
    if loading.is_alive():
        logger.warning("still loading; what needs the embedding model waits for it")


def _say(slots: Mapping[str, int]) -> None:
    """Say that this worker is coming, so that nobody believes that there is none."""
    try:
        heartbeats.beat(*map(heartbeats.loading_of, slots), slots=slots)
    except AssistantError as error:
        logger.warning("not said that this worker is loading: %s", error.detail)
    except Exception:
        logger.exception("not said that this worker is loading")


def _load(app: Flask, queues: set[str]) -> None:
    with app.app_context():
        try:
            adapters.make_all()
            if queues & {Queue.INDEXING, Queue.LONG_INDEXING}:
                adapters.parser.warm_up()
            if Queue.REPLIES in queues:
                languages.load()
                whole_documents.request_pattern()
            adapters.embedding_model.embed([""])
            _load_former()
        except AssistantError as error:
            logger.warning("not all is loaded: %s", error.detail)
        except Exception:
            logger.exception("not all is loaded")


def _load_former() -> None:
    """Load what indexes were made with that today's encoder has not replaced yet."""
    for name in encoders.former():
        try:
            encoders.encoder_of(SYSTEM, name).embed([""])
        except AssistantError as error:
            logger.warning("an index cannot be searched: %s", error.detail)
