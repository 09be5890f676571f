"""Equations of Word on one line, as people type them."""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import child, value

ATOM = re.compile(r"\w*|[^\w\s]")
# The sign of a sum or integral that has none in the file.
USUAL_SIGN = "∫"
ACCENTS = {"\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0305": "¯", "\u20d7": "→", "\u0307": "˙"}


def linear(element: Element) -> str:
    """Return an equation such as `x = (-b ± √(b^2 - 4ac))/(2a)`."""
    return "".join(_part(part) for part in element)


def _part(element: Element) -> str:
    name = element.tag
    if name == "t":
        return element.text or ""
    if name.endswith("Pr") or name in ("del", "moveFrom"):
        return ""
    write = FORMS.get(name)
    return write(element) if write else linear(element)


def _of(element: Element, name: str) -> str:
    found = child(element, name)
    return "" if found is None else linear(found).strip()


def _group(text: str) -> str:
    """Return the text in brackets, if it would fall apart without them."""
    return text if ATOM.fullmatch(text) or _bracketed(text) else f"({text})"


def _bracketed(text: str) -> bool:
    return text.startswith("(") and text.endswith(")") and text.count("(") == 1


def _property(element: Element, properties: str, name: str, otherwise: str) -> str:
    found = child(element, f"{properties}/{name}")
    return otherwise if found is None else value(found) or ""


def _fraction(element: Element) -> str:
    return f"{_group(_of(element, 'num'))}/{_group(_of(element, 'den'))}"


def _script(element: Element) -> str:
    base, low, high = (_of(element, name) for name in ("e", "sub", "sup"))
    return base + (f"_{_group(low)}" if low else "") + (f"^{_group(high)}" if high else "")


def _before(element: Element) -> str:
    low, high = _of(element, "sub"), _of(element, "sup")
    return f"_{_group(low)}^{_group(high)} {_of(element, 'e')}"


def _root(element: Element) -> str:
    degree = _of(element, "deg")
    return (f"root({degree}, " if degree else "√(") + _of(element, "e") + ")"


def _large(element: Element) -> str:
    sign = _property(element, "naryPr", "chr", USUAL_SIGN)
    low, high = _of(element, "sub"), _of(element, "sup")
    limits = (f"_{_group(low)}" if low else "") + (f"^{_group(high)}" if high else "")
    return f"{sign}{limits} {_of(element, 'e')}"


def _brackets(element: Element) -> str:
    begin = _property(element, "dPr", "begChr", "(")
    end = _property(element, "dPr", "endChr", ")")
    between = _property(element, "dPr", "sepChr", "|")
    inner = (linear(part).strip() for part in element if part.tag == "e")
    return begin + between.join(inner) + end


def _function(element: Element) -> str:
    return f"{_of(element, 'fName')} {_of(element, 'e')}"


def _limit(element: Element) -> str:
    return f"{_of(element, 'e')}_({_of(element, 'lim')})"


def _matrix(element: Element) -> str:
    rows = (
        ", ".join(linear(cell).strip() for cell in row if cell.tag == "e")
        for row in element
        if row.tag == "mr"
    )
    return "[" + "; ".join(rows) + "]"


def _lines(element: Element) -> str:
    return "; ".join(linear(line).strip() for line in element if line.tag == "e")


def _accent(element: Element) -> str:
    sign = _property(element, "accPr", "chr", "\u0302")
    return _of(element, "e") + ACCENTS.get(sign, sign)


FORMS: dict[str, Callable[[Element], str]] = {
    "f": _fraction,
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "sPre": _before,
    "rad": _root,
    "nary": _large,
    "d": _brackets,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "eqArr": _lines,
    "acc": _accent,
}
