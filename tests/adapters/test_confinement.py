"""What a parser's process may do, and that it leaves nothing behind."""

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from assistant.adapters.documents import apart, forks, media, parser
from assistant.adapters.documents.forks import Forks
from assistant.adapters.documents.parser import SubprocessParser
from assistant.errors import PermanentError, TransientError
from assistant.ports import ParsedDocument
from tests.adapters.files import slow_pdf

PROGRAM = """
import json, os, sys
from assistant.adapters.documents import extract, fork_server
from assistant.adapters.documents.confinement import confine

def main(media_type, parent):
    confine(parent, 0)
    exec({program!r})
    sys.stdout.flush()
    os._exit(0)

extract.main = main
fork_server.main()
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ParsedDocument]]:
    servers = Forks()

    def run(program: str, **limits: float) -> ParsedDocument:
        script = tmp_path / "program.py"
        script.write_text(PROGRAM.format(program=program))
        (tmp_path / "stored").write_bytes(b"x")
        started = subprocess.Popen

        def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
            return started([*command[:4], str(script)], **options)  # type: ignore[call-overload]  # the options of the real call

        monkeypatch.setattr(apart.subprocess, "Popen", popen)
        monkeypatch.setattr(parser, "FORKS", servers)
        return SubprocessParser(**limits).start(tmp_path / "stored", media.PLAIN).result()  # type: ignore[arg-type]  # numbers

    yield run
    servers.stop()


# What a program says that was not stopped.
ANSWER = """print('{"text": "x", "page_starts": []}')"""


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (f"x = bytearray(3 * 1024**3); {ANSWER}", "broken_file"),
        ("import os; os.abort()", "broken_file"),
        ("import time; time.sleep(60)", "parse_timeout"),
        ("while True: sys.stdout.write('x' * 65536)", "too_large_to_parse"),
        (f"open(sys.argv[0] + '.out', 'w').write('x' * 9); {ANSWER}", "broken_file"),
        (f"os.write(os.memfd_create('x'), b'x' * 9); {ANSWER}", "broken_file"),
        ("print('{not json')", "broken_file"),
        ("os.close(1); import time; time.sleep(60)", "too_large_to_parse"),
    ],
)
def test_limits(run: Callable[..., ParsedDocument], program: str, code: str) -> None:
    begin = time.monotonic()
    with pytest.raises(PermanentError) as caught:
        run(program, timeout=1.0 if code == "parse_timeout" else 4.0, max_answer=1_000_000)
    assert caught.value.code == code
    assert time.monotonic() - begin < 5


SEES = """
seen = [*os.environ]
for number in range(5000):
    try:
        os.fstat(number)
        seen.append(str(number))
    except OSError:
        pass
print(json.dumps({'text': ' '.join(seen), 'page_starts': []}))
"""


def test_sees_no_secrets_and_no_other_files(
    run: Callable[..., ParsedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    found = run(SEES).text.split()
    assert "OPENAI_API_KEY" not in found
    # The standard streams.
    assert sorted(name for name in found if name.isdigit()) == ["0", "1", "2"]


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a file that is read for longer than any test lasts."""
    path = tmp_path / "slow.pdf"
    path.write_bytes(slow_pdf())
    return path


def test_leaves_no_process_behind(slow: Path) -> None:
    parsing = SubprocessParser(timeout=1.0).start(slow, media.PDF)
    with pytest.raises(PermanentError) as caught:
        parsing.result()
    assert caught.value.code == "parse_timeout"
    assert not Path(f"/proc/{parsing._process.pid}").exists()


@pytest.mark.parametrize("in_the_middle", [False, True])
def test_an_aborted_parse_ends_at_once(slow: Path, in_the_middle: bool) -> None:
    parsing = SubprocessParser().start(slow, media.PDF)
    process = psutil.Process(parsing._process.pid)
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(parsing.result)
        while in_the_middle and process.cpu_times().user < 0.5:
            assert not result.done()
        asked_at = time.monotonic()
        parsing.abort()
        # What the future of the pool raises, too, but that was not cancelled.
        with pytest.raises(CancelledError):
            result.result(10)
    assert not result.cancelled()
    assert time.monotonic() - asked_at < 1
    assert not process.is_running()


def test_to_abort_what_has_ended_hurts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stored"
    path.write_text("text")
    parsing = SubprocessParser().start(path, media.PLAIN)
    assert parsing.result().text == "text"
    killed: list[int] = []
    # The process's id may be somebody else's by now.
    monkeypatch.setattr(apart.os, "killpg", lambda group, _: killed.append(group))
    parsing.abort()
    assert killed == []


WORKER = """
import sys, time
from pathlib import Path
from assistant.adapters.documents import media, parser
parsing = parser.SubprocessParser().start(Path(sys.argv[1]), media.PDF)
print(parsing._process.pid, parser.FORKS._server.pid, flush=True)
time.sleep(60)
"""


def is_gone(pid: int) -> bool:
    """Return whether a process has ended; an orphan stays as a zombie until init collects it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def demand_gone(*pids: int) -> None:
    deadline = time.monotonic() + 5
    while not all(map(is_gone, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_parser_and_server_die_with_their_worker(slow: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(slow)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(apart.ROOT)},
    )
    assert worker.stdout is not None
    pids = list(map(int, worker.stdout.readline().split()))
    assert len(pids) == 2
    assert not any(map(is_gone, pids))
    worker.kill()
    worker.wait(5)
    demand_gone(*pids)


@pytest.fixture
def server() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.stop()


def test_a_parser_dies_with_its_server_and_the_next_has_another(server: Forks, slow: Path) -> None:
    with slow.open("rb") as file:
        fork = server.start(media.PDF, file)
        assert server._server is not None
        killed = server._server.pid
        psutil.Process(killed).kill()
        with pytest.raises(TransientError) as caught:
            fork.end(5)
        assert caught.value.code == "parser_lost"
        demand_gone(fork.pid)
        with server.start(media.PDF, file) as another:
            assert not is_gone(another.pid)
            assert server._server.pid != killed
        demand_gone(another.pid)


def test_what_is_missing_here_ends_no_server(
    server: Forks, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with slow.open("rb") as file, server.start(media.PDF, file) as fork:
        monkeypatch.setattr(forks.os, "pipe", refuse)
        with pytest.raises(OSError, match="too many"):
            server.start(media.PDF, file)
        assert not is_gone(fork.pid)


def test_a_server_that_does_not_answer_is_replaced(
    server: Forks, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.warm_up()
    assert server._server is not None
    hanging = psutil.Process(server._server.pid)
    hanging.suspend()
    monkeypatch.setattr(forks, "START_SECONDS", 3.0)
    with slow.open("rb") as file, server.start(media.PDF, file) as fork:
        assert not is_gone(fork.pid)
    assert is_gone(hanging.pid)


def test_parses_in_threads(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("same text")
    before = threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(
            lambda _: SubprocessParser().start(path, media.PLAIN).result().text, range(24)
        )
        assert set(results) == {"same text"}
    assert threading.active_count() == before


def test_starts_quickly(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("text")
    seconds = []
    # One start is enough; others may find the processors busy.
    while not seconds or (min(seconds) >= 0.05 and len(seconds) < 40):
        begin = time.monotonic()
        SubprocessParser().start(path, media.PLAIN).result()
        seconds.append(time.monotonic() - begin)
    assert min(seconds) < 0.05
