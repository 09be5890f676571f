"""Terms: what is written is found by what is asked, in every script."""

# ruff: noqa: RUF001  # that they can be taken for each other is the point

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.terms import fold, is_identifier, placed_terms_of, terms_of


def terms(text: str) -> list[str]:
    return list(terms_of(text))


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("E-1042", "Error:E-1042, stop the pump"),
        ("E1042", "see E-1042"),
        ("e\u20111042", "E-1042"),
        ("--no-verify", "with `--no-verify` it does"),
        ("-u", "tar -u, tar -x"),
        ("§ 12.3", "under §12.3 of"),
        ("__init__", "the method __init__()"),
        ("MAX_OPEN_FILES", "set max_open_files=3"),
        ("12,50", "12.50 euros"),
        ("٣٤", "34"),
        ("RFC2119", "RFC2119"),
        ("C++", "in C++ and C"),
        ("C#", "in C# and C"),
        ("example.org", "https://example.org/a?b=c"),
        ("Ｅ－１０４２", "E-1042"),
        ("Straße", "STRASSE"),
        ("élève", "eleve"),
        ("don’t", "don't"),
        ("naïve", "nai\u0308ve"),
        ("coop\u00aderation", "cooperation"),
        ("किताब", "हिन्दी में किताब"),
        ("மொழி", "தமிழ் மொழி"),
        ("שלום", "שָׁלוֹם"),
        ("العربية", "العَرَبِيَّة"),
    ],
)
def test_all_that_is_asked_stands_in_what_is_written(asked: str, written: str) -> None:
    wanted = terms(asked)
    assert wanted
    longest = max(wanted, key=len)
    assert longest in terms(written)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("E-1042", "E-1043 and 1042-E"),
        ("--no-verify", "no need to verify"),
        ("C++", "in C"),
        ("12.3", "12 and 3"),
        ("किताब", "कताब"),
    ],
)
def test_what_is_merely_alike_is_not_the_same(asked: str, written: str) -> None:
    assert max(terms(asked), key=len) not in terms(written)


def test_parts_are_terms_beside_the_whole() -> None:
    assert terms("snake_case") == ["snak", "case", "snake_case"]
    assert terms("E-1042") == ["e", "1042", "e-1042", "e1042"]
    assert terms("RFC2119") == ["rfc", "2119", "rfc2119"]


@pytest.mark.parametrize("written", ["1,042", "1.042", "1'042", "1\u202f042", "1042"])
def test_groups_of_digits_are_one_number(written: str) -> None:
    assert "1042" in terms(f"{written} units")


def test_an_apostrophe_makes_no_name() -> None:
    assert terms("l'année d'O'Brien") == ["l", "anne", "d", "o", "brien"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("東京都", ["東京", "京都"]),
        ("東", ["東"]),
        ("ラーメン屋", ["ラー", "ーメ", "メン", "ン屋"]),
        ("ภาษา", ["ภา", "าษ", "ษา"]),
        ("한국어", ["한국", "국어"]),
    ],
)
def test_scripts_without_blanks_give_pairs(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_mixed_scripts_give_both() -> None:
    assert {"エラ", "ラー", "e-1042"} <= set(terms("エラーE-1042が出た"))


def test_endings_of_number_and_tense_do_not_matter() -> None:
    alike = (
        *(("ticket", "tickets"), ("running", "run"), ("file", "files"), ("copy", "copies")),
        *(("house", "houses"), ("cache", "caches"), ("box", "boxes"), ("painting", "painted")),
        *(("livre", "livres"), ("école", "écoles")),
    )
    for one, other in alike:
        assert terms(one) == terms(other), one
    for word in ("us", "glass", "bus", "is", "gas", "note", "used", "bee"):
        assert terms(word) == [word]


def test_two_names_or_numbers_in_a_row_are_a_term() -> None:
    assert "ingo velde" in terms("Ask Ingo Velde about it")
    assert "article 7" in terms("see Article 7")
    assert "rfc 2119" in terms("see RFC 2119")
    assert "peter brandes" not in terms("Peter Brand and Peter\nBrandes")
    assert not any(" " in term for term in terms("two small words, E-1"))


def test_it_is_told_what_opens_a_line() -> None:
    found = placed_terms_of("E-12: a pump\n\n  - Ingo Velde knows E-13\nwater")
    opening = [term for term, opens in found if opens]
    assert opening == ["e", "12", "e-12", "e12", "ingo", "ingo velde", "water"]


@pytest.mark.parametrize("term", ["e-1042", "--no-verify", "snake_case", "c++", "§12.3", ".env"])
def test_identifiers_are_told_from_compound_words(term: str) -> None:
    assert is_identifier(term)


@pytest.mark.parametrize("term", ["read-only", "list.sort", "and/or"])
def test_compound_words_are_no_identifiers(term: str) -> None:
    assert not is_identifier(term)


@given(st.text(max_size=300))
def test_any_text_has_terms_that_are_folded(text: str) -> None:
    for term in terms(text):
        assert term.strip()
        assert fold(term) == term


@pytest.mark.parametrize(
    "written", ["http://localhost:8080/#/settings", "foo/./bar", "n/+/m", "key:-:value", "./-/."]
)
def test_between_joiners_there_may_be_no_word(written: str) -> None:
    assert not {"", ".", "#", "+", "-"} & set(terms(written))


@pytest.mark.parametrize("signs", ["_", "-", ".", "+", "#", "'", "1,", "a__", "-_", "a1/b:", "文"])
def test_a_run_of_signs_takes_no_longer_for_each_than_a_few(signs: str) -> None:
    began = time.process_time()
    for _ in placed_terms_of(signs * (50_000 // len(signs))):
        pass
    assert time.process_time() - began < 2
