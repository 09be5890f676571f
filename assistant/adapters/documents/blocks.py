"""The blocks of a text in their order, as light Markdown."""

from collections.abc import Sequence

from assistant.adapters.documents import markdown

# Some lawyers give whole clauses the style of a heading, for its number.
MAX_HEADING = 250


class Blocks:
    """Items of a list stand on adjoining lines, and all else a blank line apart."""

    def __init__(self) -> None:
        # Each with whether it is an item, and what it is in the cell of a table.
        self._parts: list[tuple[str, bool, str]] = []
        # Of the last item and those that it is below.
        self._depths: list[int] = []

    def heading(self, level: int, text: str) -> None:
        """Add a heading; one too long for it is a paragraph."""
        if len(text) > MAX_HEADING:
            self.paragraph(text)
        elif text.strip():
            self._add(markdown.heading(level, text), text)

    def paragraph(self, text: str) -> None:
        """Add a paragraph, or nothing if it is blank."""
        if text.strip():
            self._add(text.strip())

    def item(self, text: str, depth: int = 0, number: str | None = None) -> None:
        """Add an item, one step deeper than the last one that it is below."""
        if text.strip():
            while self._depths and self._depths[-1] >= depth:
                self._depths.pop()
            item = markdown.item(text, len(self._depths), number)
            self._parts.append((item, True, item))
            self._depths.append(depth)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table, or nothing if all its cells are blank."""
        if table := markdown.table(rows):
            self._add(table)

    def note(self, mark: str, text: str) -> None:
        """Add a foot- or endnote, which does not end a list."""
        if text.strip():
            note = f"[^{mark}]: {text.strip()}"
            self._parts.append((note, False, note))

    def extend(self, other: "Blocks") -> None:
        """Add the blocks of another text."""
        if other._parts:
            self._parts += other._parts
            self._depths = list(other._depths)

    def text(self) -> str:
        """Return the whole text."""
        pieces: list[str] = []
        after_item = False
        for text, item, _ in self._parts:
            if pieces:
                pieces.append("\n" if item and after_item else "\n\n")
            pieces.append(text)
            after_item = item
        return "".join(pieces)

    def line(self) -> str:
        """Return all of it on one line, for the cell of a table."""
        return markdown.one_line(" ".join(text for _, _, text in self._parts))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def _add(self, text: str, in_cell: str | None = None) -> None:
        self._parts.append((text, False, in_cell or text))
        self._depths.clear()
