"""Telling the encoding of a text by the letters of the languages it was made for."""

import math
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from functools import cache

from assistant.adapters.documents.alphabets import (
    ENCODINGS,
    IDEOGRAPHIC,
    LETTERS,
    SHARES,
    WORDS,
)

# Enough to recognise an encoding by; looking at everything takes seconds per megabyte.
SAMPLE = 8 * 1024
UNUSUAL_BYTE = re.compile(rb"[\x80-\xff]")
TAG = re.compile(rb"</?[A-Za-z][^<>]{0,500}>")
ASCII_WORD = re.compile(rb"(?<![A-Za-z'\x80-\xff])[A-Za-z]+(?![A-Za-z'\x80-\xff])")
UNUSUAL = re.compile("[^\t\n\r -~]")
LATIN = "A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\u024f"
OTHER = "\u0370-\u05ff\u0620-\u06d3\u0e01-\u0e4f"
SMALL = "\xdf-\xf6\xf8-\xff\u0430-\u045f\u03ac-\u03ce"
# What letters hardly do in any language, what comes next then, and what that costs.
ODD = (
    # A capital in the middle of a word.
    (re.compile(f"[a-z{SMALL}](?=[^\0-\x7f])"), frozenset(["Lu"]), 4.0),
    (re.compile(f"[{SMALL}](?=[A-Z])"), frozenset(["Lu"]), 4.0),
    # A small letter in a word of capitals.
    (re.compile("[A-Z]{2}(?=[^\0-\x7f])"), frozenset(["Ll"]), 2.0),
    # Two alphabets in one word.
    (re.compile(f"[{LATIN}](?=[{OTHER}])|[{OTHER}](?=[{LATIN}])"), None, 4.0),
    # A sign between two letters.
    (
        re.compile(f"[{LATIN}{OTHER}](?=[^\0-\x7f\u2019][{LATIN}{OTHER}])"),
        frozenset(["Sc", "Sk", "Sm", "So", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "No", "Zs"]),
        4.0,
    ),
    # A sign right after a word.
    (re.compile(f"[{LATIN}{OTHER}](?=[^\0-\x7f])"), frozenset(["Sc", "Sm", "So"]), 2.0),
    # Two accents in a row.
    (re.compile("[\xc0-\u024f](?=[\xc0-\u024f])"), None, 1.0),
)
# What signs cost; others cost more.
SIGNS = {
    **dict.fromkeys("\u2019\u2018\u201c\u201d\u201e\xab\xbb\u2013\u2014\u2026\xa0\u20ac", 3.5),
    **dict.fromkeys("\xb0\xa7\xa9\xae\u2122\u2022\xb7\xbf\xa1\xaa\xba\xa3\xbd\xb2\xb3", 5.0),
    **dict.fromkeys(
        "\u3001\u3002\uff0c\uff01\uff1f\uff1a\u300c\u300d\u300a\u300b\uff08\uff09", 5.0
    ),
}
SIGN, FOREIGN, CONTROL = 8.0, 8.0, 14.0
# Characters of two bytes cost about as much as two; the lists have the common ones only.
LISTED, RARE = 9.5, 12.0
COMMON_ROWS = {
    "zh": (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)),
    "ja": (("euc_jp", 0xB0, 0xCF), ("euc_jp", 0xA4, 0xA5)),
    "ko": (("euc_kr", 0xB0, 0xC8),),
}
WORD_BONUS = 2.0
# Latin letters are Western unless more than one of them says otherwise.
ELSEWHERE = 1.0
WIDE = ("utf_16_le", "utf_16_be")
MIN_COMMON = 0.4


def guess(data: bytes) -> str:
    """Return the name of the likeliest encoding of a text that is no UTF-8."""
    sample = _sample(data)
    if wide := next((encoding for encoding in WIDE if _is_wide(sample, encoding)), None):
        return wide
    whole = len(sample) < SAMPLE
    # The names of tags are words of no language.
    sample = TAG.sub(b" ", sample)
    bonus = _bonus(sample)
    best, least = "cp1252", math.inf
    for languages, encodings in ENCODINGS:
        for rank, encoding in enumerate(encodings):
            text = _decoded(sample, encoding, whole)
            if text is None:
                continue
            cost = _prior(languages, rank) + _oddness(text) + _strangeness(text, languages, bonus)
            if cost < least:
                best, least = encoding, cost
    return best


