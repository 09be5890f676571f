"""The fonts of rich text, which decide what its bytes mean."""

from dataclasses import dataclass, field

from assistant.adapters.documents.rich_text.tokens import CHARACTER_SETS, SYMBOL_SET, code_page
from assistant.adapters.documents.symbols import readable, symbol


@dataclass
class _Font:
    encoding: str | None = None
    symbols: bool = False
    name: str = ""


@dataclass
class Fonts:
    """The fonts of a file by number, and the encoding where they have none."""

    encoding: str = "cp1252"
    usual: int | None = None
    _fonts: dict[int | None, _Font] = field(default_factory=dict)

    def begin(self, number: int | None) -> None:
        """Begin what the table of fonts says about one."""
        self._fonts[number] = _Font()

    def set_characters(self, number: int | None, characters: int) -> None:
        """Give a font its set of characters."""
        font = self._fonts.setdefault(number, _Font())
        font.symbols = characters == SYMBOL_SET
        # Set 0 is Western by the book; where programs write it and mean the file's code page,
        # those that follow the book write what is not ASCII in Unicode too.
        font.encoding = CHARACTER_SETS.get(characters)

    def set_code_page(self, number: int | None, page: int | None) -> None:
        """Give a font a code page."""
        self._fonts.setdefault(number, _Font()).encoding = code_page(page)

    def add_name(self, number: int | None, name: bytes) -> None:
        """Add to the name of a font."""
        self._fonts.setdefault(number, _Font()).name += name.decode("latin-1")

    def decode(self, number: int | None, data: bytes) -> str:
        """Return what a font shows for bytes."""
        font = self._fonts.get(number, _Font())
        if font.symbols:
            name = _name(font)
            return "".join(symbol(name, 0xF000 + b) if b > 32 else chr(b) for b in data)
        return data.decode(font.encoding or self.encoding, "replace")

    def show(self, number: int | None, character: str) -> str:
        """Return what a font shows for a character of Unicode."""
        font = self._fonts.get(number, _Font())
        return readable(character, _name(font) if font.symbols else None)


def _name(font: _Font) -> str:
    return font.name.partition(";")[0].strip()
