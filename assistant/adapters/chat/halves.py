"""Put together characters that a server has cut in the middle, one half in each of two deltas."""

import re

HALF = re.compile("[\ud800-\udfff]")


class Halves:
    """Holds back the first half of a surrogate pair until the second one comes."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Return a text without halves; those that stay alone are replaced."""
        if not self._held and (text.isascii() or HALF.search(text) is None):
            return text
        text, self._held = self._held + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def close(self) -> str:
        """Return what stands for a half that stayed alone."""
        return "\ufffd" if self._held else ""
