"""What the drill's clients ask for; each wish has a number, and all else follows from the seed."""

import itertools
import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

OWNERS = 10
CONVERSATIONS = 6
# One more, for questions that hold up those after them for long.
APART = CONVERSATIONS
# None of them: the question begins one.
ANEW = -1
SUBJECTS = ("harbour", "lamp", "foghorn", "keeper", "cargo", "storm", "ledger", "pilot")


class Kind(StrEnum):
    """What a wish asks for."""

    REPLY = "reply"
    GROUNDED = "reply from documents"
    UPLOAD = "upload"
    DELETION = "deletion"
    COLLECTION = "deletion of a collection"
    USER = "deletion of a user"


class Fate(StrEnum):
    """What the language model does with a question."""

    WELL = "well"
    ONCE = "fails once"
    NEVER = "always fails"
    POISON = "kills its worker"


DRAWN = (Fate.WELL, Fate.ONCE, Fate.NEVER)
OFTEN = {Kind.REPLY: 54, Kind.GROUNDED: 10, Kind.UPLOAD: 26, Kind.DELETION: 10}
POSTED = (Kind.REPLY, Kind.GROUNDED, Kind.UPLOAD)


@dataclass(frozen=True, slots=True)
class Wish:
    """One request that a client makes until it is accepted."""

    number: int
    kind: Kind
    owner: int
    conversation: int
    fate: Fate
    error: str
    tokens: int
    seconds: float
    lines: int
    # Where an upload goes, if not to the default collection, and which one is to be deleted.
    collection: str = ""

    @property
    def key(self) -> str:
        """Return the idempotency key."""
        return f"drill-{self.number}"

    @property
    def tag(self) -> str:
        """Return what marks the question, and with it every call to the model."""
        return f"#{self.number}#"

    @property
    def filename(self) -> str:
        """Return the name of the file to upload."""
        return f"drill-{self.number}.txt"

    @property
    def leaves(self) -> bool:
        """Return whether the owner is one of those who are deleted in the end, with their jobs."""
        return self.owner >= OWNERS

    def document(self) -> bytes:
        """Return a text of which no two lines are alike."""
        random = Random(self.number)
        return "".join(
            f"Entry {line} of book {self.number}: the keeper of lamp {random.randrange(10**6)} "
            f"wrote about the {random.choice(SUBJECTS)} and {random.randrange(10**4)} barrels.\n"
            for line in range(self.lines)
        ).encode()


class Wishes:
    """Hands out wishes; number N is the same in every drill with this seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.by_number: dict[int, Wish] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def next(self, kind: Kind | None = None, seconds: float | None = None, **changes: Any) -> Wish:
        """Return the next wish; on request of this kind, or with a reply that lasts so long."""
        with self._lock:
            number = next(self._numbers)
            wish = replace(self._make(number, kind, seconds), **changes)
            self.by_number[number] = wish
        return wish

    def of_kind(self, kind: Kind) -> list[Wish]:
        """Return all wishes of a kind so far."""
        with self._lock:
            return [wish for wish in self.by_number.values() if wish.kind is kind]

    def _make(self, number: int, kind: Kind | None, seconds: float | None) -> Wish:
        random = Random(f"{self.seed}/{number}")
        drawn = random.choices(list(OFTEN), weights=list(OFTEN.values()))[0]
        fate = random.choices(DRAWN, weights=(90, 7, 3))[0]
        lasts = random.uniform(0.3, 3.0)
        return Wish(
            number=number,
            kind=kind or drawn,
            owner=number % OWNERS,
            conversation=number // OWNERS % CONVERSATIONS,
            fate=Fate.WELL if seconds else fate,
            error=random.choice(("context", "400"))
            if fate is Fate.NEVER
            else random.choice(("500", "503", "429", "cut")),
            tokens=random.randrange(12, 40),
            seconds=seconds or lasts,
            lines=random.choice((20, 40, 120)),
        )
