"""`flask sweep`: the process that makes every job end, and keeps the installation whole."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.services import jobs
from assistant.services.upkeep import Upkeep

logger = logging.getLogger(__name__)

# What upkeep does is done in steps that may be cut off anywhere.
LEAVE_SECONDS = 3


@click.command()
@click.option("--once", is_flag=True, help="Do one round of both and stop.")
@with_appcontext
def sweep(once: bool) -> None:
    """Run the sweeper: put back what dead workers had, ring lost bells, end what is overdue.

    Beside it runs upkeep: it restores indexes in Chroma from PostgreSQL, and removes files and
    rows that nobody needs any more.
    """
    upkeep = Upkeep()
    if once:
        _round("swept", jobs.sweep)
        _round("upkept", upkeep.round)
        return
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
    # A thread of its own, since restoring an index takes long, and leases run out meanwhile.
    beside = threading.Thread(target=_keep_up, args=(app, upkeep, stopping), daemon=True)
    beside.start()
    while not stopping.is_set():
        found = _round("swept", jobs.sweep)
        # As long as a duty has more to do than it may in a round, the next one comes at once.
        more = any(count >= jobs.SWEPT_AT_ONCE for count in found.values())
        stopping.wait(0 if more else settings.sweep_seconds)
    beside.join(LEAVE_SECONDS)


def _keep_up(app: Flask, upkeep: Upkeep, stopping: threading.Event) -> None:
    with app.app_context():
        while not stopping.wait(settings.upkeep_seconds):
            _round("upkept", upkeep.round)


def _round(what: str, work: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
    """Do one round and return what was done; whatever fails in it, the next one may work."""
    try:
        done = work()
        if any(done.values()):
            logger.info(what, extra=dict(done))
        return done
    except AssistantError as error:
        logger.warning("round skipped: %s", error.detail)
    except Exception:
        # Without rounds no job ends.
        logger.exception("round failed")
    return {}
