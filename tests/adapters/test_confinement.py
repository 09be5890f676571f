"""What a parser's process may do, and that it leaves nothing behind."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from assistant.adapters.documents import apart, media
from assistant.adapters.documents.parser import SubprocessParser
from assistant.errors import PermanentError
from assistant.ports import ParsedDocument
from tests.adapters.files import slow_pdf


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ParsedDocument]:
    def run(program: str, **limits: float) -> ParsedDocument:
        script = tmp_path / "program.py"
        script.write_text(
            "import os, sys, json\n"
            "from assistant.adapters.documents.confinement import confine\n"
            f"confine(int(sys.argv[-1]), 0)\n{program}\n"
        )
        (tmp_path / "stored").write_bytes(b"x")
        started = subprocess.Popen

        def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
            arguments = [*command[:4], str(script), command[-1]]
            return started(arguments, **options)  # type: ignore[call-overload]  # the options of the real call

        monkeypatch.setattr(apart.subprocess, "Popen", popen)
        return SubprocessParser(**limits).start(tmp_path / "stored", media.PLAIN).result()  # type: ignore[arg-type]  # numbers

    return run


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


def test_the_parser_dies_with_its_worker(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os, sys, time\n"
        "from assistant.adapters.documents.confinement import confine\n"
        "confine(os.getppid(), 0); print(os.getpid(), flush=True); time.sleep(60)\n"
    )
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; subprocess.run([sys.executable, "
            f"{str(tmp_path / 'slow.py')!r}], timeout=50)",
        ],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(apart.ROOT)},
    )
    assert worker.stdout is not None
    pid = int(worker.stdout.readline())
    worker.kill()
    worker.wait(5)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        # An orphan waits as a zombie until init collects it.
        if " Z " in Path(f"/proc/{pid}/stat").read_text():
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{pid}").exists()


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
    while not seconds or (min(seconds) >= 0.15 and len(seconds) < 40):
        begin = time.monotonic()
        SubprocessParser().start(path, media.PLAIN).result()
        seconds.append(time.monotonic() - begin)
    assert min(seconds) < 0.15
