"""Showing numbers as spreadsheets do, by the codes of their formats."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

from assistant.adapters.documents.spreadsheets import serial_dates
from assistant.adapters.documents.spreadsheets.format_codes import GENERAL, Section, Token, sections

COMPARE = {"<": lt, ">": gt, "=": eq, "<=": le, ">=": ge, "<>": ne}
# The digits that a spreadsheet keeps.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


@lru_cache(maxsize=32_768)
def show(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return a number as a cell of this format shows it; dates are numbers of days."""
    if code == GENERAL:
        return _general(value)
    section, shown = _choose(value, sections(code))
    if section.is_date():
        date = serial_dates.show(value, section.tokens, since_1904)
        return _general(value) if date is None else date
    kinds = {token.kind for token in section.tokens}
    if "digit" in kinds:
        return _number(shown, section.tokens).strip()
    whole = [_general(shown) if t.kind in ("general", "@") else t.text for t in section.tokens]
    return "".join(whole).strip()


def show_text(text: str, code: str) -> str:
    """Return a text as a cell of this format shows it."""
    parts = sections(code)
    last = parts[-1].tokens
    if len(parts) < 4 and not any(token.kind == "@" for token in last):
        return text
    return "".join(text if token.kind == "@" else token.text for token in last)


def _general(value: float) -> str:
    size = abs(value)
    if size < 1e15 and value == int(value):
        return str(int(value))
    digits = 15 if size >= 1e10 else 10 if size >= 1 else 9
    return f"{value:.{digits}g}".upper()


def _choose(value: float, parts: Sequence[Section]) -> tuple[Section, float]:
    """Return the section for a value, and the value without the sign that the section shows."""
    if any(part.sign for part in parts):
        for part in parts:
            if not part.sign or COMPARE.get(part.sign, eq)(value, part.bound):
                return part, value
        return parts[-1], value
    numbers = parts[:3]
    if value < 0 and len(numbers) > 1:
        return numbers[1], -value
    return (numbers[2] if value == 0 and len(numbers) > 2 else numbers[0]), value


class Shape(NamedTuple):
    """What the tokens of a number stand for, without their commas."""

    whole: tuple[Token, ...]
    decimals: tuple[Token, ...]
    power: tuple[Token, ...]
    has_point: bool
    grouped: bool
    scale: int
    places: int
    is_fraction: bool


@lru_cache(maxsize=1024)
def _shape(tokens: tuple[Token, ...]) -> Shape:
    kinds = [token.kind for token in tokens]
    power = kinds.index("power") if "power" in kinds else len(tokens)
    point = kinds.index(".") if "." in kinds[:power] else power
    whole, grouped, thousands = _commas(tokens[:point])
    decimals, _, more = _commas(tokens[point + 1 : power])
    return Shape(
        whole,
        decimals,
        tokens[power:],
        has_point=point < power,
        grouped=grouped,
        scale=2 * kinds.count("%") - 3 * (thousands + more),
        places=sum(token.kind == "digit" for token in decimals),
        is_fraction=any(a.kind == "/" and _is_number(b) for a, b in pairwise(tokens)),
    )


def _is_number(token: Token) -> bool:
    return token.kind == "digit" or (token.kind == "text" and token.text.isdecimal())


def _number(value: float, tokens: tuple[Token, ...]) -> str:
    shape = _shape(tokens)
    number = EXACT.scaleb(Decimal(f"{abs(value):.15g}"), shape.scale)
    sign = "-" if value < 0 else ""
    if shape.is_fraction:
        return sign + _fraction(number, tokens)
    exponent = 0
    if shape.power:
        number, exponent = _scaled(number, sum(t.kind == "digit" for t in shape.whole))
    rounded = EXACT.quantize(number, Decimal(1).scaleb(-shape.places))
    whole, _, rest = f"{rounded:f}".partition(".")
    shown = _whole(whole, shape.whole, shape.grouped)
    if shape.has_point:
        shown += "." + _decimals(rest, shape.decimals)
    if shape.power:
        shown += "E" + _exponent(exponent, shape.power)
    return (sign if rounded else "") + shown


def _scaled(number: Decimal, whole_digits: int) -> tuple[Decimal, int]:
    """Return the number before the `E` and the power of ten after it."""
    if not number:
        return number, 0
    step = max(whole_digits, 1)
    exponent = number.adjusted() // step * step
    return number.scaleb(-exponent), exponent


def _exponent(exponent: int, tokens: Sequence[Token]) -> str:
    digits = sum(token.kind == "digit" for token in tokens)
    sign = "-" if exponent < 0 else "+" if tokens[0].text.endswith("+") else ""
    return f"{sign}{abs(exponent):0{digits}}" + "".join(
        token.text for token in tokens[1:] if token.kind in ("text", "%")
    )


def _commas(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], bool, int]:
    """Return the tokens without commas, whether they group digits, and how often they divide."""
    places = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    last = places[-1] if places else -1
    commas = [i for i, token in enumerate(tokens) if token.kind == ","]
    within = [i for i in commas if places and places[0] < i < last]
    behind = [i for i in commas if places and i > last]
    return tuple(token for token in tokens if token.kind != ","), bool(within), len(behind)


def _whole(digits: str, tokens: Sequence[Token], grouped: bool) -> str:
    """Return the digits before the point, from the right, each in a place of its own."""
    digits = digits.lstrip("0")
    places = sum(token.kind == "digit" for token in tokens)
    shown = [] if places else [digits]
    left = places
    for token in tokens:
        if token.kind != "digit":
            shown.append(token.text)
            continue
        # The first place takes all that the others leave.
        first = left == places
        here = digits[: len(digits) - left + 1] if first else digits[len(digits) - left :][:1]
        if len(digits) < left:
            here = {"0": "0", "?": " "}.get(token.text, "")
        shown.append(_grouped(here, left) if grouped else here)
        left -= 1
    return "".join(shown)


def _grouped(digits: str, place: int) -> str:
    """Return digits, the last of which has this place from the right, with commas after some."""
    end = place + len(digits) - 1
    return "".join(
        digit + ("," if (end - i) > 1 and (end - i) % 3 == 1 and digit != " " else "")
        for i, digit in enumerate(digits)
    )


def _decimals(digits: str, tokens: Sequence[Token]) -> str:
    kept = len(digits.rstrip("0"))
    shown, at = "", 0
    for token in tokens:
        if token.kind != "digit":
            shown += token.text
            continue
        shown += digits[at] if at < kept else {"0": "0", "?": " "}.get(token.text, "")
        at += 1
    return shown


def _fraction(number: Decimal, tokens: Sequence[Token]) -> str:
    """Return a number such as `1 1/2`."""
    kinds = [token.kind for token in tokens]
    slash = kinds.index("/")
    below = "".join(t.text for t in tokens[slash + 1 :] if t.kind in ("digit", "text")).strip()
    fixed = int(below) if below.isascii() and below.isdigit() and int(below) else 0
    above = tokens[:slash]
    mixed = any(a.kind == "digit" and b.kind == "text" for a, b in pairwise(above))
    exact = Fraction(number)
    whole = int(exact) if mixed else 0
    part = exact - whole
    if fixed:
        over = Fraction(round(part * fixed)), fixed
    else:
        near = part.limit_denominator(max(10 ** min(len(below), 5) - 1, 1))
        over = Fraction(near.numerator), near.denominator
    if mixed and over[0] == over[1]:
        return str(whole + 1)
    if mixed and not over[0]:
        return str(whole)
    return f"{whole} {over[0]}/{over[1]}" if whole else f"{over[0]}/{over[1]}"
