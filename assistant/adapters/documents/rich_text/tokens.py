"""What rich text is written in: groups, control words and bytes."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    rb"(?P<text>[^\\{}\r\n\x00]+)|(?P<ends>[\r\n\x00]+)|(?P<brace>[{}])"
    rb"|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[\x00-\xff])|(?P<rest>\\)"
)
# The code pages that Python knows by another name than the number.
CODE_PAGES = {
    **{0: "cp1252", 42: "cp1252", 708: "iso8859-6", 709: "iso8859-6", 819: "latin-1"},
    **{936: "gbk", 10000: "mac-roman", 10001: "shift-jis", 10002: "big5", 10003: "euc-kr"},
    **{10004: "mac-arabic", 10006: "mac-greek", 10007: "mac-cyrillic", 10008: "gb2312"},
    **{10029: "mac-latin2", 10081: "mac-turkish", 28591: "latin-1", 65001: "utf-8"},
}
# Of a font, by the number of its character set.
CHARACTER_SETS = {
    **{77: "mac-roman", 78: "shift-jis", 79: "euc-kr", 80: "gb2312", 81: "big5", 85: "mac-greek"},
    **{86: "mac-turkish", 88: "mac-latin2", 89: "mac-cyrillic", 128: "cp932", 129: "cp949"},
    **{130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258"},
    **{177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
    **{254: "cp437", 255: "cp850"},
}
SYMBOL_SET = 2


class Token(NamedTuple):
    """One of: text (bytes), word (with its number), sign (`\\~`), `{` and `}`."""

    kind: str
    word: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes, start: int) -> Iterator[Token]:
    """Yield the tokens of a file; what `\\bin` announces is passed over."""
    place, end = start, len(data)
    while place < end:
        found = TOKEN.match(data, place)
        assert found is not None, "the pattern takes any byte"
        place = found.end()
        kind = found.lastgroup
        if kind == "text":
            yield Token("text", data=found[0])
        elif kind == "hex":
            yield Token("text", data=bytes.fromhex(found["hex"].decode()))
        elif kind == "brace":
            yield Token(found[0].decode())
        elif kind == "sign":
            yield Token("sign", found["sign"].decode("latin-1"))
        elif kind in ("word", "number"):
            number = int(found["number"]) if found["number"] else None
            word = found["word"].decode()
            if word == "bin":
                place += max(0, number or 0)
            else:
                yield Token("word", word, number)


def code_page(number: int | None) -> str:
    """Return Python's name of a code page; an unknown one is that of Western Europe."""
    name = CODE_PAGES.get(number or 0, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
