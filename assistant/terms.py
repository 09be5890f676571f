"""The terms of a text, by which words and identifiers are found as they are written.

The same for what is indexed and what is asked, in every script. Words are folded: case, width,
accents. Scripts that put no blanks between words give overlapping pairs of characters. What is
written together, such as `E-1042`, `--no-verify`, `§ 12.3` or `snake_case`, is a term as a whole
beside its parts, so that an identifier is as rare as it is.
"""

import re
import unicodedata
from collections.abc import Iterator

# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic: left out as often as written.
# Marks of other scripts are vowels, without which words would be others.
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
# Han, kana, Hangul, Thai, Lao, Myanmar, Khmer. Korean has blanks, but its endings grow on words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f"
)
_RUN = re.compile(rf"[{_UNSPACED}]+")
_JOINERS = r"[-_./:@#+']"
_PART = re.compile(rf"[^\W_{_UNSPACED}]+")
# Parts that joiners hold together, with what may stand before an option, a section or a number.
_COMPOUND = re.compile(
    rf"(?:--?|§ ?|#|\$|@)?[^\W_{_UNSPACED}]+(?:_+|{_JOINERS}{{1,2}}(?=[^\W_{_UNSPACED}])"
    rf"[^\W_{_UNSPACED}]+|(?<=_)[^\W_{_UNSPACED}]+)*[+#]{{0,2}}"
)
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_SOFT = re.compile(r"[\u00ad\u200b-\u200d\u2060\ufeff]")


def fold(text: str) -> str:
    """Return a text in one case, width and way of writing; its length may change."""
    folded = unicodedata.normalize("NFKD", _SOFT.sub("", text).casefold())
    return unicodedata.normalize("NFC", _DASHES.sub("-", _MARKS.sub("", folded)))


def terms_of(text: str) -> Iterator[str]:
    """Yield the terms of a text, each as often as it stands there."""
    folded = fold(text)
    for run in _RUN.findall(folded):
        yield from (run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,)
    for compound in _COMPOUND.findall(folded):
        parts = _PART.findall(compound)
        yield from parts
        whole = compound.replace(" ", "")
        if len(parts) > 1 or whole != parts[0]:
            yield whole
