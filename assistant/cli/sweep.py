"""`flask sweep`: the process that makes every job end, and keeps the installation whole."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.services import jobs
from assistant.services.operations import starting, trial_writes
from assistant.services.upkeep import Upkeep

logger = logging.getLogger(__name__)

# What upkeep does is done in steps that may be cut off anywhere.
LEAVE_SECONDS = 3
EXIT_CODE = 70


@click.command()
@click.option("--once", is_flag=True, help="Do one round of both and stop.")
@with_appcontext
def sweep(once: bool) -> None:
    """Run the sweeper: put back what dead workers had, ring lost bells, end what is overdue.

    Beside it runs upkeep: it restores indexes in Chroma from PostgreSQL, and removes files and
    rows that nobody needs any more.
    """
    starting.demand()
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
    trial_writes.keep_trying(app, uploads=True)
    # A thread of its own, since restoring an index takes long, and leases run out meanwhile.
    beside = threading.Thread(target=_keep_up, args=(app, upkeep, stopping), daemon=True)
    beside.start()
    rounds = Rounds(settings.stuck_seconds)
    rounds.watch()
    while not stopping.is_set():
        found = _round("swept", jobs.sweep)
        rounds.note()
        # As long as a duty has more to do than it may in a round, the next one comes at once.
        more = any(count >= jobs.SWEPT_AT_ONCE for count in found.values())
        stopping.wait(0 if more else settings.sweep_seconds)
    beside.join(LEAVE_SECONDS)


class Rounds:
    """Ends this process, to be started again, if a round does not come to its end."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last = time.monotonic()

    def note(self) -> None:
        """Say that a round has ended."""
        self._last = time.monotonic()

    def watch(self) -> None:
        """Look from a thread of its own from now on."""
        threading.Thread(target=self._look, name="watchdog", daemon=True).start()

    def _look(self) -> None:
        while time.monotonic() - self._last < self._patience:
            threading.Event().wait(self._patience / 10)
        logger.error("a round of the sweeper hangs: it ends, to be started again")
        os._exit(EXIT_CODE)


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
