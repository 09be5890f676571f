"""The words of one paragraph, while it is read."""

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

DIGITS = re.compile(r"[-+−]?\d+")  # noqa: RUF001  # the signs meant


@dataclass
class Line:
    """Words so far, and beside them text boxes, and blocks of drawings."""

    boxes: list[Element] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _high: str = ""

    def put(self, text: str, raised: bool = False) -> None:
        """Add words; a raised number is no digit of the one before it."""
        if raised:
            # It may come in pieces.
            self._high += text
        elif text:
            self._put_high()
            self._parts.append(text)

    def text(self) -> str:
        """Return the words."""
        self._put_high()
        return "".join(self._parts)

    def _put_high(self) -> None:
        high, self._high = self._high, ""
        last = self._parts[-1][-1] if self._parts else ""
        if any(map(str.isdigit, high)) and (last.isalnum() or last == ")"):
            high = f"^{high}" if DIGITS.fullmatch(high) else f"^({high})"
        if high:
            self._parts.append(high)
