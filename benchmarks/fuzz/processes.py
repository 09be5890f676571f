"""What the processes of the stack do meanwhile: who died, and what parsers took."""

import resource
import threading
from contextlib import suppress
from dataclasses import dataclass

import psutil

from assistant.local.stack import LocalStack

SECONDS = 0.1
INFINITE = resource.RLIM_INFINITY
# What the kernel counts may be this much more than what is asked for.
SLACK_SECONDS = 1.0


@dataclass
class Parser:
    """The most that a process with limits was seen to take, and what it might."""

    process: psutil.Process
    command: str
    memory: int
    seconds: float
    most_memory: int
    most_seconds: float


class Watch:
    """Looks at the processes of the stack ten times a second, while the `with` lasts."""

    def __init__(self, stack: LocalStack) -> None:
        self.parsers: dict[tuple[int, float], Parser] = {}
        self._stack = stack
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_on)
        self._before = self.programs()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def programs(self) -> dict[str, int]:
        """Return the processes that the supervisor has at the moment."""
        states = self._stack.require_supervisor().states()
        return {name: info["pid"] for name, info in states.items()}

    def died(self) -> list[str]:
        """Return the programs that are another process than at the beginning."""
        now = self.programs()
        return [name for name, pid in self._before.items() if now.get(name) != pid]

    def left(self) -> list[str]:
        """Return the parsers that still run."""
        return [one.command for one in self.parsers.values() if one.process.is_running()]

    def over(self) -> list[str]:
        """Return the parsers that took more than they may."""
        return [
            f"{one.command}: {one.memory >> 20} MiB of {one.most_memory >> 20}, "
            f"{one.seconds:.1f} s of {one.most_seconds:.0f}"
            for one in self.parsers.values()
            if one.memory > one.most_memory or one.seconds > one.most_seconds + SLACK_SECONDS
        ]

    def folders(self) -> set[str]:
        """Return where the programs and their children work."""
        found = set()
        for process in self._processes():
            with suppress(psutil.Error):
                found.add(process.cwd())
        return found

    def _look_on(self) -> None:
        while not self._stopping.wait(SECONDS):
            for process in self._processes():
                with suppress(psutil.Error):
                    self._look_at(process)

    def _processes(self) -> list[psutil.Process]:
        found = []
        for pid in self._before.values():
            with suppress(psutil.Error):
                found += psutil.Process(pid).children(recursive=True)
        return found

    def _look_at(self, process: psutil.Process) -> None:
        """Note what a process takes, if it has walls: nobody else has a limit of its processor."""
        _, most_seconds = process.rlimit(psutil.RLIMIT_CPU)
        if most_seconds == INFINITE:
            return
        memory, times = process.memory_info().rss, process.cpu_times()
        most_memory, _ = process.rlimit(psutil.RLIMIT_AS)
        seconds = times.user + times.system
        key = (process.pid, process.create_time())
        known = self.parsers.get(key)
        if known is None:
            command = " ".join(process.cmdline()[-3:])[:90]
            self.parsers[key] = Parser(
                process, command, memory, seconds, most_memory, float(most_seconds)
            )
            return
        known.memory, known.seconds = max(known.memory, memory), max(known.seconds, seconds)
        if most_memory != INFINITE:
            known.most_memory = most_memory
