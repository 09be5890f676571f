"""What the characters of symbol fonts look like, which have no code of their own."""

import re

_GREEK = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_SMALL_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
# What differs from ASCII, by the code in the font.
SYMBOL = {
    **dict(zip(range(0x41, 0x5B), _GREEK, strict=True)),
    **dict(zip(range(0x61, 0x7B), _SMALL_GREEK, strict=True)),
    **{0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2D: "-", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥", 0x7E: "~"},
    **{0xA0: "€", 0xA1: "ϒ", 0xA2: "′", 0xA3: "≤", 0xA4: "⁄", 0xA5: "∞", 0xA6: "ƒ"},  # noqa: RUF001
    **{0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″"},
    **{0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠"},  # noqa: RUF001
    **{0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪"},  # noqa: RUF001
    **{0xC9: "⊃", 0xCA: "⊇", 0xCB: "⊄", 0xCC: "⊂", 0xCD: "⊆", 0xCE: "∈", 0xCF: "∉"},
    **{0xD0: "∠", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅"},
    **{0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔", 0xDC: "⇐", 0xDD: "⇑", 0xDE: "⇒"},  # noqa: RUF001
    **{0xDF: "⇓", 0xE5: "∑", 0xE2: "®", 0xE3: "©", 0xE4: "™", 0xF2: "∫"},
}
WINGDINGS = {
    **{0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x3F: "✍", 0x4A: "☺", 0x4C: "☹"},
    **{0x6C: "●", 0x6D: "○", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x72: "☐", 0x75: "◆", 0x76: "❖"},
    **{0x9F: "•", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓"},
    **{0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0xAB: "★"},
}
WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"}
FONTS = {"symbol": SYMBOL, "wingdings": WINGDINGS, "wingdings 2": WINGDINGS_2}
PRIVATE = re.compile("[\uf020-\uf0ff]")


def is_symbol_font(font: str | None) -> bool:
    """Return whether the letters of this font are no letters."""
    return (font or "").lower() in FONTS


def symbol(font: str | None, code: int) -> str:
    """Return what a font shows for a code of its own (F020 to F0FF), or any other character."""
    if not 0xF020 <= code <= 0xF0FF:
        return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF else ""
    table = FONTS.get((font or "symbol").lower(), {})
    known = table.get(code - 0xF000)
    if known is not None:
        return known
    # The rest of Symbol is ASCII; the rest of the others are ornaments.
    return chr(code - 0xF000) if table is SYMBOL and code < 0xF07F else ""


def readable(text: str, font: str | None) -> str:
    """Return the text with what symbol fonts show for their private characters."""
    return PRIVATE.sub(lambda found: symbol(font, ord(found[0])), text)
