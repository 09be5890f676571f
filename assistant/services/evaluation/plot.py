"""A picture of a result: a bar for each measure and setting, as SVG."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from assistant.services.evaluation.report import BY_NAME

WIDTH, LEFT, RIGHT, TOP = 760, 210, 160, 74
BAR, GAP, LINE = 16, 12, 18
# Told apart also in grey, and by people who see few colours.
COLOURS = ("#1b5e9c", "#e69f00")
FONT = "font-family='sans-serif' font-size='13'"
# What XML cannot hold.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST_TITLE, LONGEST_NAME = 80, 40
# A difference that chance alone makes less often than this is marked.
SURE = 0.05


def plot(title: str, names: Sequence[str], result: Mapping[str, Any]) -> str:
    """Return the picture of a result; `names` are those of its settings."""
    shares = [row for row in result["measures"] if BY_NAME[row["name"]].is_share]
    step = len(names) * BAR + GAP
    bottom = TOP + len(shares) * step
    height = bottom + (2 + len(names)) * LINE
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' "
        f"width='{WIDTH}' height='{height}' role='img' {FONT}>",
        f"<title>{_text(title, LONGEST_TITLE)}</title>",
        f"<rect width='{WIDTH}' height='{height}' fill='white'/>",
        _words(12, 24, _text(title, LONGEST_TITLE), "font-size='16' font-weight='bold'"),
        *_legend(names),
        *_scale(bottom),
    ]
    for number, row in enumerate(shares):
        parts += _bars(row, TOP + number * step)
    parts += _latency(names, result, bottom + LINE)
    return "\n".join([*parts, "</svg>", ""])


def _text(words: str, longest: int) -> str:
    clean = _UNWRITABLE.sub("", words)
    return escape(clean if len(clean) <= longest else f"{clean[: longest - 1]}…")


def _words(x: float, y: float, escaped: str, more: str = "") -> str:
    return f"<text x='{x:g}' y='{y:g}' {more}>{escaped}</text>"


def _legend(names: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(names):
        x = 12 + number * (WIDTH - 24) // 2
        yield f"<rect x='{x}' y='37' width='12' height='12' fill='{COLOURS[number]}'/>"
        yield _words(x + 18, 48, _text(name, LONGEST_NAME))


def _scale(bottom: float) -> Iterator[str]:
    for tenths in (0, 25, 50, 75, 100):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tenths / 100
        yield f"<path d='M{x:g} {TOP - 4}V{bottom - GAP / 2:g}' stroke='#ddd'/>"
        yield _words(x, TOP - 8, f"{tenths / 100:g}", "fill='#666' text-anchor='middle'")


def _bars(row: Mapping[str, Any], top: float) -> Iterator[str]:
    label = f"{BY_NAME[row['name']].title} ({row['of']})"
    middle = top + len(row["values"]) * BAR / 2 + 5
    yield _words(LEFT - 10, middle, _text(label, LONGEST_NAME), "text-anchor='end'")
    for number, value in enumerate(row["values"]):
        y, long = top + number * BAR, (WIDTH - LEFT - RIGHT) * value
        colour = COLOURS[number]
        yield f"<rect x='{LEFT}' y='{y}' width='{long:g}' height='{BAR - 2}' fill='{colour}'/>"
        yield _words(LEFT + long + 6, y + BAR - 4, f"{value:.3f}")
    if row.get("p") is not None:
        sure = "font-weight='bold'" if row["p_adjusted"] < SURE else "fill='#666'"
        yield _words(WIDTH - 12, middle, f"p = {row['p']:.3f}", f"text-anchor='end' {sure}")


def _latency(names: Sequence[str], result: Mapping[str, Any], top: float) -> Iterator[str]:
    yield _words(12, top, "Seconds to the whole answer", "font-weight='bold'")
    for number, name in enumerate(names):
        took = result["latency"][number]
        said = f"p50 {took['p50']:.3f}, p95 {took['p95']:.3f}"
        y = top + (number + 1) * LINE
        yield _words(12, y, _text(name, LONGEST_NAME), f"fill='{COLOURS[number]}'")
        yield _words(LEFT, y, said)
