"""Hand an answer from the event loop to a thread that reads it, and let any thread stop it."""

import asyncio
import queue
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass

from assistant.adapters.chat.loop import background_loop
from assistant.ports import Usage


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended, as the server says."""

    reason: str
    model: str
    usage: Usage | None


# Nobody reads faster than this, and it is well below what looks like a pause.
JOIN_SECONDS = 0.02

Item = str | Finish | BaseException | None
Answer = Callable[[Callable[[str], None]], Coroutine[None, None, Finish]]


class AnswerStream:
    """One running answer; its request is under way as soon as this exists."""

    def __init__(self, model: str, answer: Answer) -> None:
        self.model = model
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self._aborted = False
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._ahead: list[Item] = []
        self._taken_at = float("-inf")
        self._future = asyncio.run_coroutine_threadsafe(self._run(answer), background_loop())

    def __iter__(self) -> Iterator[str]:
        try:
            while True:
                item = None if self._aborted else self._take()
                if item is None or self._aborted:
                    return
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Finish):
                    self.finish_reason, self.usage = item.reason, item.usage
                    self.model = item.model
                    return
                yield item
        finally:
            # A reader that goes away early must not leave the model running.
            self.abort()

    def _take(self) -> Item:
        """Return what comes next: the first piece at once, later ones joined if they come fast.

        A fast model sends hundreds of pieces a second, and each costs whoever handles it.
        """
        if self._ahead:
            return self._ahead.pop()
        item = self._queue.get()
        if not isinstance(item, str):
            return item
        early = self._taken_at + JOIN_SECONDS - time.monotonic()
        if early > 0:
            # Short enough that an abort need not wake it.
            time.sleep(early)
        pieces = [item]
        while not self._queue.empty():
            item = self._queue.get()
            if not isinstance(item, str):
                self._ahead.append(item)
                break
            pieces.append(item)
        self._taken_at = time.monotonic()
        return "".join(pieces)

    def abort(self) -> None:
        """Close the connection to the server; may be called from any thread, at any time."""
        self._aborted = True
        self._future.cancel()
        self._queue.put(None)

    async def _run(self, answer: Answer) -> None:
        try:
            self._queue.put(await answer(self._queue.put))
        except BaseException as error:
            # It goes on in the thread that reads; nobody looks at this task.
            self._queue.put(error)
