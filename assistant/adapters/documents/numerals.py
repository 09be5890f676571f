"""Writing the numbers of lists: in letters, in Roman numerals, and in between their marks."""

ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
MAX_ROMAN = 3999


def letters(number: int) -> str:
    """Return a, b, … z, aa, bb, … as word processors count."""
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else "0"


def roman(number: int) -> str:
    """Return a Roman numeral in small letters; what has none stays as it is."""
    if not 0 < number <= MAX_ROMAN:
        return str(number)
    written = ""
    for value, sign in ROMAN:
        written += sign * (number // value)
        number %= value
    return written
