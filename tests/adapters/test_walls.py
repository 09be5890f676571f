"""A parser that a hostile file has taken over gets at nothing, really tried, as several users."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters.documents import apart, extract, landlock, seccomp, trial
from assistant.adapters.documents.confinement import FIRST_USER, USERS

# It has a secret in its environment, as workers have, and lets a hostile parser read a file.
WORKER = """
import sys
from pathlib import Path
from assistant.adapters.documents import forks, media, parser
forks.PROGRAM = "tests.adapters.hostile"
print(parser.SubprocessParser().start(Path(sys.argv[1]), media.PLAIN).result().text)
"""
ORDINARY = 60001
# What a process is and holds; of others, as of this one, only its parent.
INSIDES = {"environment", "memory", "open files", "folder"}
OPEN = {"network", "public file", "new file"}
WALLS = ("landlock", "user", "capabilities", "namespaces", "seccomp")


@dataclass
class Worker:
    """How a worker is started: by whom, and with which Python."""

    user: int
    python: str

    def command(self) -> list[str]:
        """Return the words to start it with."""
        if self.user == os.geteuid():
            return [self.python]
        user = str(self.user)
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return [*drop, self.python]


def is_open_to_all(path: Path) -> bool:
    """Return whether everybody comes to this file or folder."""
    path = path.resolve()
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path, *path.parents))


@pytest.fixture(scope="module")
def common_python() -> Iterator[str]:
    """Return a Python with our packages that every user may run; make an environment for it."""
    [packages] = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [Path(sys.base_prefix) / "bin", *map(Path, os.environ["PATH"].split(os.pathsep))]
    found = [folder / name for folder in folders if (folder / name).is_file()]
    python = next((path for path in found if is_open_to_all(path)), None)
    if python is None or not (is_open_to_all(packages) and is_open_to_all(apart.ROOT)):
        pytest.skip("Python, its packages or this project are closed to other users")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    (folder / f"lib/{name}").mkdir(parents=True)
    (folder / f"lib/{name}/site-packages").symlink_to(packages.resolve())
    yield str(folder / "bin/python")
    shutil.rmtree(folder)


@pytest.fixture(params=["whoever runs this", "root", "an ordinary user"])
def worker(request: pytest.FixtureRequest) -> Worker:
    """Return a worker of each kind that there can be here."""
    if request.param == "whoever runs this":
        return Worker(os.geteuid(), sys.executable)
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root may choose, and needs the program setpriv")
    user = 0 if request.param == "root" else ORDINARY
    return Worker(user, request.getfixturevalue("common_python"))


Attack = Callable[..., dict[str, Any]]


@pytest.fixture
def attack(worker: Worker) -> Iterator[Attack]:
    """Return a function that lets a worker read a hostile file, without some of the walls."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        folder = Path(name)
        folder.chmod(0o777)
        private = folder / "private"
        private.mkdir(0o700)
        (private / "file").touch(0o600)
        for path in (private, private / "file"):
            os.chown(path, worker.user, worker.user)
        wishes = {
            "processes": [os.getpid(), 1],
            "private": str(private / "file"),
            "public": str(folder / "stored"),
            "port": server.getsockname()[1],
        }

        def run(*without: str) -> dict[str, Any]:
            (folder / "stored").write_text(json.dumps({**wishes, "without": without}))
            done = subprocess.run(
                [*worker.command(), "-c", WORKER, str(folder / "stored")],
                env={"PYTHONPATH": str(apart.ROOT), "SECRET_KEY": "secret"},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stderr
            told: dict[str, Any] = json.loads(done.stdout)
            assert "SECRET_KEY" not in told["environment"]
            return told

        yield run


def test_nothing_is_reachable(attack: Attack) -> None:
    if landlock.version(ctypes.CDLL(None)) < landlock.SCOPES_SINCE:
        pytest.skip("this kernel's Landlock is missing or old")
    assert attack()["got"] == []


def test_without_landlock_no_process_is_reachable(attack: Attack, worker: Worker) -> None:
    told = attack("landlock")
    if told["user"] == worker.user != 0:
        pytest.skip("this system lets ordinary users make no namespace of their own")
    assert not INSIDES & set(told["got"])


def test_roots_parsers_have_users_of_their_own(attack: Attack, worker: Worker) -> None:
    if worker.user != 0 or not is_open_to_all(Path(worker.python)):
        pytest.skip("only root may take another user, and only where that one may run Python")
    told = attack("landlock", "namespaces")
    assert FIRST_USER <= told["user"] < FIRST_USER + USERS
    assert set(told["got"]) == OPEN


def test_a_root_that_may_not_change_its_user_gives_up_its_powers(
    attack: Attack, worker: Worker
) -> None:
    if worker.user != 0:
        pytest.skip("only root has them")
    assert not INSIDES & set(attack("landlock", "user", "namespaces")["got"])


def test_where_no_wall_is_allowed_files_are_parsed_all_the_same(attack: Attack) -> None:
    # This also shows that the attacks would succeed.
    got = set(attack(*WALLS)["got"])
    assert got == INSIDES | OPEN | {"signal", "private file", "private folder"}


def test_a_parser_stops_nobody_where_landlock_is_old_and_users_are_one(attack: Attack) -> None:
    if os.uname().machine not in seccomp.KNOWN:
        pytest.skip("the numbers of this architecture's calls are not known")
    walls = tuple(wall for wall in WALLS if wall != "seccomp")
    assert "signal" not in attack(*walls)["got"]


# Really has a signal sent to its parent, by a socket that becomes readable; then does what parsers
# and their libraries may go on doing.
OWNING = """
import ctypes, fcntl, os, signal, socket, struct, sys, termios
from assistant.adapters.documents import seccomp
libc = ctypes.CDLL(None, use_errno=True)
if sys.argv[1] == "confined":
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert seccomp.refuse_signals(libc)
parent, got = os.getppid(), []
mine, other = socket.socketpair()
owner = struct.pack("ii", 1, parent)
for name, attempt in {
    "F_SETSIG": lambda: fcntl.fcntl(mine, 10, signal.SIGUSR1),
    "F_SETOWN": lambda: fcntl.fcntl(mine, 8, parent),
    "F_SETOWN_EX": lambda: fcntl.fcntl(mine, 15, owner),
    "FIOSETOWN": lambda: fcntl.ioctl(mine, 0x8901, struct.pack("i", parent)),
    "SIOCSPGRP": lambda: fcntl.ioctl(mine, 0x8902, struct.pack("i", parent)),
}.items():
    try:
        attempt()
        got.append(name)
    except PermissionError:
        pass
fcntl.fcntl(mine, fcntl.F_SETFL, fcntl.fcntl(mine, fcntl.F_GETFL) | os.O_ASYNC)
other.send(b"x")
os.close(fcntl.fcntl(mine, fcntl.F_DUPFD_CLOEXEC, 0))
assert fcntl.ioctl(mine, termios.FIONREAD, bytes(4)) == struct.pack("i", 1)
print(*got)
"""


# A worker of its own: a signal that comes late would end the process of the tests.
SIGNALLED = """
import signal, subprocess, sys
came = []
signal.signal(signal.SIGUSR1, lambda *_: came.append(1))
done = subprocess.run([sys.executable, "-c", *sys.argv[1:]], timeout=50)
print("signalled" if came else "left alone")
sys.exit(done.returncode)
"""


@pytest.mark.parametrize("confined", [True, False])
def test_no_file_sends_a_signal_for_a_parser(confined: bool) -> None:
    if os.uname().machine not in seccomp.KNOWN:
        pytest.skip("the numbers of this architecture's calls are not known")
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, OWNING, "confined" if confined else "free"],
        cwd=apart.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    got = ["F_SETSIG", "F_SETOWN", "F_SETOWN_EX", "FIOSETOWN", "SIOCSPGRP"]
    reached, heard = done.stdout.splitlines()
    assert reached.split() == ([] if confined else got)
    assert heard == ("left alone" if confined else "signalled")


def test_the_trial_sees_which_walls_are_missing(tmp_path: Path) -> None:
    assert trial.reachable() == []
    private = tmp_path / "private"
    private.touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        got = trial._try_all(str(private), server.getsockname()[1], os.getpid())
    assert got == [
        *("the environment of its worker", "files of its worker", "signals to its worker"),
        "the network",
    ]


def test_no_library_of_a_format_starts_a_thread_which_no_wall_would_bind() -> None:
    modules = ", ".join(f"assistant.adapters.documents.{name}" for name in extract.MODULES.values())
    program = f"import os, {modules}; print(len(os.listdir('/proc/self/task')))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=apart.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "1\n", done.stderr
