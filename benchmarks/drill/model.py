"""The scripted language model, which never says the same thing twice."""

import re
import time
from dataclasses import dataclass, field
from typing import Any, Self

from benchmarks.drill.wishes import Fate, Kind, Wish, Wishes
from tests.doubles import model_script
from tests.doubles.model_script import Script
from tests.doubles.model_server import Connection, ModelServer, State

TAG = re.compile(r"#(\d+)#")


@dataclass(frozen=True, slots=True)
class Call:
    """One question that the model was asked; `said` is None if it answered with an error."""

    wish: Wish
    at: float
    said: str | None
    read: str


@dataclass
class Memory(State):
    """What the model was asked, by the number of the wish."""

    wishes: Wishes = field(default_factory=lambda: Wishes(0))
    calls: dict[int, list[Call]] = field(default_factory=dict)

    def script_for(self, body: dict[str, Any]) -> Script:
        """Choose what to do with a request; each answer names its call, so none is alike."""
        number = int(TAG.findall(model_script.last_question(body))[-1])
        wish, calls = self.wishes.by_number[number], self.calls.setdefault(number, [])
        fails = wish.fate is Fate.NEVER or (wish.fate is Fate.ONCE and not calls)
        words = " ".join(f"word{word}" for word in range(wish.tokens))
        cited = " [1]" if wish.kind is Kind.GROUNDED else ""
        said = f"Answer {number} of call {len(calls) + 1}: {words}{cited}"
        read = "\n".join(str(message.get("content")) for message in body["messages"])
        calls.append(Call(wish, time.time(), None if fails else said, read))
        if fails and wish.error != "cut":
            return Script(wish.error)
        interval = wish.seconds * 1000 / (wish.tokens + 5)
        return Script("cut" if fails else "answer", text=said, interval=interval)


class DrillConnection(Connection):
    """A connection on which the question's number decides what happens."""

    async def chat(self, headers: dict[str, str], body: dict[str, Any]) -> None:
        """Act out one chat request."""
        assert isinstance(self.state, Memory)
        self.state.scripts.appendleft(self.state.script_for(body))
        await super().chat(headers, body)


class DrillModel(ModelServer):
    """The model server for wishes, in a thread of this process."""

    def __init__(self, wishes: Wishes) -> None:
        super().__init__()
        self.memory = self.state = Memory(wishes=wishes)

    def __enter__(self) -> Self:
        # The parent makes connections that know nothing of wishes; only that differs.
        make = self.loop.create_server

        def create_server(_: object, *where: Any, **how: Any) -> Any:
            return make(lambda: DrillConnection(self.memory), *where, **how)

        self.loop.create_server = create_server  # type: ignore[assignment]
        return super().__enter__()
