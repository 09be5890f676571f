"""Showing the numbers of days that spreadsheets keep as dates and times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from assistant.adapters.documents.spreadsheets.format_codes import DATES, Token

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LAST_DAY = 2_958_466  # 10000-01-01
# Excel believes that 1900 had a 29th of February, which is its day 60.
LEAP_DAY = 60
SECONDS_A_DAY = 86_400


def show(days: float, tokens: Sequence[Token], since_1904: bool) -> str | None:
    """Return the date or time that a section of a format shows, or None if there is none such."""
    elapsed = any(token.kind == "elapsed" for token in tokens)
    if not 0 <= days < LAST_DAY and not elapsed:
        return None
    places = sum(token.kind == "digit" for token in tokens)
    seconds = round(Decimal(repr(abs(days))) * SECONDS_A_DAY, min(places, 6))
    moment = _moment(seconds, since_1904)
    if moment is None and not elapsed:
        return None
    shown = "-" if days < 0 else ""
    for i, token in enumerate(tokens):
        if token.kind == "elapsed":
            shown += _elapsed(token.text.lower(), seconds)
        elif token.kind == "date":
            shown += _part(token.text.lower(), i, tokens, moment or datetime(1900, 1, 1))
        elif token.kind == "half":
            half = "AM" if moment is None or moment.hour < 12 else "PM"
            shown += half[0] if len(token.text) < 4 else half
        elif token.kind == "digit":
            if tokens[i - 1].kind != "digit":
                shown += f"{seconds % 1:.{places}f}"[2:] if places else ""
        elif token.kind not in ("general", "@"):
            shown += token.text
    return shown.strip()


def _moment(seconds: Decimal, since_1904: bool) -> datetime | None:
    days = seconds // SECONDS_A_DAY
    if since_1904:
        start = datetime(1904, 1, 1)
    else:
        start = datetime(1899, 12, 30 if days >= LEAP_DAY else 31)
    try:
        return start + timedelta(seconds=float(seconds))
    except OverflowError:
        return None


def _elapsed(letters: str, seconds: Decimal) -> str:
    unit = {"h": 3600, "m": 60, "s": 1}[letters[0]]
    return f"{int(seconds // unit):0{len(letters)}}"


def _part(letters: str, at: int, tokens: Sequence[Token], moment: datetime) -> str:
    kind, count = letters[0], len(letters)
    if kind == "g":
        return ""  # an emperor's era; the year is that of all the world
    if kind in "ye":
        return f"{moment.year % 100:02}" if kind == "y" and count < 3 else f"{moment.year:04}"
    if kind == "m" and count < 3 and _is_minute(at, tokens):
        return f"{moment.minute:0{count}}"
    if kind == "m":
        name = MONTHS[moment.month - 1]
        lengths = {3: 3, 5: 1}
        return f"{moment.month:0{count}}" if count < 3 else name[: lengths.get(count)]
    if kind == "d":
        name = WEEKDAYS[moment.weekday()]
        return f"{moment.day:0{count}}" if count < 3 else name[: 3 if count == 3 else None]
    if kind == "h":
        halved = any(token.kind == "half" for token in tokens)
        hour = (moment.hour % 12 or 12) if halved else moment.hour
        return f"{hour:0{min(count, 2)}}"
    return f"{moment.second:0{min(count, 2)}}"


def _is_minute(at: int, tokens: Sequence[Token]) -> bool:
    """Return whether an `m` stands beside hours or seconds, and so is no month."""
    parts = [i for i, token in enumerate(tokens) if token.kind in DATES[:2]]
    place = parts.index(at)
    before = tokens[parts[place - 1]].text[0].lower() if place else ""
    after = tokens[parts[place + 1]].text[0].lower() if place + 1 < len(parts) else ""
    return before == "h" or after == "s"
