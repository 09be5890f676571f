"""What Ctrl-C and the other signals do to a local run."""

import os
import signal
from types import FrameType, TracebackType
from typing import Self

from assistant.local.lifeline import die_with_parent


class StopSignals:
    """Turns the first SIGINT, SIGTERM or SIGHUP into `KeyboardInterrupt`; a later one hurries.

    After the first nothing interrupts any more, so that stopping always comes to its end.
    """

    def __init__(self) -> None:
        self.asked = False
        self.hurry = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a hang-up is ignored, and stays so.
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            self._previous[number] = signal.signal(number, self._receive)
        # make does not pass every signal on, and dies of some itself.
        if os.environ.get("MAKELEVEL"):
            die_with_parent(signal.SIGTERM)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self.hurry = True
            return
        self.asked = True
        raise KeyboardInterrupt
