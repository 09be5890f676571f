"""Keep what a model thinks apart from what it answers, where both come as one text.

Marks count only at the start of an answer. Some chat templates open the thought themselves, so
that an answer has the closing mark alone: what stood before it was no answer.
"""

import re

from assistant.chat import Piece, Reasoning, Reread, Text

# DeepSeek, Qwen and many others; Magistral; Seed; Kimi-VL; Gemma; gpt-oss where its server does not
# read the channels.
MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "◁think▷": "◁/think▷",
    "<|channel>thought": "<channel|>",
    "<|channel|>analysis<|message|>": "<|end|><|start|>assistant<|channel|>final<|message|>",
}
CLOSING = re.compile("|".join(map(re.escape, MARKS.values())))
FIRST = frozenset(mark[0] for mark in MARKS.values())
# A mark that is quoted is spoken about.
QUOTES = "`'\"“‘«"  # noqa: RUF001  # the signs meant


class Thoughts:
    """Tells thoughts from text, however the characters are cut into deltas.

    With `closing` the answer is taken to begin inside of a thought that this mark ends, as learnt
    from an earlier one. `closed_alone` is the mark that had no opening one, and `was_wrong` says
    that none ended a thought that was taken for one.
    """

    def __init__(self, closing: str | None = None) -> None:
        self.closed_alone: str | None = None
        self.was_wrong = False
        self._closing = closing
        self._assumed = False
        self._come_apart = False
        self._is_answer = False
        self._said: list[str] = []
        self._held = ""
        self._take = self._begin
        # What follows a mark begins without blanks.
        self._trimmed = False

    def feed(self, text: str) -> list[Piece]:
        """Return what can be told now that this text has arrived."""
        if self._is_answer and not self._held and FIRST.isdisjoint(text):
            # As most are.
            self._said.append(text)
            return [Text(text)] if text else []
        held, self._held = self._held + text, ""
        return [piece for piece in self._take(held) if not isinstance(piece, Text) or piece.text]

    def come_apart(self) -> None:
        """Note that thoughts come beside the text, in which only the opening mark counts then."""
        self._closing = None if self._take == self._begin else self._closing
        self._come_apart = True

    def close(self, *, is_cut: bool) -> list[Piece]:
        """Return what was held back; `is_cut` says that the answer did not come to its own end.

        A thought that was only assumed and never ended was the answer.
        """
        held, self._held = self._held, ""
        is_thought = self._take == self._think
        if is_thought and self._assumed and not is_cut:
            self.was_wrong = True
            return [Reread("", "".join([*self._said, held]))]
        if not held:
            return []
        return [Reasoning(held) if is_thought else Text(held)]

    def _begin(self, text: str) -> list[Piece]:
        """Find out with what the answer begins."""
        start = text.lstrip()
        for opening, closing in MARKS.items():
            if start.startswith(opening):
                self._closing, self._take, self._trimmed = closing, self._think, True
                return self._think(start[len(opening) :])
            if start.startswith(closing):
                self._take, self._trimmed = self._plain, True
                return self._plain(start[len(closing) :])
        if not start or _may_become(start, (*MARKS, *MARKS.values())):
            self._held = text
            return []
        if self._closing is not None:
            self._assumed, self._take = True, self._think
            return self._think(text)
        self._take = self._plain if self._come_apart else self._answer
        self._is_answer = True
        return self._take(text)

    def _think(self, text: str) -> list[Piece]:
        assert self._closing is not None
        text = self._trim(text)
        thought, mark, rest = text.partition(self._closing)
        if not mark:
            self._held = _beginning_of(text, (self._closing,))
            thought = text[: len(text) - len(self._held)]
        self._said.append(thought)
        said: list[Piece] = [Reasoning(thought)] if thought else []
        if not mark:
            return said
        if self._assumed:
            self.closed_alone = self._closing
        self._take, self._trimmed = self._plain, True
        return [*said, *self._plain(rest)]

    def _answer(self, text: str) -> list[Piece]:
        """Pass text on, unless it turns out to have been a thought."""
        found = CLOSING.search(text)
        if found is None:
            self._held = _beginning_of(text, tuple(MARKS.values()))
            given = text[: len(text) - len(self._held)]
            self._said.append(given)
            return [Text(given)]
        before = "".join([*self._said, text[: found.start()]])
        self._take = self._plain
        if before.count("`") % 2 or before.endswith(tuple(QUOTES)):
            return [Text(text)]
        self.closed_alone, self._trimmed, self._is_answer = found[0], True, False
        return [Reread(before.rstrip(), self._trim(text[found.end() :]))]

    def _plain(self, text: str) -> list[Piece]:
        return [Text(self._trim(text))]

    def _trim(self, text: str) -> str:
        if self._trimmed:
            text = text.lstrip()
            self._trimmed = not text
        return text


def _may_become(start: str, marks: tuple[str, ...]) -> bool:
    return any(mark.startswith(start) for mark in marks)


def _beginning_of(text: str, marks: tuple[str, ...]) -> str:
    """Return what at the end of a text may become a mark."""
    tail = text[1 - max(map(len, marks)) :]
    if not FIRST.intersection(tail):
        return ""
    ends = (tail[start:] for start in range(len(tail)))
    return next((end for end in ends if _may_become(end, marks)), "")
