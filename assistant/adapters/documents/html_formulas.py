"""Writing formulas in one line: MathML, and what stands above or below a line."""

import re

from selectolax.lexbor import LexborNode

ORDINAL = re.compile(r"st|nd|rd|th|er|re|ère|e|ème|nde|me|os?|as?", re.IGNORECASE)
SIGN = re.compile(r"tm|sm|\W", re.IGNORECASE)
SIMPLE = re.compile(r"[+\-\u2212]?\w+|[+\-\u2212*\u2032']")
MAX_DEPTH = 60
# Spaces around these make a formula readable.
SPACED = frozenset("=<>\u2264\u2265\u2260\u2248\u2192\u21d2\u2208\u00b1\u00d7\u2261\u223c")
INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064")
# Elements whose children stand for a base and what is above or below it.
SCRIPTS = {"msup": "^", "mover": "^", "msub": "_", "munder": "_"}
DOUBLE = ("msubsup", "munderover")
SKIPPED = frozenset(["annotation", "annotation-xml", "mspace", "mphantom", "maction", "none"])


def raised(text: str, before: str) -> str:
    """Return a superscript as it is written in one line after some text."""
    if not text or not before or SIGN.fullmatch(text) or text[0] in "[(":
        return text
    # 1st, Mme: letters that are written small.
    if ORDINAL.fullmatch(text) and not before[-1].isalpha():
        return text
    if len(text) > 1 and text.isalpha() and text.islower():
        return text
    return f"^{_grouped(text)}"


def lowered(text: str, before: str) -> str:
    """Return a subscript as it is written in one line after some text."""
    # H2O is how people write and look for it.
    if not text or not before or (text.isdecimal() and not before[-1:].isdecimal()):
        return text
    return f"_{_grouped(text)}"


def linear(formula: LexborNode) -> str:
    """Return a formula in MathML as one line, such as `E = mc^2` or `(a+b)/2`."""
    written = re.sub(r"\s+", " ", _written(formula, 0).translate(INVISIBLE)).strip()
    return written or (formula.attributes.get("alttext") or "").strip()


def _grouped(text: str) -> str:
    text = text.strip()
    return text if SIMPLE.fullmatch(text) else f"({text})"


def _factor(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"\w*|\([^()]*\)", text) else f"({text})"


def _written(node: LexborNode, depth: int) -> str:
    tag = node.tag or ""
    if tag == "-text":
        return (node.text_content or "").strip()
    if tag in SKIPPED or tag.startswith("-"):
        return ""
    if depth > MAX_DEPTH:
        return node.text(deep=True)
    parts = [_written(child, depth + 1) for child in node.iter(include_text=True)]
    if tag == "mo":
        return f" {parts[0]} " if parts and parts[0] in SPACED else "".join(parts)
    if tag == "mtext":
        return f" {' '.join(parts)} "
    if tag == "mtable":
        return "; ".join(part for part in parts if part)
    if tag in ("mtr", "mlabeledtr"):
        return ", ".join(part for part in parts if part)
    parts = [part for part in parts if part]
    return _combined(tag, parts)


def _combined(tag: str, parts: list[str]) -> str:
    """Return an element whose children have each a place of their own."""
    if tag in SCRIPTS and len(parts) == 2:
        return f"{_base(parts[0])}{SCRIPTS[tag]}{_grouped(parts[1])}"
    if tag in DOUBLE and len(parts) == 3:
        return f"{_base(parts[0])}_{_grouped(parts[1])}^{_grouped(parts[2])}"
    if tag == "mfrac" and len(parts) == 2:
        return f"{_factor(parts[0])}/{_factor(parts[1])}"
    if tag == "msqrt":
        return f"\u221a({''.join(parts).strip()})"
    if tag == "mroot" and len(parts) == 2:
        return f"{_base(parts[0])}^(1/{parts[1]})"
    if tag == "mfenced":
        return f"({', '.join(parts)})"
    return "".join(parts)


def _base(text: str) -> str:
    text = text.strip()
    return text if len(text) < 2 or re.fullmatch(r"\w+|\(.*\)|\W", text) else f"({text})"
