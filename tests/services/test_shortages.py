"""What the machine lacks is waited for, and named; a limit that we set is the file's own fault."""

import errno
import os
import resource
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade

from assistant.adapters.documents import fork_server
from assistant.adapters.documents.forks import Forks
from assistant.app import create_app
from assistant.database import db
from assistant.errors import NotFound, PermanentError, TransientError, Unavailable
from assistant.extensions import adapters
from assistant.models import Job
from assistant.services import jobs, upload_folder
from assistant.services.documents import documents, texts
from assistant.services.generation import languages
from assistant.services.jobs import Run
from assistant.services.jobs.leases import leases
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.upkeep.files import Files
from assistant.shortages import shortage_in
from tests.factories import change_rows

from .conftest import Configure
from .factories import (
    ask,
    attempts_of,
    document_of,
    job_of,
    pass_time,
    perform,
    reindex,
    sql,
    upload,
)


def do(job: Job, error: Exception) -> Job:
    """Do a job whose work raises this."""

    def work(run: Run) -> dict[str, Any]:
        raise error

    jobs.run(str(job.id), work)
    return job_of(job)


def caused_by(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (OSError(errno.EMFILE, "Too many open files"), "too_many_open_files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "too_many_open_files"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "too_many_processes"),
        (OSError(errno.EROFS, "Read-only file system"), "disk_read_only"),
        (MemoryError(), "out_of_memory"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in []"), "disk_full"),
        (
            # As a client of HTTP says it of its socket.
            caused_by(TransientError("Chroma does not answer."), OSError(errno.EMFILE, "")),
            "too_many_open_files",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_machine_lacks_spends_no_attempt(
    owner: uuid.UUID, error: Exception, code: str
) -> None:
    job = ask(owner)
    for _ in range(8):
        waits = do(job, error)
        assert (waits.state, waits.failures) == ("queued", 0)
        assert waits.error["code"] == code  # type: ignore[index]
        assert "unexpected" not in waits.error["detail"]  # type: ignore[index]
        pass_time(job)
    jobs.run(str(job.id), lambda run: {})
    assert job_of(job).state == "succeeded"


def test_other_errors_of_the_system_are_counted_as_before(owner: uuid.UUID) -> None:
    job = ask(owner)
    back = do(job, FileNotFoundError(errno.ENOENT, "No such file"))
    assert (back.state, back.failures) == ("queued", 1)
    assert shortage_in(ConnectionResetError(errno.ECONNRESET, "reset")) is None


def test_a_database_that_is_full_is_named_in_the_job(owner: uuid.UUID) -> None:
    waits = do(ask(owner), Unavailable("The disk is full.", code="database_disk_full"))
    assert (waits.state, waits.failures) == ("queued", 0)
    assert waits.error["code"] == "database_disk_full"  # type: ignore[index]


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open nothing more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in held:
            os.close(descriptor)


def test_a_document_waits_for_file_descriptors(owner: uuid.UUID) -> None:
    # What keeps connections open has them already.
    assert perform(upload(owner, "The harbour opens at six.")).state == "succeeded"
    job = upload(owner, "The harbour closes at nine.")
    with no_more_files():
        waits = perform(job)
    assert (waits.state, waits.failures) == ("queued", 0)
    assert waits.error["code"] == "too_many_open_files"  # type: ignore[index]
    pass_time(job)
    assert perform(job).state == "succeeded"


def test_a_parser_for_which_there_is_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server of parsers lives in a process of its own, which gets the same code."""
    broken = (
        "import errno, os, sys\n"
        "def fork(): raise OSError(errno.ENOMEM, 'Cannot allocate memory')\n"
        "os.fork = fork\n"
        "from assistant.adapters.documents import fork_server\n"
        "fork_server.main()\n"
    )
    start = subprocess.Popen
    monkeypatch.setattr(
        "assistant.adapters.documents.apart.subprocess.Popen",
        lambda words, **options: start([sys.executable, "-c", broken], **options),
    )
    file = tmp_path / "a.txt"
    file.write_text("Text.")
    server = Forks()
    try:
        with file.open("rb") as opened, pytest.raises(OSError, match="memory") as caught:
            server.start("text/plain", opened)
        assert caught.value.errno == errno.ENOMEM
        killed = server._server
        # It lives on, for when there is memory again.
        with file.open("rb") as opened, pytest.raises(OSError, match="memory"):
            server.start("text/plain", opened)
        assert server._server is killed
    finally:
        server.stop()
    assert fork_server.NUMBER.unpack(fork_server.NUMBER.pack(-errno.ENOMEM)) == (-errno.ENOMEM,)


@pytest.mark.parametrize(("room", "code"), [(64, "too_large_to_parse"), (0, "out_of_memory")])
def test_a_limit_of_ours_is_told_from_a_machine_without_memory(room: int, code: str) -> None:
    """Without room above the limit nothing more can be had, as on a machine that has no more."""
    script = (
        "import resource, sys\n"
        "from assistant.adapters.documents.confinement import memory_error\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "most = used + 8 * 2**20\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (most, most + {room} * 2**20))\n"
        "try:\n"
        "    bytearray(256 * 2**20)\n"
        "except MemoryError:\n"
        "    print(memory_error())\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == code, done.stderr


def test_languages_are_told_apart_without_a_temporary_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkdtemp", "mkstemp"):
        monkeypatch.setattr(f"tempfile.{name}", full)
    languages._identifier.cache_clear()
    assert languages.detect("Wann öffnet am Morgen der Hafen, und wie lange ist er offen?") == "de"
    assert languages.detect("When does the harbour open in the morning, and for how long?") == "en"


# The folder of uploads.


@pytest.fixture
def folder(configure: Configure, tmp_path: Path) -> Path:
    """Return a folder of uploads of the test's own, which is the right one."""
    configure(upload_dir=tmp_path)
    adapters.files.mark()
    return tmp_path


def lose(job: Job) -> Path:
    """Remove the file of a document, and what was read of its bytes elsewhere."""
    path = adapters.files.path(document_of(job).storage_key)
    path.unlink()
    return path


def test_a_lost_file_ends_as_such(owner: uuid.UUID, folder: Path) -> None:
    job = upload(owner, "Nobody will ever read this.")
    lose(job)
    ended = perform(job)
    assert (ended.state, ended.attempt) == ("failed", 1)
    assert ended.error["code"] == "file_gone"  # type: ignore[index]
    assert ended.error["detail"].endswith("is gone: upload it again.")  # type: ignore[index]
    with pytest.raises(NotFound, match="upload it again"):
        documents.content(owner, document_of(job).id)


def test_what_was_searchable_stays_so_without_its_file(
    owner: uuid.UUID, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = upload(owner, "The lighthouse keeper feeds the gulls at noon.")
    assert perform(first).state == "succeeded"
    lose(first)
    # A newer reader would read the file again.
    monkeypatch.setattr(texts, "_read_before", lambda *_: None)
    ended = perform(reindex(owner, document_of(first).id))
    assert ended.error["code"] == "file_gone"  # type: ignore[index]
    asked = Question(owner, "Who feeds the gulls?")
    assert retrieval.find(retrieval.Scope(owner), asked, 3)
    text, *_ = documents.text_slice(owner, document_of(first).id, 0, None, None)
    assert text.startswith("The lighthouse keeper")
    assert document_of(first).generation > 0


def test_without_their_volume_jobs_wait_and_nothing_is_removed(
    owner: uuid.UUID, folder: Path
) -> None:
    job = upload(owner, "This lies on the volume.")
    path, marker = lose(job), folder / "uploads.marker"
    content = b"This lies on the volume."
    marker.unlink()
    waits = perform(job)
    assert (waits.state, waits.failures) == ("queued", 0)
    assert waits.error["code"] == "uploads_not_mounted"  # type: ignore[index]
    with pytest.raises(Unavailable) as caught:
        upload(owner, "Not written beside the volume.")
    assert caught.value.code == "uploads_not_mounted"
    assert not list(folder.rglob("*.txt"))
    stray = folder / str(owner) / str(uuid.uuid4())
    stray.write_text("belongs to nobody")
    os.utime(stray, (0, 0))
    with pytest.raises(Unavailable):
        Files().round()
    assert stray.exists()
    with pytest.raises(Unavailable):
        documents.content(owner, document_of(job).id)
    # The volume is back. One of an earlier release has no marker yet, but what rows name.
    path.write_bytes(content)
    assert upload_folder.path_of(document_of(job).storage_key) == path
    assert Files().round()["files_removed"] == 1
    assert marker.exists()
    pass_time(job)
    assert perform(job).state == "succeeded"
    assert [attempt.outcome for attempt in attempts_of(job)] == ["retried", "succeeded"]


def test_a_new_installation_marks_its_folder(app: Flask, scratch_url: str, tmp_path: Path) -> None:
    fresh = create_app(
        database_url=scratch_url, database_admin_url=scratch_url, upload_dir=tmp_path / "new"
    )
    try:
        with fresh.app_context():
            upgrade()
            upload_folder.demand()
            assert adapters.files.is_marked()
            with pytest.raises(PermanentError, match="upload it again"):
                upload_folder.path_of("a/b")
            db.engine.dispose()
    finally:
        app.extensions["celery"].set_current()
        app.extensions["celery"].set_default()


def test_an_end_that_the_database_does_not_take_is_waited_for(
    app: Flask, owner: uuid.UUID, configure: Configure
) -> None:
    """Longer than the tries for a database that is away, and than a lease: no work is lost."""
    configure(lease_seconds=1.2, heartbeat_seconds=0.2)
    job = ask(owner)
    role = sql("SELECT current_user")[0][0]

    def renew_and_grant() -> None:
        with app.app_context():
            give_up = time.monotonic() + 2.5
            while time.monotonic() < give_up:
                leases().renew()
                time.sleep(0.1)
            change_rows(f'GRANT INSERT, UPDATE ON job_attempts TO "{role}"')

    beside = threading.Thread(target=renew_and_grant)

    def work(run: Run) -> dict[str, Any]:
        change_rows(f'REVOKE INSERT, UPDATE ON job_attempts FROM "{role}"')
        beside.start()
        return {}

    jobs.run(str(job.id), work)
    beside.join()
    ended = job_of(job)
    assert (ended.state, ended.attempt, ended.lease_losses) == ("succeeded", 1, 0)
