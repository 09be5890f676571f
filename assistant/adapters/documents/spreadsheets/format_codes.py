"""Reading the codes of spreadsheets' number formats, such as `#,##0.00;[Red]-0`."""

import re
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"
SHORT_DATE = "yyyy-mm-dd"  # the reader's own in Excel, which a file does not tell
DOLLARS, CENTS = '"$"#,##0_);("$"#,##0)', '"$"#,##0.00_);("$"#,##0.00)'
ACCOUNT, ACCOUNT_CENTS = (
    '_(* #,##0_);_(* (#,##0);_(* "-"_)',
    "_(* #,##0.00_);_(* (#,##0.00);_(* -_)",
)
# The codes that files name by number only (ECMA-376, part 1, 18.8.30).
BUILT_IN = {
    **{0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00"},
    **{5: DOLLARS, 6: DOLLARS, 7: CENTS, 8: CENTS},
    **{9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: SHORT_DATE},
    **{15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM"},
    **{20: "h:mm", 21: "h:mm:ss", 22: f"{SHORT_DATE} h:mm"},
    **dict.fromkeys([*range(27, 32), 36, *range(50, 59)], SHORT_DATE),
    **dict.fromkeys(range(32, 36), "h:mm:ss"),
    **dict.fromkeys([37, 38], "#,##0_);(#,##0)"),
    **dict.fromkeys([39, 40], "#,##0.00_);(#,##0.00)"),
    **{41: ACCOUNT, 42: ACCOUNT.replace("* ", '"$"* ')},
    **{43: ACCOUNT_CENTS, 44: ACCOUNT_CENTS.replace("* ", '"$"* ')},
    **{45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
}
MAX_CODE = 500
_SECTIONS = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;])*', re.DOTALL)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<gap>.)|\*(?P<filling>.)'
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<elapsed>h+|m+|s+)\]"
    r"|\[(?P<sign>[<>=]{1,2})(?P<bound>-?\d+(?:\.\d+)?)\]|(?P<colour>\[[^\]]*\])"
    r"|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<power>E[+-])|(?P<date>y+|m+|d+|h+|s+|e+|g+)"
    r"|(?P<digit>[0#?])|(?P<mark>[.,%/@])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
DATES = ("date", "elapsed", "half")


class Token(NamedTuple):
    """A piece of a code; its kind is a group of the pattern above, `text`, or a mark itself."""

    kind: str
    text: str


class Section(NamedTuple):
    """What a format does with some of the numbers, and if it says so, with which."""

    tokens: tuple[Token, ...]
    sign: str = ""
    bound: float = 0.0

    def is_date(self) -> bool:
        """Return whether it shows numbers as points in time."""
        return any(token.kind in DATES for token in self.tokens)


@lru_cache(maxsize=1024)
def sections(code: str) -> tuple[Section, ...]:
    """Return the up to four sections of a code."""
    found: list[Section] = []
    at = 0
    code = code[:MAX_CODE]
    while at <= len(code) and len(found) < 4:
        match = _SECTIONS.match(code, at)
        end = match.end() if match else len(code)
        found.append(_section(code[at:end]))
        at = end + 1
    return tuple(found)


def _section(code: str) -> Section:
    tokens, sign, bound = [], "", 0.0
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "bound":
            sign, bound = match["sign"], float(text)
        elif kind == "mark":
            tokens.append(Token(text, text))
        elif kind == "gap":
            tokens.append(Token("text", " "))
        elif kind in ("quoted", "escaped", "currency", "other"):
            tokens.append(Token("text", text))
        elif kind not in ("filling", "colour"):
            tokens.append(Token(kind, text))
    return Section(_settled(tokens), sign, bound)


def _settled(tokens: list[Token]) -> tuple[Token, ...]:
    """Return the tokens of a date or of a number: a date has digits only for parts of seconds."""
    first = next((i for i, token in enumerate(tokens) if token.kind == "digit"), None)
    if first is None:
        return tuple(tokens)
    before = [token.kind for token in tokens[:first]][-2:]
    if before in (["date", "."], ["elapsed", "."]):
        return tuple(tokens)
    # Letters of a unit that nobody put in quotes.
    return tuple(Token("text", t.text) if t.kind in DATES else t for t in tokens)
