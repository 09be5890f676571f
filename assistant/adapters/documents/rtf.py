"""Reading rich text (RTF) as it is printed."""

import copy
import re

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.numerals import roman
from assistant.adapters.documents.page_ends import write_once
from assistant.adapters.documents.rich_text.state import FONTS, STYLES, WORDS, State
from assistant.adapters.documents.rich_text.story import Story
from assistant.adapters.documents.rich_text.tokens import tokens
from assistant.errors import PermanentError

BEGIN = re.compile(rb"(\xef\xbb\xbf)?\s*(?=\{\s*\\rtf)")
MAX_DEPTH = 10_000
# Groups with nothing that is printed, or with a copy for older programs.
SKIPPED = frozenset(
    (
        *("colortbl", "info", "pict", "nonshppict", "shprslt", "objdata", "objname", "objclass"),
        *("objalias", "objsect", "fldinst", "sp", "themedata", "colorschememapping"),
        *("latentstyles", "listtable", "listoverridetable", "rsidtbl", "generator", "xmlnstbl"),
        *("filetbl", "revtbl", "nonesttables", "xe", "tc", "rxe", "txe", "bkmkstart", "bkmkend"),
        *("datafield", "mmathPict", "template", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc"),
        *("ftncn", "aftncn", "annotation", "atnid", "atnauthor", "pgptbl"),
    )
)
# Groups that are marked as unknown to old programs and are printed nevertheless.
STARRED = frozenset(
    (
        *("shpinst", "shptxt", "do", "dptxbxtext", "footnote", "nesttableprops", "ud"),
        *("moMath", "moMathPara", "listtext", "pntext"),
    )
)
STORIES = {
    "footnote": "note",
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
    **dict.fromkeys(("shptxt", "dptxbxtext"), "box"),
}
CHARACTERS = {
    **{"tab": "\t", "line": "\n", "lbr": "\n", "page": "\n", "column": "\n", "emdash": "—"},
    **{"endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“"},  # noqa: RUF001
    **{"rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " "},
    # What stands before the parts of equations.
    **{"mden": "/", "msup": "^", "msub": "_", "mrad": "√"},
}
SIGNS = {"~": "\xa0", "_": "-", "{": "{", "}": "}", "\\": "\\", "\t": "\t"}
# The number of an item, which programs write for those that cannot count.
LABELS = ("listtext", "pntext")
GROUPS = (FONTS, STYLES, *LABELS)


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return headers, the text with its notes, and footers; the format knows no pages."""
    found = BEGIN.match(data)
    if found is None:
        raise _broken("it does not begin as rich text does")
    text = _Reader().read(data, found.end())
    return normalise(re.sub(r"\n{3,}", "\n\n", text)), []


def _broken(reason: str) -> PermanentError:
    return PermanentError(
        f"The document cannot be read: {reason}. Open it in Word, save it again and upload that.",
        code="broken_file",
    )


class _Reader:
    def __init__(self) -> None:
        self._body = Story("body")
        self._state = State(self._body)
        self._stack: list[State] = []
        self._starred = False
        self._bytes = bytearray()
        # How many characters for old programs are still to come after one in Unicode.
        self._passed = 0
        self._ends: dict[str, list[Blocks]] = {"header": [], "footer": []}
        self._notes = {False: 0, True: 0}

    def read(self, data: bytes, start: int) -> str:
        """Return the text of a file."""
        for token in tokens(data, start):
            if token.kind == "text":
                self._take(token.data)
                continue
            self._flush()
            if token.kind == "{":
                self._open()
            elif token.kind == "}":
                self._close()
                if not self._stack:
                    break
            elif token.kind == "word":
                self._passed = 0
                self._word(token.word, token.number)
            else:
                self._sign(token.word)
        if self._stack:
            raise _broken("it is cut off")
        whole = Blocks()
        write_once(self._ends["header"], whole)
        whole.extend(self._body.finish())
        write_once(self._ends["footer"], whole)
        # Characters beyond the first 65,536 are written in two halves.
        return whole.text().encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _open(self) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise RecursionError("groups within groups")
        self._stack.append(self._state)
        self._state = copy.copy(self._state)
        self._starred = False
        self._passed = 0

    def _close(self) -> None:
        self._passed = 0
        if not self._stack:
            return
        story, around = self._state.story, self._stack.pop()
        if story is not around.story or not self._stack:
            # The last paragraph needs no mark at its end.
            self._state.end_paragraph()
        self._state = around
        if story is not around.story:
            self._end_story(story)

    def _end_story(self, story: Story) -> None:
        blocks = story.finish()
        around = self._state.story
        if story.kind in self._ends:
            self._ends[story.kind].append(blocks)
        elif story.kind == "box":
            around.beside.append(blocks)
        elif blocks:
            self._notes[story.is_endnote] += 1
            count = self._notes[story.is_endnote]
            around.add_note(roman(count) if story.is_endnote else str(count), blocks.text())

    def _word(self, word: str, number: int | None) -> None:
        state = self._state
        starred, self._starred = self._starred, False
        if word == "ud" and state.anyway is not None:
            state.skipped = state.anyway
        elif state.skipped:
            return
        elif (starred and word not in STARRED) or word in SKIPPED or word.endswith("Pr"):
            state.skipped = True
        elif word in STORIES:
            state.story = Story(STORIES[word])
            state.in_table = state.hidden = state.deleted = False
        elif word in GROUPS:
            state.group = word
        elif word in CHARACTERS:
            self._put(CHARACTERS[word])
        elif word == "u":
            self._put(state.fonts.show(state.font, chr((number or 0) % 0x10000)))
            self._passed = state.fallback
        elif act := WORDS.get(word):
            act(state, number)

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._starred = True
        elif self._passed:
            self._passed -= 1
        elif self._state.skipped:
            return
        elif sign in "\r\n":
            self._state.end_paragraph()
        else:
            self._put(SIGNS.get(sign, ""))

    def _take(self, data: bytes) -> None:
        """Keep bytes until they can be decoded together: a character may be two of them."""
        passed = min(self._passed, len(data))
        self._passed -= passed
        if not self._state.skipped:
            self._bytes += data[passed:]

    def _flush(self) -> None:
        if not self._bytes:
            return
        state, data = self._state, bytes(self._bytes)
        self._bytes.clear()
        if state.group == FONTS:
            state.fonts.add_name(state.font, data)
        elif state.group == STYLES:
            state.name_style(data.decode("latin-1"))
        else:
            self._put(state.fonts.decode(state.font, data))

    def _put(self, text: str) -> None:
        state = self._state
        if state.skipped or state.hidden or state.deleted or state.group in (FONTS, STYLES):
            return
        line = state.story.label if state.group in LABELS else state.story.line
        line.put(text, state.raised)