def _sample(data: bytes) -> bytes:
    """Return what tells most: whole lines, from the first unusual byte on."""
    unusual = UNUSUAL_BYTE.search(data)
    first = unusual.start() if unusual else 0
    start = max(data.rfind(b"\n", 0, first) + 1, first - SAMPLE // 2)
    sample = data[start : start + SAMPLE]
    end = sample.rfind(b"\n", SAMPLE // 2) + 1
    return sample[:end] if end and start + SAMPLE < len(data) else sample


def _is_wide(sample: bytes, encoding: str) -> bool:
    """Return whether these are ideographs of two bytes each; other texts have NULs."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    common = sum(any(c in _alphabet(language) for language in IDEOGRAPHIC) for c in text)
    return common >= len(text) * MIN_COMMON


def _decoded(sample: bytes, encoding: str, whole: bool) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError as error:
        # A character may be cut in two at the end of a sample.
        cut = not whole and error.start >= len(sample) - 4
        return sample[: error.start].decode(encoding) if cut else None


def _bonus(sample: bytes) -> dict[str, float]:
    """Return what speaks for each language: its small words."""
    words = Counter(word.decode().lower() for word in ASCII_WORD.findall(sample))
    return {
        language: WORD_BONUS * sum(words[word] for word in set(own.split()))
        for language, own in WORDS.items()
    }


def _prior(languages: tuple[str, ...], rank: int) -> float:
    """Return how much likelier encodings have to be than the common ones of the commonest."""
    elsewhere = ELSEWHERE if languages[0] in SHARES and languages[0] != "en" else 0.0
    return elsewhere + min(rank, 2) * 0.6


def _oddness(text: str) -> float:
    """Return the cost of what letters hardly do in any language."""
    return sum(
        cost
        for pattern, categories, cost in ODD
        for match in pattern.finditer(text)
        if categories is None or unicodedata.category(text[match.end()]) in categories
    )


def _strangeness(text: str, languages: tuple[str, ...], bonus: dict[str, float]) -> float:
    """Return how unlikely the letters of a text are in the likeliest of some languages."""
    unusual = Counter("".join(UNUSUAL.findall(text)).lower())
    found = sum(count for letter, count in unusual.items() if letter.isalpha())
    plain = sum(map(str.isalpha, text)) - found
    return min(
        sum(count * _letter_cost(letter, language) for letter, count in unusual.items())
        + _density_cost(language, found, plain)
        - bonus.get(language, 0.0)
        for language in languages
    )


def _density_cost(language: str, found: int, plain: int) -> float:
    """Return how unlikely so many letters beyond ASCII are."""
    if language not in SHARES:
        return 0.0
    expected = max(0.3, (found + plain) * SHARES[language] / 100)
    return max(0.0, expected - found + found * math.log(max(found, 0.5) / expected))


@cache
def _letter_cost(letter: str, language: str) -> float:
    alphabet = _alphabet(language)
    code = ord(letter)
    if letter in alphabet:
        return alphabet[letter]
    if letter in SIGNS:
        return SIGNS[letter]
    if code < 0xA0 or 0xE000 <= code < 0xF900:
        return CONTROL
    if language in IDEOGRAPHIC:
        return LISTED if _is_listed(letter, language) else RARE
    return FOREIGN if letter.isalpha() else SIGN


def _is_listed(letter: str, language: str) -> bool:
    """Return whether a character is in the first half of its country's standard."""
    for encoding, first, last in COMMON_ROWS[language]:
        with suppress(UnicodeEncodeError):
            if first <= letter.encode(encoding)[0] <= last:
                return True
    return False


@cache
def _alphabet(language: str) -> dict[str, float]:
    """Return what each letter of a language costs: the logarithm of how rare it is."""
    letters = dict.fromkeys(LETTERS[language])
    # From the first letter to the last the share falls by about a hundred.
    fall = math.log(100) / len(letters)
    total = math.log(sum(math.exp(-fall * rank) for rank in range(len(letters))))
    return {letter: total + fall * rank for rank, letter in enumerate(letters)}
