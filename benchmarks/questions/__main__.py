"""Print how the questions of each language fare, among its own documents and among all."""

import logging
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from sqlalchemy import select

from assistant.database import transaction
from assistant.models import Document
from assistant.services.generation import passages
from assistant.services.generation.passages import Gathered
from assistant.services.retrieval.retrieval import Scope
from benchmarks.accept import cpu_name
from benchmarks.questions import cases
from benchmarks.questions.cases import Case
from benchmarks.questions.library import application, owner_of

# What a window of 8,192 tokens leaves to passages.
ROOM = 5000


def is_right(case: Case, gathered: Gathered) -> bool:
    """Return whether a case went as it should."""
    if case.kind in ("refuse", "leave"):
        return not gathered.hits and not gathered.is_talk
    if case.kind == "talk":
        return gathered.is_talk
    if case.kind == "whole":
        return gathered.is_whole and all(hit.filename == case.evidence for hit in gathered.hits)
    return any(case.evidence in hit.text for hit in gathered.hits)


class Tally:
    """How many cases of each kind went right, what went wrong, and how long each took."""

    def __init__(self, owner: uuid.UUID) -> None:
        self.right: Counter[str] = Counter()
        self.all: Counter[str] = Counter()
        self.wrong: list[Case] = []
        self.refused = 0
        self.seconds: list[float] = []
        self._owner = owner
        with transaction(owner) as session:
            rows = session.execute(select(Document.filename, Document.id)).all()
        self._names = {row.filename: row.id for row in rows}

    def take(self, asked: Iterable[Case]) -> None:
        """Ask questions and count how they fare."""
        for case in asked:
            started = time.perf_counter()
            named = self._names.get(case.evidence) if case.kind == "whole" else None
            scope = Scope(self._owner, [] if named is None else [named])
            gathered = passages.gather(scope, case.question, case.history, ROOM)
            self.seconds.append(time.perf_counter() - started)
            self.all[case.kind] += 1
            self.refused += case.kind == "answer" and not gathered.hits
            if is_right(case, gathered):
                self.right[case.kind] += 1
            else:
                self.wrong.append(case)

    def lines(self) -> Iterator[str]:
        """Say how many went right."""
        for kind, says in SAYS.items():
            if self.all[kind]:
                yield f"{says}: {self.right[kind]} of {self.all[kind]}"
        yield f"answerable, refused: {self.refused} of {self.all['answer']}"


SAYS = {
    "answer": "answerable, answer among the passages",
    "refuse": "off-topic, refused",
    "follow": "follow-up, answer among the passages",
    "change": "change of topic, answer among the passages",
    "leave": "off-topic after talk about the documents, refused",
    "whole": "about a whole document, shown as one",
    "talk": "greetings and thanks, answered as talk",
}


def main(chosen: Sequence[str]) -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    print(f"{cpu_name()}; window for passages {ROOM} tokens")
    with application():
        for folder in cases.FOLDERS:
            languages = [one for one in cases.languages(folder) if not chosen or one in chosen]
            everything: dict[str, str] = {}
            for language in languages:
                files = cases.documents(folder, language)
                everything |= files
                asked = cases.read(folder, language)
                _measure(f"{folder}, {language}, its own documents", owner_of(files), asked)
            owner = owner_of(everything)
            for language in languages:
                asked = cases.read(folder, language)
                _measure(f"{folder}, {language}, among all documents", owner, asked)


def _measure(title: str, owner: uuid.UUID, asked: Sequence[Case]) -> None:
    tally = Tally(owner)
    tally.take(asked)
    print(f"\n{title}; median {median(tally.seconds) * 1000:.0f} ms a question")
    for line in tally.lines():
        print(f"  {line}")
    for case in tally.wrong:
        print(f"    {case.kind}: {case.question}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
