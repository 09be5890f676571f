"""A word that a line's end divides is put together as it would be written."""

import pytest

from assistant.adapters.documents.hyphens import Vocabulary


@pytest.mark.parametrize(
    ("head", "tail", "joined"),
    [
        ("instal-", "lation", "installation"),
        ("instal\u2010", "lation,", "installation,"),
        ("instal\u00ad", "lation", "installation"),
        ("INSTAL-", "LATION", "INSTALLATION"),
        ("Verwal-", "tung", "Verwaltung"),
        ("under-", "standing", "understanding"),
        ("with-", "out", "without"),
        ("(compre-", "hensive)", "(comprehensive)"),
        ("ISO-", "9001", "ISO-9001"),
        ("COVID-", "19", "COVID-19"),
        ("24-", "hour", "24-hour"),
        ("1990-", "1995", "1990-1995"),
        ("X-", "Ray", "X-Ray"),
        ("T-", "shirt", "T-shirt"),
        ("EU-", "wide", "EU-wide"),
        ("anti-", "European", "anti-European"),
        ("Jean-", "Paul", "Jean-Paul"),
        ("well-", "known", "well-known"),
        ("self-", "employed", "self-employed"),
        ("long-", "term", "long-term"),
        ("high-", "quality", "high-quality"),
        ("two-", "thirds", "two-thirds"),
        ("mother-in-", "law", "mother-in-law"),
        ("up-", "to-date", "up-to-date"),
        ("state-", "of-the-art", "state-of-the-art"),
        ("web-", "based", "web-based"),
        ("https://a.example/re-", "port", "https://a.example/re-port"),
        ("--dry-", "run", "--dry-run"),
        ("pre-", "and", "pre- and"),
        ("Ein-", "und", "Ein- und"),
        ("rock\u2010", "solid", "rock-solid"),
    ],
)
def test_the_hyphen_stays_where_the_word_demands_it(head: str, tail: str, joined: str) -> None:
    vocabulary = Vocabulary(["A web of rock-solid ropes, seen under water with both eyes."])
    assert head[:-1] + vocabulary.seam(head, tail) + tail == joined


def test_the_document_itself_knows_best() -> None:
    vocabulary = Vocabulary(["The e-mail server and the seaweed.", "Tide-tables are sold here."])
    assert vocabulary.seam("tide-", "tables") == "-"
    assert vocabulary.seam("e-", "mail") == "-"
    assert vocabulary.seam("sea-", "weed.") == ""
