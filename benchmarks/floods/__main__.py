"""Every attack against the running stack, with a neighbour beside it.

`python -m benchmarks.floods [ATTACK …]`: idle and attacked in turn, on one stack. `SECONDS` is how
long each lasts, `ROUNDS` how often. All of it shares one machine.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.config import read_settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from benchmarks.accept import cpu_name, serving, sign_in
from benchmarks.floods.attacks import ATTACKS
from benchmarks.floods.neighbour import Neighbour, Times
from benchmarks.stack import Whole, whole_stack

SECONDS = float(os.environ.get("SECONDS") or 4)
ROUNDS = int(os.environ.get("ROUNDS") or 2)
# What is done beside an attack, apart from reading the own profile.
BESIDE = {"one_name": "sign_in", "many_names": "sign_in", "searches": "search"}
MOST = 2.0
# For all others the web processes and their servers are enough, which start in a moment.
NEEDS_WORKERS = {"searches"}
GUNICORN = ("gunicorn", "-c", "python:assistant.server", "wsgi:app")


def main() -> None:
    """Print a line for each attack, and end with 1 if one of them did harm."""
    names = sys.argv[1:] or list(ATTACKS)
    if unknown := set(names) - set(ATTACKS):
        sys.exit(f"There is no attack {', '.join(unknown)}. There are: {', '.join(ATTACKS)}.")
    with whole_stack() if NEEDS_WORKERS & set(names) else _web_processes() as whole:
        port = whole.stack.settings.port
        token = sign_in(port, "neighbour")
        sign_in(port, "victim")
        neighbour = Neighbour(port, "neighbour", token)
        print(
            f"{'attack':<14}{'of the neighbour':<18}{'idle p95':>10}{'beside':>10}{'ratio':>7}  5xx"
        )
        harmless = [
            _tried(whole, neighbour, name, what)
            for name in names
            for what in dict.fromkeys(("profile", BESIDE.get(name, "profile")))
        ]
    python = platform.python_version()
    print(f"\n{os.cpu_count()} cores, {cpu_name()}, Python {python}; {ROUNDS} rounds of ", end="")
    print(f"{SECONDS:g} s idle and {SECONDS:g} s attacked, attackers on the same machine.")
    sys.exit(not all(harmless))


@contextmanager
def _web_processes() -> Iterator[Whole]:
    """Run the web processes on real servers, without workers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(data_dir=Path(folder), port=free_port())
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            environment = {**stack.environment, "PORT": str(settings.port), "LOG_FORMAT": "json"}
            command = [sys.executable, "-m", *GUNICORN]
            with serving(command, settings.port, "/health", environment):
                yield Whole(stack, "", sign_in(settings.port))


def _tried(whole: Whole, neighbour: Neighbour, name: str, what: str) -> bool:
    """Attack in turn with nothing, print both, and return whether it did no harm."""
    idle, beside, answers = Times(), Times(), ""
    for _ in range(ROUNDS):
        neighbour.rest(what)
        neighbour.watch(what, SECONDS, idle)
        with _attack(whole, name) as said:
            time.sleep(0.5)
            neighbour.watch(what, SECONDS, beside)
        answers = said[0]
    ratio = beside.p95 / idle.p95
    line = f"{name:<14}{what:<18}{idle.p95 * 1000:>7.0f} ms{beside.p95 * 1000:>7.0f} ms"
    print(f"{line}{ratio:>7.1f}{beside.failed:>5}  {answers}", flush=True)
    return not beside.failed and (what != "profile" or ratio <= MOST)


@contextmanager
def _attack(whole: Whole, name: str) -> Iterator[list[str]]:
    """Attack until the `with` ends; then the list holds what the attackers were answered."""
    command = [sys.executable, "-m", "benchmarks.floods.attacks", name]
    attackers = subprocess.Popen(
        [*command, str(whole.stack.settings.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said: list[str] = []
    try:
        assert attackers.stdin is not None
        attackers.stdin.write(f"{whole.token}\n")
        attackers.stdin.flush()
        yield said
        attackers.terminate()
        answers = json.loads(attackers.communicate(timeout=20)[0] or "{}")
        said.append(", ".join(f"{what} {count}" for what, count in sorted(answers.items())))
    finally:
        attackers.kill()
        attackers.wait()


if __name__ == "__main__":
    main()
