"""Tie what a model says to the passages that it was given."""

# Models write brackets, dashes and quotation marks of many scripts.
# ruff: noqa: RUF001

import re
from collections.abc import Iterator

from assistant.services.generation.footnotes import Form, form_of

OPENERS, CLOSERS = "[【［", "]】］"
# Longer brackets are no markers: this is the most text that is ever held back.
HOLD_BACK = 64
NUMBER = r"(?:(?:passages?|sources?) )?\d{1,3}(?: ?[-–—] ?\d{1,3})?"
# Behind a dagger stands what a model believes to have read: `【1†source】`, `【2†L3-L5】`.
DAGGER = "†"
MARKER = re.compile(
    rf"[\[【［] ?{NUMBER}(?: ?(?:[,;]|and) ?{NUMBER})* ?(?:{DAGGER}[^\n]*)?[\]】］]", re.IGNORECASE
)
# What may still become one.
BEGUN = re.compile(
    r"[\[【［](?:passages?|sources?|and|[0-9 ,;\-–—])*"
    r"(?:p|pa|pas|pass|passa|passag|s|so|sou|sour|sourc|a|an)?",
    re.IGNORECASE,
)
BEGUN_WITH_DAGGER = re.compile(rf"[\[【［][0-9 ,;\-–—]*\d ?{DAGGER}[^\n\[【［]*")
RANGE = re.compile(r"(\d+)(?: ?[-–—] ?(\d+))?")
BLANKS = " \u00a0"


class MarkerFilter:
    """Lets a model's text through, without markers of passages that it was not given.

    Text that was given out is never changed, so only what may still become a marker is held back.
    The state depends on the characters alone: how they are cut into deltas changes nothing.
    """

    def __init__(self, count: int) -> None:
        self.used: list[int] = []
        self.form = Form.BRACKETS
        self.count = count
        self._given: list[str] = []
        self._held = ""
        self._blank = ""
        # In `Paris[1]` or `array[10]` the bracket may be code: it is read, but never edited.
        self._glued = False
        self._drop_blank = False
        self._line_start = True
        self._ticks = 0
        self._code = 0

    def feed(self, delta: str) -> str:
        """Return what can be given out now that this text has arrived."""
        given = "".join(self._take(char) for char in delta)
        self._given.append(given)
        return given

    def begin_anew(self) -> None:
        """Forget what was let through; what comes now is the whole text."""
        vars(self).update(vars(MarkerFilter(self.count)))

    def close(self) -> str:
        """Return what was still held back.

        Only now can be told whether `[^1]` or `(1)` are markers. They have been given out, and stay
        as they are; the passages that they name count as `used`.
        """
        whole = self._held and self._held[-1] in CLOSERS
        rest = (self._settle() if whole else self._release()) + self._take_blank()
        if not self.used:
            self.form, self.used = form_of("".join([*self._given, rest]), self.count)
        return rest

    def _take(self, char: str) -> str:
        if not self._held:
            return self._pass(char)
        if self._held[-1] in CLOSERS:
            # Only what follows tells a marker from a link, `[1](https://…)`.
            return (self._release() if char == "(" else self._settle()) + self._pass(char)
        if char in CLOSERS and MARKER.fullmatch(self._held + char):
            self._held += char
            return ""
        if len(self._held) < HOLD_BACK and _is_begun(self._held + char):
            self._held += char
            return ""
        return self._release() + self._pass(char)

    def _pass(self, char: str) -> str:
        self._watch_code(char)
        if char in BLANKS:
            if self._drop_blank:
                self._drop_blank = False
                return ""
            before, self._blank, self._glued = self._blank, char, False
            return before
        self._drop_blank = False
        if char in OPENERS and not self._code:
            self._held = char
            return ""
        before = self._take_blank()
        self._line_start = char == "\n"
        self._glued = char == "_" or (char.isascii() and char.isalnum())
        return before + char

    def _watch_code(self, char: str) -> None:
        """Follow code spans and fences: a run of backticks ends at a run of the same length."""
        if char == "`":
            self._ticks += 1
            return
        if self._ticks:
            if self._code in (0, self._ticks):
                self._code = 0 if self._code else self._ticks
            self._ticks = 0
        if char == "\n" and self._code < 3:
            self._code = 0

    def _release(self) -> str:
        """Give out what is held as it is: it was no marker."""
        text, self._held = self._take_blank() + self._held, ""
        if text:
            self._line_start = False
        return text

    def _settle(self) -> str:
        """Give out a marker, or what is left of it."""
        numbers = list(dict.fromkeys(_numbers(self._held, self.count)))
        is_bare = not any(char.isalpha() or char == DAGGER for char in self._held)
        unchanged = f"[{''.join(map(str, numbers))}]"
        if self._glued and self._held[0] == "[" and is_bare and self._held != unchanged:
            return self._release()
        self._glued = False
        self.used.extend(number for number in numbers if number not in self.used)
        blank, self._held = self._take_blank(), ""
        if not numbers:
            self._drop_blank = self._line_start and not blank
            return ""
        self._line_start = False
        return blank + "".join(f"[{number}]" for number in numbers)

    def _take_blank(self) -> str:
        blank, self._blank = self._blank, ""
        return blank


def _is_begun(text: str) -> bool:
    return bool(BEGUN.fullmatch(text) or BEGUN_WITH_DAGGER.fullmatch(text))


def _numbers(marker: str, count: int) -> Iterator[int]:
    for first, last in RANGE.findall(marker.partition(DAGGER)[0]):
        ends = sorted((int(first), int(last or first)))
        yield from range(max(ends[0], 1), min(ends[1], count) + 1)
