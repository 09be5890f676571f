"""Joining the lines of mails that say where their lines were only broken to be sent (RFC 3676)."""

import re

QUOTE = re.compile(r">*")
SIGNATURE = "-- "


def unflowed(text: str, *, joined: bool) -> str:
    """Return the paragraphs as lines; `joined` words lose the blank that marks a break."""
    lines: list[str] = []
    depth, open_line = 0, False
    for line in text.splitlines():
        match = QUOTE.match(line)
        quotes = match.end() if match else 0
        words = line[quotes:].removeprefix(" ")
        if words == SIGNATURE:
            open_line = False
        if open_line and quotes == depth:
            lines[-1] += words
        else:
            lines.append(f"{'>' * quotes} {words}" if quotes else words)
        open_line = words.endswith(" ") and words != SIGNATURE
        if open_line and joined:
            lines[-1] = lines[-1][:-1]
        depth = quotes
    return "\n".join(line.rstrip() for line in lines)
