"""Hand an answer from the event loop to a thread that reads it, and let any thread stop it."""

import asyncio
import queue
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


Answer = Callable[[Callable[[str], None]], Coroutine[None, None, Finish]]


class AnswerStream:
    """One running answer; its request is under way as soon as this exists."""

    def __init__(self, model: str, answer: Answer) -> None:
        self.model = model
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self._aborted = False
        self._queue: queue.SimpleQueue[str | Finish | BaseException | None] = queue.SimpleQueue()
        self._future = asyncio.run_coroutine_threadsafe(self._run(answer), background_loop())

    def __iter__(self) -> Iterator[str]:
        try:
            while True:
                item = None if self._aborted else self._queue.get()
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
