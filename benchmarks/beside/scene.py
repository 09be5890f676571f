"""Where a story plays: somebody asks one web process for something and looks at it in another."""

import itertools
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from benchmarks.beside.people import Person, Web
from benchmarks.drill.books import Books

_numbers = itertools.count(1)
_lock = threading.Lock()


@dataclass
class Cast:
    """What all scenes share."""

    books: Books
    admin: Person
    # Whether processes of now are there, so that what they alone promise can be asked for.
    new_is_there: bool = False
    people: list[Person] = field(default_factory=list)


@dataclass
class Scene:
    """Two web processes, mostly of different releases, and a number that nothing else has."""

    here: Web
    there: Web
    cast: Cast
    number: int = field(default_factory=lambda: next(_numbers))

    def person(self) -> Person:
        """Return somebody new who is signed in: registered here, with a token from there."""
        somebody = Person(f"person{self.number}")
        somebody.register(self.here)
        somebody.sign_in(self.there)
        with _lock:
            self.cast.people.append(somebody)
        return somebody

    def sentence(self) -> str:
        """Return a sentence that nobody else says."""
        return f"Keeper {self.number} of the lamp {uuid.uuid4().hex[:8]} burns oil of colza."

    def text(self, lines: int = 12) -> str:
        """Return a text of which no two lines are alike."""
        keeper = uuid.uuid4().hex[:8]
        return "".join(
            f"Entry {line} of book {self.number}: keeper {keeper} counted {line * 7} barrels.\n"
            for line in range(lines)
        )

    def upload(self, somebody: Person, web: Web, name: str, data: bytes, **form: str) -> Any:
        """Upload a file and return the job."""
        files = {"file": (name, data)}
        return somebody.call(web, "POST", "/documents", files=files, data=form)


def scripted(words: str, interval: int = 20) -> str:
    """Return a question that makes the model answer with these words, one by one."""
    return f'[[script:text="{words}" interval={interval}]] What does the keeper do?'
