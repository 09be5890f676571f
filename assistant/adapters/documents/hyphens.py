"""Telling which hyphens at the ends of lines belong to the word."""

import re
from collections.abc import Iterable
from itertools import pairwise

# With the soft hyphen, which only shows where a word is broken.
HYPHENS = "-\u2010\u00ad"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# English words that have a hyphen of their own: any after the first, a pair of the next two, or
# a word of the document before the last.
ALWAYS_FIRST = _words("self well ex")
FIRST_PARTS = _words(
    "all cross double far fast first five four free full great half hard high ill large last left"
    " light long low mid non one open part real right second short single six slow small soft state"
    " ten third three time top two wide year zero"
)
SECOND_PARTS = _words(
    "bit case class colour cost day degree digit dimensional distance effect end energy established"
    " face fashioned first fold free friendly grade grained hand hour impact in income key known"
    " lasting leading level life line linear long lying made minute month needed new out page paid"
    " part party performance phase piece point powered precision pressure priority profile profit"
    " purpose quality quarter quarters range rank ranking rate ready reaching resolution rise risk"
    " run scale section sector sided sighted sized source space speed spread stage standing star"
    " step storey style suited taught temperature term thinking thirds tier time to trivial up use"
    " value volume way week wide word year zero"
)
LAST_PARTS = _words(
    "aware based built compliant conscious defined dependent driven effective efficient friendly"
    " funded generated grained independent induced intensive level like oriented owned party"
    " quality related relevant resistant rich sensitive sized specific speaking style wide"
)
SHORT_WORDS = _words("a and at by for in of on or per the to up de la le les en und")
# What may follow a first part that hangs: "pre- and post-war", "Ein- und Ausgabe".
JOINING = _words("and or to nor und oder bis sowie et ou y e o en of och og eller i")
_COMPOUND = re.compile(r"\w+(?:[-\u2010]\w+)+")
_PART = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"[/@_:.\\]|^--")


class Vocabulary:
    """The words that a document writes within its lines, which settle how it breaks others."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._compounds: set[str] = set()
        for line in lines:
            lowered = line.lower().replace("\u2010", "-")
            self._words.update(_PART.findall(lowered))
            if "-" in lowered:
                for found in _COMPOUND.findall(lowered):
                    parts = found.split("-")
                    self._compounds.update(map("-".join, pairwise(parts)))

    def seam(self, head: str, tail: str) -> str:
        """Return what stands between a word that ends in a hyphen and the next line's first word.

        That is nothing if the word was only broken there, a hyphen if it has one of its own, and
        a hyphen and a space if the second word begins another.
        """
        if head.endswith("\u00ad"):
            return ""
        before, after = _PART.findall(head), _PART.findall(tail)
        if not after or not head[-2:-1].isalnum() or not tail[0].isalnum():
            return "- "
        if tail.lower() in JOINING:
            return "- "
        return "-" if self._keeps(head[:-1], tail, before[-1], after[0]) else ""

    def _keeps(self, head: str, tail: str, first: str, second: str) -> bool:
        if first[-1].isdigit() or second[0].isdigit() or _ADDRESS.search(head):
            return True
        if second[0].isupper() and not first.isupper():
            return True
        if first.isupper() and (len(first) == 1 or not second.isupper()):
            return True
        one, two = first.lower(), second.lower()
        if f"{one}-{two}" in self._compounds:
            return True
        if one + two in self._words:
            return False
        within = "-" in head or "-" in tail.rstrip("-") or "\u2010" in head
        if within and (one in SHORT_WORDS or two in SHORT_WORDS):
            return True
        return (
            one in ALWAYS_FIRST
            or (one in FIRST_PARTS and two in SECOND_PARTS | LAST_PARTS)
            or (one in self._words and two in LAST_PARTS)
        )
