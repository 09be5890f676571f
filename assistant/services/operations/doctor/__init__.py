"""Checks of everything that the application needs, each with words on what to do."""

import threading
from collections.abc import Callable, Sequence

from flask import current_app

from assistant.services.operations.doctor.database import check_database
from assistant.services.operations.doctor.finding import Finding, Status, fail
from assistant.services.operations.doctor.installation import (
    check_disks,
    check_embedder,
    check_parsers,
    check_settings,
    check_uploads,
)
from assistant.services.operations.doctor.model import check_answers, check_model
from assistant.services.operations.doctor.recognition import check_recognition
from assistant.services.operations.doctor.references import check_references
from assistant.services.operations.doctor.servers import check_chroma, check_redis, check_workers

__all__ = ["Finding", "Status", "examine"]

SECONDS = 10.0
# Loading the embedding model and one answer of a slow language model.
DEEP_SECONDS = 90.0

Check = Callable[[], list[Finding]]


def examine(*, deep: bool = False, seconds: float | None = None) -> list[Finding]:
    """Do all checks at the same time, and return what each found.

    Each has a thread of its own, so that one that hangs delays nobody else: it is given up after
    `seconds` and named.
    """
    checks: list[tuple[str, Check]] = [
        ("PostgreSQL", check_database),
        ("references", check_references),
        ("Redis", check_redis),
        ("Chroma", check_chroma),
        ("language model", lambda: check_model(deep=deep)),
        ("answers", check_answers),
        ("embedding model", lambda: check_embedder(deep=deep)),
        ("workers", check_workers),
        ("uploads", check_uploads),
        ("temporary files", check_disks),
        ("parsers", check_parsers),
        ("text recognition", check_recognition),
        ("settings", check_settings),
    ]
    limit = seconds or (DEEP_SECONDS if deep else SECONDS)
    found: dict[str, list[Finding]] = {}
    threads = [_start(name, check, found) for name, check in checks]
    _join(threads, limit)
    given_up = f"The check did not come to an end in {limit:g} s."
    return [
        finding
        for name, _ in checks
        for finding in found.get(
            name, [fail(name, given_up, "See whether the server is overloaded or unreachable.")]
        )
    ]


def _start(name: str, check: Check, found: dict[str, list[Finding]]) -> threading.Thread:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy

    def work() -> None:
        with app.app_context():
            try:
                found[name] = check()
            except Exception as error:
                what = f"The check itself failed: {type(error).__name__}: {error}"
                found[name] = [fail(name, what.splitlines()[0], "Please report this.")]

    thread = threading.Thread(target=work, name=f"doctor-{name}", daemon=True)
    thread.start()
    return thread


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    all_done = threading.Event()

    def wait() -> None:
        for thread in threads:
            thread.join()
        all_done.set()

    threading.Thread(target=wait, daemon=True).start()
    all_done.wait(seconds)
