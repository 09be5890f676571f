"""The terms of a text, by which words and identifiers are found as they are written.

The same for what is indexed and what is asked, in every script. Words are folded (case, width,
accents) and lose what endings say of number and tense. Scripts that put no blanks between words
give overlapping pairs of characters. What is written together, such as `E-1042`, `--no-verify`,
`§ 12.3`, `__init__` or `1,042`, is a term as a whole beside its parts, and so are two capitalised
words or numbers in a row, such as a name, `Article 7` or `RFC 2119`: an identifier is as rare as
it is.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# Who changes what this yields adds one: what older versions have made is then made anew.
VERSION = 1

# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic: left out as often as written.
_ACCENTS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
# Han, kana, Hangul, Thai, Lao, Myanmar, Khmer. Korean has blanks, but its endings grow on words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f"
)
# The vowels of Indic scripts and their like are marks, which `\w` is not.
_VOWELS = "".join(
    chr(code) for code in range(0x0700, 0x1E00) if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_WORD = rf"(?:[^\W_{_UNSPACED}]|(?![{_UNSPACED}])[{_VOWELS}])"
_PART = re.compile(rf"{_WORD}+")
# Parts that joiners hold together, with what may stand before an option, a section or a number.
_COMPOUND = (
    rf"(?:--?|§ ?|[#$@.]|(?<!_)_++)?{_WORD}+"
    rf"(?:(?:_+|[-./:@#+'=\\]{{1,3}}|(?<=\d),(?=\d)){_WORD}+)*(?:\+\+|#|_+)?"
)
_NEXT = re.compile(rf"(?P<run>[{_UNSPACED}]+)|(?P<compound>{_COMPOUND})|(?P<line>\n)")
# What holds parts together less than other joiners.
_LOOSE = re.compile(r"[:/@=\\]+")
_GROUPED = re.compile(r"\d{1,3}(?:[.']\d{3})+")
_NUMBERED = re.compile(r"([^\W\d_]{1,12})(\d{1,9})")
_LONGEST_BARE = 24
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_QUOTES = re.compile(r"[\u2018\u2019\u02bc]")
_SOFT = re.compile(r"[\u00ad\u200b-\u200d\u2060\ufeff]")
_DIGIT = re.compile(r"(?![0-9])\d")
_NARROW = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_PLAIN_JOINERS = dict.fromkeys(map(ord, "-.'/"))
# How words end, what stands there instead, and how many letters have to be left.
_ENDINGS = (
    *(("ies", "y", 3), ("sses", "ss", 4), ("ches", "ch", 4), ("shes", "sh", 4), ("xes", "x", 3)),
    *(("ing", "", 4), ("ed", "", 4), ("s", "", 3)),
)


class Word(NamedTuple):
    """What is written together: its `parts`, and its `wholes` if it is more than one of them.

    `written` is all of it, folded; `is_name` says that it is capitalised or begins with a digit.
    """

    written: str
    parts: tuple[str, ...]
    wholes: tuple[str, ...]
    is_name: bool


def terms_of(text: str) -> Iterator[str]:
    """Yield the terms of a text, each as often as it stands there."""
    return (term for term, _ in placed_terms_of(text))


def written_terms_of(text: str) -> Iterator[str]:
    """Yield words and what is written together, with all their endings."""
    for word, _ in words_of(text):
        parts = _PART.findall(word.written)
        yield from parts or word.parts
        if parts and word.written != parts[0]:
            yield word.written


def placed_terms_of(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the terms of a text, each as often as it stands there, and whether a line opens so."""
    before, opened = None, False
    for word, opens in words_of(text):
        for term in word.parts:
            yield term, opens
        for term in word.wholes:
            yield term, opens
        if before is not None and before.is_name and word.is_name and not opens:
            yield pair_of(before, word), opened
        before, opened = word, opens


def words_of(text: str) -> Iterator[tuple[Word, bool]]:
    """Yield what is written together in a text, in its order, and whether a line opens so."""
    opens = True
    for found in _NEXT.finditer(_even(text)):
        kind = found.lastgroup
        if kind == "line":
            opens = True
            continue
        yield (_word if kind == "compound" else _run)(found[0]), opens
        opens = False


def pair_of(one: Word, other: Word) -> str:
    """Return the term that two words in a row are, if both are names."""
    return f"{one.written} {other.written}"


def is_identifier(term: str) -> bool:
    """Return whether a whole is no mere compound of words, such as `read-only` or `list.sort`."""
    return term[0] in "-." or not term.translate(_PLAIN_JOINERS).isalpha()


def fold(text: str) -> str:
    """Return a text in one case, width and way of writing; its length may change."""
    return _even(_even(text).casefold())


def _even(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", _NARROW.sub(",", _SOFT.sub("", text)))
    text = _QUOTES.sub("'", _DASHES.sub("-", _ACCENTS.sub("", text)))
    text = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return unicodedata.normalize("NFC", text)


def _run(written: str) -> Word:
    pairs = tuple(written[i : i + 2] for i in range(len(written) - 1))
    return Word(written, pairs or (written,), (), False)


# Most words of a text have stood in it before.
@lru_cache(maxsize=20_000)
def _word(written: str) -> Word:
    folded = _even(written.casefold())
    parts = _PART.findall(folded)
    stems = tuple(map(_stem, parts))
    is_name = written[0].isupper() or written[0].isdigit()
    if len(parts) == 1 and folded == parts[0]:
        if found := _NUMBERED.fullmatch(folded):
            # Written without a joiner, it is found where it is written with one.
            return Word(folded, found.groups(), (folded,), is_name)
        return Word(folded, stems, (), is_name)
    whole = folded.replace(" ", "").replace(",", ".")
    return Word(whole, stems, tuple(dict.fromkeys(_wholes(whole, parts))), is_name)


def _wholes(whole: str, parts: list[str]) -> Iterator[str]:
    """Yield a compound, what it consists of, and how it may be written without its joiners."""
    if whole.replace("'", "").isalpha():
        # Such as in French, where an article and its noun are no name.
        return
    yield whole
    known = set(parts)
    # Such as the `.` of `src/./main`, what has no word is none.
    pieces = [piece for piece in _LOOSE.split(whole) if _PART.search(piece)]
    if len(pieces) > 1:
        yield from (piece for piece in pieces if piece not in known)
    for piece in pieces:
        bare = "".join(_PART.findall(piece))
        if bare in known or len(bare) > _LONGEST_BARE:
            continue
        if _GROUPED.fullmatch(piece) or not (bare.isdigit() or bare.isalpha()):
            yield bare


def _stem(word: str) -> str:
    """Return a word without what its ending says of number and tense, roughly."""
    if not (word.isascii() and word.isalpha()) or word.endswith(("ss", "us", "is")):
        return word
    for ending, instead, left in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= left:
            word = word.removesuffix(ending) + instead
            break
    if len(word) > 4 and word.endswith("e"):
        return word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "els" else word
