"""The terms of a question: which ones to look for, and which of them name something exactly."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from assistant.services.retrieval.stop_words import says_nothing
from assistant.terms import Word, is_identifier, pair_of, terms_of, words_of

# Of a very long question, so many terms are looked for: identifiers first, then long words.
MOST_TERMS = 64
_ACRONYM = re.compile(r"\b[^\W\d_]{2,}[0-9]*\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A term of a question.

    One that `is_exact` names something, such as an error code, a name or an acronym. `besides` says
    that it is looked for beside others that mean the same, so that it is not missed where no chunk
    has it. The whole of which it is a part is its `part_of`, and it is not needed where that is.
    """

    term: str
    is_exact: bool = False
    besides: bool = False
    part_of: str | None = None


def asked_terms(text: str) -> list[Asked]:
    """Return what to look for: each term once, without those that say nothing."""
    words = [word for word, _ in words_of(text)]
    found = [asked for word in words for asked in _of(word)]
    found += _names(words, in_small_letters=text == text.lower())
    acronyms = set(_acronyms(text))
    every: dict[str, Asked] = {}
    for asked in found:
        if asked.term in acronyms:
            asked = Asked(asked.term, is_exact=True)
        every.setdefault(asked.term, asked)
    if not every:
        # A question of nothing else is asked as it is, such as for `The Who`.
        every = {term: Asked(term) for term in terms_of(text)}
    chosen = list(every.values())
    if len(chosen) > MOST_TERMS:
        chosen.sort(key=lambda asked: (not asked.is_exact, -len(asked.term)))
    return chosen[:MOST_TERMS]


def _of(word: Word) -> Iterator[Asked]:
    for whole in word.wholes:
        yield Asked(whole, is_identifier(whole), besides=True)
    is_named = word.wholes and is_identifier(word.written)
    # Parts have lost their endings, and with them what tells them from other words.
    apart = word.written.split("'")
    told = word.parts if word.wholes or len(apart) != len(word.parts) else apart
    for part, written in zip(word.parts, told, strict=True):
        if not says_nothing(written):
            yield Asked(part, part_of=word.written if is_named else None)


def _names(words: list[Word], *, in_small_letters: bool) -> Iterator[Asked]:
    for one, other in pairwise(words):
        named = in_small_letters or (one.is_name and other.is_name)
        if named and not (says_nothing(one.written) or says_nothing(other.written)):
            yield Asked(pair_of(one, other), is_exact=True, besides=True)


def _acronyms(text: str) -> Iterator[str]:
    if text != text.upper():
        for found in _ACRONYM.findall(text):
            if found == found.upper() != found.lower():
                yield from (term for term in terms_of(found))
