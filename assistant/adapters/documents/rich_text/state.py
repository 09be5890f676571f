"""What control words of rich text change, until their group ends."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.adapters.documents.rich_text.fonts import Fonts
from assistant.adapters.documents.rich_text.story import Story
from assistant.adapters.documents.rich_text.table import Columns
from assistant.adapters.documents.rich_text.tokens import code_page

FONTS, STYLES = "fonttbl", "stylesheet"
BODY_LEVEL = 9
HEADING = re.compile(r"(?:numbered )?heading ([1-9])", re.IGNORECASE)


@dataclass
class State:
    """What a group inherits from the one around it, and gives back at its end."""

    story: Story
    fonts: Fonts = field(default_factory=Fonts)
    # The level of a heading by the number of its style.
    headings: dict[int, int] = field(default_factory=dict)
    group: str = ""
    skipped: bool = False
    # Within `\upr`, which has everything twice: whether it would be skipped anyway.
    anyway: bool | None = None
    # How many characters for old programs follow one in Unicode.
    fallback: int = 1
    font: int | None = None
    hidden: bool = False
    deleted: bool = False
    raised: bool = False
    style: int = 0
    outline: int | None = None
    depth: int = 0
    in_table: bool = False

    def name_style(self, name: str) -> None:
        """Take a style's name, by which some programs alone tell headings."""
        if found := HEADING.fullmatch(name.strip().rstrip(";")):
            self.headings.setdefault(self.style, int(found[1]))

    def end_paragraph(self) -> None:
        """End a paragraph, unless its end is deleted or hidden, which joins it to the next."""
        if not (self.hidden or self.deleted):
            heading = self.headings.get(self.style) if self.outline is None else self.outline
            in_table = self.in_table or self.story.in_row
            self.story.end_paragraph(heading or 0, self.depth, in_table)


Action = Callable[[State, int | None], None]


def _set(name: str) -> Action:
    """Return what sets a property to the number of its word."""

    def action(state: State, number: int | None) -> None:
        setattr(state, name, number or 0)

    return action


def _switch(name: str, off: bool = False) -> Action:
    """Return what switches a property on, or off by a zero."""
    return lambda state, number: setattr(state, name, number != 0 and not off)


def _story(act: Callable[[Story, int], None]) -> Action:
    return lambda state, number: act(state.story, number or 0)


def _reset_paragraph(state: State, _: int | None) -> None:
    state.style, state.outline, state.depth, state.in_table = 0, None, 0, False


def _reset_words(state: State, _: int | None) -> None:
    state.hidden = state.deleted = state.raised = False
    state.font = state.fonts.usual


def _outline(state: State, number: int | None) -> None:
    level = (number or 0) + 1 if (number or 0) < BODY_LEVEL else 0
    if state.group == STYLES:
        state.headings[state.style] = level
    else:
        state.outline = level


def _font(state: State, number: int | None) -> None:
    state.font = number
    if state.group == FONTS:
        state.fonts.begin(number)


def _usual_font(state: State, number: int | None) -> None:
    state.fonts.usual = state.font = number


def _set_encoding(state: State, number: int | None) -> None:
    state.fonts.encoding = code_page(number)


def _begin_row(state: State, _: int | None) -> None:
    state.story.columns = Columns()
    state.story.in_row = True


def _begin_twice(state: State, _: int | None) -> None:
    state.anyway, state.skipped = state.skipped, True


def _fallback(state: State, number: int | None) -> None:
    state.fallback = 1 if number is None else max(0, number)


WORDS: dict[str, Action] = {
    "uc": _fallback,
    "upr": _begin_twice,
    "ansicpg": _set_encoding,
    "mac": lambda state, _: _set_encoding(state, 10000),
    "pc": lambda state, _: _set_encoding(state, 437),
    "pca": lambda state, _: _set_encoding(state, 850),
    "deff": _usual_font,
    "f": _font,
    "fcharset": lambda state, number: state.fonts.set_characters(state.font, number or 0),
    "cpg": lambda state, number: state.fonts.set_code_page(state.font, number),
    "v": _switch("hidden"),
    "deleted": _switch("deleted"),
    "super": _switch("raised"),
    "sub": _switch("raised", off=True),
    "nosupersub": _switch("raised", off=True),
    "plain": _reset_words,
    "pard": _reset_paragraph,
    "par": lambda state, _: state.end_paragraph(),
    "sect": lambda state, _: state.end_paragraph(),
    "s": _set("style"),
    "outlinelevel": _outline,
    "ilvl": _set("depth"),
    "intbl": _switch("in_table"),
    "trowd": _begin_row,
    "trleft": _story(lambda story, number: story.columns.begin(number)),
    "clmrg": _story(lambda story, _: story.columns.merge("clmrg")),
    "clvmrg": _story(lambda story, _: story.columns.merge("clvmrg")),
    "cellx": _story(lambda story, number: story.columns.end_cell(number)),
    "cell": _story(lambda story, _: story.end_cell()),
    "row": _story(lambda story, _: story.end_row()),
    "nestcell": _story(lambda story, _: story.end_inner_cell()),
    "nestrow": _story(lambda story, _: story.end_inner_row()),
    "ftnalt": _story(lambda story, _: story.mark_endnote()),
}
