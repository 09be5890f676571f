"""Foot- and endnotes of Word: their marks, and their text once it was referred to."""

from collections import Counter
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import value
from assistant.adapters.documents.numerals import roman


class Notes:
    """Notes by kind and id, numbered as they come up: 1, 2 at the foot and i, ii at the end."""

    def __init__(self, footnotes: Element | None, endnotes: Element | None) -> None:
        self._notes: dict[tuple[str, str], Element] = {}
        self._marks: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()
        self._waiting: list[tuple[str, Element]] = []
        for root in (footnotes, endnotes):
            for note in () if root is None else root:
                # The lines between notes and text are of a type of their own.
                if value(note, "type") in (None, "normal"):
                    self._notes[note.tag, value(note, "id") or ""] = note

    def mark(self, kind: str, name: str) -> str:
        """Return the mark of a note; its text waits to be taken the first time."""
        key = kind, name
        note = self._notes.get(key)
        if note is None:
            return ""
        if key not in self._marks:
            self._counts[kind] += 1
            count = self._counts[kind]
            self._marks[key] = str(count) if kind == "footnote" else roman(count)
            self._waiting.append((self._marks[key], note))
        return f"[^{self._marks[key]}]"

    def take(self) -> list[tuple[str, Element]]:
        """Return what was referred to since the last time."""
        taken, self._waiting = self._waiting, []
        return taken
