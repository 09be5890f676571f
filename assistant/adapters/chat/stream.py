"""Hand an answer from the event loop to a thread that reads it, and let any thread stop it."""

import asyncio
import queue
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass

from assistant.adapters.chat.loop import background_loop
from assistant.chat import Piece, Reasoning, Refusal, Text, Usage


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended, as the server says."""

    reason: str
    model: str
    usage: Usage | None
    max_tokens: int | None = None


# Twenty pieces a second look like a flow. A fast model sends hundreds, and each costs whoever
# handles it on its way to the reader.
JOIN_SECONDS = 0.05

Item = Piece | Finish | BaseException | None
Answer = Callable[[Callable[[Piece], None]], Coroutine[None, None, Finish]]


class AnswerStream:
    """One running answer; its request is under way as soon as this exists."""

    def __init__(self, model: str, answer: Answer) -> None:
        self.model = model
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.max_tokens: int | None = None
        self._aborted = False
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._pieces: list[Piece] = []
        self._said_at = float("-inf")
        self._saying: asyncio.TimerHandle | None = None
        self._future = asyncio.run_coroutine_threadsafe(self._run(answer), background_loop())

    def __iter__(self) -> Iterator[str]:
        return (piece.text for piece in self.pieces() if isinstance(piece, Text | Refusal))

    def pieces(self) -> Iterator[Piece]:
        """Yield all that is said, in order."""
        try:
            while True:
                item = None if self._aborted else self._queue.get()
                if item is None or self._aborted:
                    return
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Finish):
                    self.finish_reason, self.usage = item.reason, item.usage
                    self.model, self.max_tokens = item.model, item.max_tokens
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
        end: Item = None
        try:
            end = await answer(self._hear)
        except BaseException as error:
            # It goes on in the thread that reads; nobody looks at this task.
            end = error
        self._say()
        self._queue.put(end)

    def _hear(self, piece: Piece) -> None:
        """Pass the first piece on at once, and later ones joined if they come fast."""
        self._pieces.append(piece)
        if self._saying is not None:
            return
        loop, due = asyncio.get_running_loop(), self._said_at + JOIN_SECONDS
        if due <= loop.time():
            self._say()
        else:
            self._saying = loop.call_at(due, self._say)

    def _say(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None
        if self._pieces:
            for piece in joined(self._pieces):
                self._queue.put(piece)
            self._pieces.clear()
            self._said_at = asyncio.get_running_loop().time()


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return what was said in fewer pieces: of one kind, what follows each other is one."""
    fewer: list[Piece] = []
    for piece in pieces:
        last = fewer[-1] if fewer else None
        if isinstance(piece, Text | Reasoning | Refusal) and isinstance(last, type(piece)):
            fewer[-1] = type(piece)(last.text + piece.text)
        else:
            fewer.append(piece)
    return fewer
