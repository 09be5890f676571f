"""`flask sweep`: the process that makes every job end."""

import logging
import signal
import threading
from types import FrameType

import click
from flask.cli import with_appcontext

from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.services import jobs

logger = logging.getLogger(__name__)


@click.command()
@click.option("--once", is_flag=True, help="Do one round and stop.")
@with_appcontext
def sweep(once: bool) -> None:
    """Run the sweeper: put back what dead workers had, ring lost bells, end what is overdue."""
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping.is_set():
        try:
            found = jobs.sweep()
            if any(found.values()):
                logger.info("swept", extra=found)
        except AssistantError as error:
            logger.warning("round skipped: %s", error.detail)
        except Exception:
            # Whatever it was, the next round may work, and without rounds no job ends.
            logger.exception("round failed")
        if once:
            return
        stopping.wait(settings.sweep_seconds)
