"""Whether a passage is the right one, and whether a text holds an answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.pieces import with_header
from assistant.services.generation.wording.function_words import RUN
from assistant.services.retrieval.retrieval import Hit
from assistant.terms import fold

# So much of a passage has to be in a chunk, in characters without blanks, or half of it.
ENOUGH = 120
# What Markdown puts around words.
_MARKUP = re.compile(r"[*`]")

# The pages that a passage is on.
PagesOf = Callable[[Hit], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Case:
    """A question of a set, and what is expected of its answer; None is not looked at."""

    question: str
    filename: str | None = None
    page: int | None = None
    passage: str | None = None
    answer: str | None = None
    refuse: bool | None = None

    @property
    def is_sought(self) -> bool:
        """Return whether it is said what has to be found."""
        return any((self.filename, self.passage, self.answer)) and not self.refuse

    @property
    def has_answer(self) -> bool:
        """Return whether it is known that the documents answer it, so that a refusal is wrong."""
        return self.refuse is False or self.is_sought

    def as_dict(self) -> dict[str, Any]:
        """Return what is expected, as it is kept."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def case_of(kept: Mapping[str, Any]) -> Case:
    """Return a question as `as_dict` has left it, or as it was given."""
    name = kept.get("filename")
    return Case(**{**kept, "filename": None if name is None else even(name)})


def names_of(filename: str) -> tuple[str, str]:
    """Return how a question may name a document: with its ending, and without."""
    whole = even(filename)
    return whole, whole.rpartition(".")[0]


def even(name: str) -> str:
    """Return a name without what would be folders in it, as text that is pasted gets it."""
    return name.replace("/", "-").replace("\\", "-")


def rank_of(case: Case, hits: Sequence[Hit], pages_of: PagesOf) -> int | None:
    """Return at which place the right thing stands, from 1 on; None if it does not.

    What is asked for is counted: chunks if a passage or an answer is given, else pages, else
    documents, each of them once however many of its chunks are found.
    """
    before: set[object] = set()
    for hit in hits:
        if is_right(case, hit, pages_of):
            return len(before) + 1
        before.add(_unit(case, hit))
    return None


def is_right(case: Case, hit: Hit, pages_of: PagesOf) -> bool:
    """Return whether a passage fits all that is said of where the answer stands.

    If nothing is said of that, it has to hold the answer.
    """
    if case.filename is not None and case.filename not in names_of(hit.filename):
        return False
    if case.page is not None and case.page not in pages_of(hit):
        return False
    text = with_header(hit.table_header, hit.text)
    if case.passage is not None:
        return shares(case.passage, text)
    return case.filename is not None or holds(text, case.answer)


def _unit(case: Case, hit: Hit) -> object:
    if case.passage is not None or case.filename is None:
        return hit.document_id, hit.generation, hit.ordinal
    return (hit.document_id, hit.page) if case.page is not None else hit.document_id


def holds(text: str, answer: str | None) -> bool:
    """Return whether a text has an answer's words, in their order and as whole words.

    Case, accents, width and blanks make no difference, and neither do stars of Markdown. In scripts
    that put no blanks between words any place will do.
    """
    if answer is None:
        return False
    if RUN.search(answer):
        return _bare(answer) in _bare(text)
    words = " ".join(fold(_MARKUP.sub("", answer)).split())
    before = r"(?<!\w)" if words[:1].isalnum() else ""
    behind = r"(?!\w)" if words[-1:].isalnum() else ""
    within = " ".join(fold(_MARKUP.sub("", text)).split())
    return bool(words) and re.search(before + re.escape(words) + behind, within) is not None


def shares(passage: str, text: str) -> bool:
    """Return whether enough of a passage is in a text, which may be cut out elsewhere."""
    wanted, found = _bare(passage), _bare(text)
    least = max(1, min(ENOUGH, len(wanted) // 2))
    if not wanted or len(found) < least:
        return False
    return wanted in found or found in wanted or _meet(wanted, found, least)


def _meet(one: str, other: str, least: int) -> bool:
    return _goes_on(one, other, least) or _goes_on(other, one, least)


def _goes_on(first: str, second: str, least: int) -> bool:
    """Return whether at least so much of the end of one text is the beginning of another."""
    opening = second[:least]
    place = first.find(opening)
    while place >= 0:
        if second.startswith(first[place:]):
            return True
        place = first.find(opening, place + 1)
    return False


def _bare(text: str) -> str:
    return "".join(fold(_MARKUP.sub("", text)).split())
