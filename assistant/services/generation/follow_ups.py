"""A question in its conversation: whether it leans on what was said, and on what.

Nothing here asks a model. A rewrite by one would take the place of `widened` alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from assistant.services.generation.languages import is_refusal, of_question
from assistant.services.generation.wording import referring, small_talk
from assistant.services.generation.wording.function_words import RUN, WORDS, content_terms

Turn = tuple[str, str]

INNER_CAPITAL = re.compile(r"(?<=\w )[^\W\d_a-z](?=[^\W\d_A-Z]{2})")

# A question with so few terms of its own may lean on the one before, though no word of it says so.
FEW_TERMS = 2
# As many characters are a word, in scripts that put no blanks between words.
WORD_LENGTH = 2
# How many earlier questions are looked at, until one stands alone.
EARLIER = 3
# How much of an earlier question is searched with; a longer one leans on nothing.
LONGEST = 300
MOST_NAMES = 4
# Words that begin with a capital inside of a sentence, and what is quoted or in katakana.
NAME = re.compile(
    r"(?<=[^\s.!?:…\"“„«(\[] )(?:[A-ZÀ-ÖØ-ÞА-ЯЁΑ-Ω][\w'’-]+(?: (?=[A-ZÀ-ÖØ-ÞА-ЯЁΑ-Ω]))?)+"  # noqa: RUF001
    r"|[《「『“\"]([^》」』”\"]{2,30})[》」』”\"]|[\u30a1-\u30fa\u30fc]{3,}"
)


class Leaning(IntEnum):
    """How much a question leans on what was said before it."""

    NOT = 0
    PERHAPS = 1
    SURELY = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched for: alone, and `widened` by what it leans on.

    `is_answered` says that what it leans on was, so that there is something about it.
    """

    text: str
    language: str
    leaning: Leaning = Leaning.NOT
    widened: str | None = None
    is_answered: bool = False


def read(question: str, history: Sequence[Turn]) -> Asked:
    """Return what a question is to be searched with, after the branch that leads to it."""
    said = [content for role, content in history if role == "user"]
    language = of_question(question, said)
    earlier = [text for text in said if small_talk.languages_of(text) is None]
    if not earlier:
        return Asked(question, language)
    leaning = Leaning.NOT if len(question) > LONGEST else leaning_of(question, language)
    if leaning is Leaning.NOT:
        return Asked(question, language)
    answers = [content for role, content in history if role == "assistant"]
    is_answered = bool(answers) and not is_refusal(answers[-1])
    names = list(_names(answers[-1])) if is_answered else []
    return Asked(question, language, leaning, _widened(question, earlier, names), is_answered)


def leaning_of(question: str, language: str) -> Leaning:
    """Return how much a question leans on what was said before it, by its words."""
    if referring.asks_for_more(question, language):
        return Leaning.SURELY
    pointing = referring.pointing_words(question, language)
    own = [term for term in content_terms(question, language) if not _points(term, pointing)]
    telling = [term for term in own if not referring.belongs(term, language)]
    if not telling:
        return Leaning.SURELY
    few = sum(map(_words, telling)) <= FEW_TERMS
    if referring.goes_on(question, language):
        return Leaning.SURELY if few or pointing else Leaning.PERHAPS
    if pointing and few and not _names_something(question, language):
        return Leaning.SURELY
    return Leaning.PERHAPS if pointing or few else Leaning.NOT


def _names_something(question: str, language: str) -> bool:
    """Return whether a word inside of the question has a capital, which says what it is about."""
    return language != "de" and INNER_CAPITAL.search(question) is not None


def _words(term: str) -> int:
    return -(-len(term) // WORD_LENGTH) if RUN.search(term) else 1


def _points(term: str, pointing: frozenset[str]) -> bool:
    return any(term in word or word in term for word in pointing)


def _widened(question: str, earlier: Sequence[str], names: Sequence[str]) -> str:
    """Return a question together with those that it leans on, and the names of the last answer."""
    taken: list[str] = []
    for text in reversed(earlier[-EARLIER:]):
        taken.insert(0, text[:LONGEST])
        if leaning_of(taken[0], of_question(taken[0])) is Leaning.NOT:
            break
    return "\n".join([*taken, *([", ".join(names)] if names else []), question])


def _names(answer: str) -> Iterator[str]:
    found = (match[1] or match[0] for match in NAME.finditer(answer))
    language = of_question(answer[:LONGEST])
    # German writes every noun with a capital, which makes none of them a name.
    limit = 2 if language == "de" else MOST_NAMES
    listed = dict.fromkeys(name.strip() for name in found)
    yield from [name for name in listed if name.casefold() not in WORDS[language]][:limit]
