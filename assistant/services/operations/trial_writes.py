"""Whether PostgreSQL, Chroma and the disks take what is written: tried aside, and remembered.

A server can read for days while nothing can be written. Each process tries for itself, since each
has connections, a temporary folder and limits of its own, and no request waits for it.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from flask import Flask, current_app
from sqlalchemy import text

from assistant.adapters.trials import ChromaTrial, write_file
from assistant.database import SYSTEM, transaction
from assistant.database_failures import cause_behind
from assistant.errors import TransientError, Unavailable
from assistant.extensions import settings
from assistant.services import upload_folder
from assistant.shortages import shortage_in

logger = logging.getLogger(__name__)

SECONDS = 10.0
# Longer than a trial and the time between two: the database gives up after 15 s.
SILENT_SECONDS = 40.0
DATABASE, CHROMA, UPLOADS = "database", "chroma", "uploads"
TEMPORARY, LOGS = "temporary files", "logs"

Part = Callable[[], None]

_WRITE = text(
    "INSERT INTO installation (id, tried_at) VALUES (1, now()) "
    "ON CONFLICT (id) DO UPDATE SET tried_at = excluded.tried_at"
)
# A row that changes in its place needs no room. What does not fit into this little memory goes to
# the disk, and is gone with the statement: 200 KB.
_LITTLE_MEMORY = text("SET LOCAL work_mem = '64kB'")
_SPILL = text("SELECT count(*) FROM generate_series(1, 10000)")


def write_database() -> None:
    """Change a row and use some of the disk of PostgreSQL; raises `Unavailable`."""
    with transaction(SYSTEM) as session:
        session.execute(_WRITE)
        session.execute(_LITTLE_MEMORY)
        session.execute(_SPILL)


class TrialWrites:
    """The parts that this process writes to, and what each said to the last trial."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.parts = dict(parts)
        self._found: dict[str, str] = {}
        self._told_at = dict.fromkeys(self.parts, time.monotonic())

    @property
    def found(self) -> dict[str, str]:
        """Return what is wrong with each part, in words that follow its name; `ok` if nothing is.

        A trial that hangs is wrong itself, such as on a disk in the network that is away.
        """
        now = time.monotonic()
        silent = {name: now - at for name, at in self._told_at.items() if now - at > SILENT_SECONDS}
        words = {name: f"has not answered for {seconds:.0f} s" for name, seconds in silent.items()}
        return {**self._found, **words}

    def round(self) -> None:
        """Try each part once; whoever reads meanwhile gets the answer of before."""
        for name in self.parts:
            self.trial(name)

    def trial(self, name: str) -> None:
        """Try one part."""
        try:
            self.parts[name]()
        except Exception as error:
            self._note(name, in_words(error))
        else:
            self._note(name, "ok")

    def _note(self, name: str, words: str) -> None:
        before = self._found.get(name, "ok")
        self._found[name] = words
        self._told_at[name] = time.monotonic()
        if words != before:
            # Said once, not in each round.
            level = logging.INFO if words == "ok" else logging.WARNING
            logger.log(level, "%s: %s", name, "takes writes again" if words == "ok" else words)


def in_words(error: Exception) -> str:
    """Say what is wrong with a part that has raised this."""
    if isinstance(error, Unavailable):
        cause = cause_behind(error)
        return cause.brief if cause else error.detail.partition(". ")[0]
    if isinstance(error, TransientError):
        return error.detail
    if (shortage := shortage_in(error)) is not None:
        return f"cannot be written: {shortage.what[0].lower()}{shortage.what[1:]}"
    said = getattr(error, "strerror", None) or type(error).__name__
    return f"cannot be written: {said}"


def parts(*, uploads: bool) -> dict[str, Part]:
    """Return what a process writes to; not each sees the folder of uploads."""
    found: dict[str, Part] = {DATABASE: write_database, TEMPORARY: write_file}
    log = settings.data_dir.absolute() / "log"
    if log.is_dir():
        found[LOGS] = lambda: write_file(log)
    if uploads:
        found[CHROMA] = ChromaTrial(settings.chroma_url).write
        found[UPLOADS] = _write_uploads
    return found


def _write_uploads() -> None:
    upload_folder.demand()
    write_file(settings.uploads)


def known() -> Mapping[str, str]:
    """Return what the last round in this process has found; nothing if there was none."""
    trials: TrialWrites | None = current_app.extensions.get("trial_writes")
    return trials.found if trials else {}


def keep_trying(app: Flask, *, uploads: bool) -> None:
    """Try each part in a thread of its own from now on, for as long as this process lives.

    One that hangs keeps the others from nothing.
    """
    with app.app_context():
        trials = app.extensions["trial_writes"] = TrialWrites(parts(uploads=uploads))

    def go_on(name: str) -> None:
        while True:
            with app.app_context():
                trials.trial(name)
            threading.Event().wait(SECONDS)

    for name in trials.parts:
        thread = threading.Thread(target=go_on, args=(name,), name=f"trial-{name}", daemon=True)
        thread.start()
