"""Putting the headings of a part below that of the whole."""

import re

from assistant.adapters.documents import markdown

HEADING = re.compile(r"(#{1,6}) ")
FENCE = "```"


def level(line: str) -> int:
    """Return the level of a heading, and 0 for any other line."""
    match = HEADING.match(line)
    return len(match[1]) if match else 0


def below(text: str, top: int) -> str:
    """Return a text with its headings as they are, or as much lower as they have to be."""
    lines = text.split("\n")
    levels: dict[int, int] = {}
    in_code = False
    for i, line in enumerate(lines):
        in_code ^= line.startswith(FENCE)
        if not in_code and level(line):
            levels[i] = level(line)
    lower = top + 1 - min(levels.values(), default=top + 1)
    for i, old in levels.items() if lower > 0 else ():
        lines[i] = markdown.heading(old + lower, lines[i].lstrip("#"))
    return "\n".join(lines)
