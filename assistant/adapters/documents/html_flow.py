"""The text of a page as it grows: white space as browsers have it, and breaks between blocks."""

import re

# No-break spaces too: pages use them as empty cells and indents.
SPACE = re.compile("[ \t\n\r\f\xa0]+")
WIDE = "\u3000-\u30ff\u3400-\u9fff\uff01-\uff60"
WRAPPED = re.compile(f"(?<=[{WIDE}])[ \t]*\n[ \t]*(?=[{WIDE}])")
PARAGRAPH_END, LINE_END = "\n\n", "\n"


class Flow:
    """The text so far; breaks wait until more text comes, and the strongest one wins."""

    def __init__(self, *, one_line: bool = False) -> None:
        self._parts: list[str] = []
        self._break = ""
        self._space = False
        # Whether nothing at all may come between the last text and the next.
        self._tight = False
        # What the next text begins with: the mark of a heading or of a list's item.
        self._mark = ""
        # Whether breaks are only spaces, as in a cell or a heading.
        self.one_line = one_line

    def text(self) -> str:
        """Return what was added."""
        return "".join(self._parts)

    def add(self, text: str) -> None:
        """Add text as browsers do: any white space is one space, and none begins a line."""
        if "\n" in text and not text.isascii():
            text = WRAPPED.sub("", text)
        words = SPACE.sub(" ", text)
        if words.startswith(" "):
            self._space = True
        if stripped := words.strip(" "):
            self._put(stripped)
            self._space = words.endswith(" ")

    def add_block(self, block: str) -> None:
        """Add a block that is written already."""
        self._mark = ""
        self.end(PARAGRAPH_END)
        self._put(block)
        self.end(PARAGRAPH_END)

    def open(self, mark: str) -> None:
        """Add a mark that stands right before the next text."""
        self._put(mark)
        self._tight = True

    def close(self, mark: str) -> None:
        """Add a mark that stands right after the last text."""
        self._space = False
        if not self._break:
            self._put(mark)

    def end(self, mark: str) -> None:
        """End a line or a paragraph, unless this is the beginning of an item."""
        if self.one_line:
            self._space = True
        elif len(mark) > len(self._break) and not self._mark:
            self._break = mark

    def begin(self, mark: str, after: str) -> None:
        """Begin a heading or an item with a mark, after the end of a line or a paragraph."""
        if self.one_line:
            self._space = True
            self._mark = "" if mark.startswith("#") else mark.lstrip()
            return
        self._break = after
        self._mark = mark

    def forget_mark(self) -> None:
        """Leave out the mark of what turned out to be empty."""
        self._mark = ""

    @property
    def at_mark(self) -> bool:
        """Whether an item has begun and has no text yet."""
        return bool(self._mark)

    @property
    def before(self) -> str:
        """The last text, if the next one would stand right after it."""
        return "" if self._space or self._break or not self._parts else self._parts[-1]

    def _put(self, text: str) -> None:
        if self._parts and not self._tight:
            self._parts.append(self._break or (" " if self._space else ""))
        self._parts.append(self._mark + text)
        self._break, self._space, self._mark, self._tight = "", False, "", False
