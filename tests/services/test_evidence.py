"""Sentences, numbers and particulars: what the proof of an answer is made of."""

# ruff: noqa: RUF001

import uuid
from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.services.evidence.extractive import extracts, overview
from assistant.services.evidence.numerals import numbers_of, spans_of, values_of
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.quotes import (
    LONGEST_QUESTION,
    Asked,
    Quote,
    quotes_of,
    readable,
)
from assistant.services.evidence.statements import Statements
from assistant.services.evidence.support import find_support
from assistant.services.evidence.unanswered import says_unknown, states_nothing
from assistant.services.evidence.units import LONGEST, Kind, units_of
from assistant.services.evidence.wording import Rarity, Words, shared
from assistant.services.generation.footnotes import form_of
from assistant.services.generation.languages import REFUSALS
from assistant.services.retrieval.retrieval import Hit
from assistant.terms import fold
from benchmarks import evidence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One is here. Two is there! Three?", ["One is here.", "Two is there!", "Three?"]),
        ("See e.g. Dr. Who and J. R. Doe. End.", ["See e.g. Dr. Who and J. R. Doe.", "End."]),
        ("Am 3. Oktober ist zu. Sonst nicht.", ["Am 3. Oktober ist zu.", "Sonst nicht."]),
        ("一つ目です。「二つ目。」終わり", ["一つ目です。", "「二つ目。」", "終わり"]),
        ("# Title\nBody goes on\nin two lines.\n\n- one\n- two", None),
        ("E-1: It is torn\nE-2: It is open\n", ["E-1: It is torn", "E-2: It is open"]),
    ],
)
def test_units_are_whole_sentences(text: str, expected: list[str] | None) -> None:
    wanted = expected or ["# Title", "Body goes on\nin two lines.", "- one", "- two"]
    assert [text[unit.start : unit.end] for unit in units_of(text)] == wanted


def test_rows_know_their_header() -> None:
    text = "| Tool | Day |\n| --- | --- |\n| Ladder. No. 2 | 9 |\n| Saw | 4 |\n\nClosed on Mondays."
    units = units_of(text)
    kinds = [unit.kind for unit in units]
    assert kinds == [Kind.HEADING, Kind.ROW, Kind.ROW, Kind.SENTENCE]
    assert [text[u.header.start : u.header.end] for u in units if u.header] == [
        "| Tool | Day |"
    ] * 2


@given(st.text(alphabet="aB. \n。！-#1)", max_size=200))
def test_units_hold_all_that_is_not_blank(text: str) -> None:
    end = 0
    for unit in units_of(text):
        assert not text[end : unit.start].strip()
        assert 0 < unit.end - unit.start <= LONGEST
        end = unit.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10,000 or 4.90 or 85 °C", {"10000", "4.9", "85"}),
        ("nine hundred euros, forty-one years", {"900", "41"}),
        ("quatre-vingt-dix jours, quarante-huit heures", {"90", "48"}),
        ("fünfundzwanzig, dreißig", {"25", "30"}),
        ("treinta y cinco noches", {"35"}),
        ("三千八百円 一万二千円 两角 二十五日", {"3800", "12000", "2", "25"}),
        ("２４名 ٣٥", {"24", "35"}),
        ("сорок один", {"41"}),
    ],
)
def test_numbers_are_read_in_figures_and_in_words(text: str, values: set[str]) -> None:
    assert values <= set().union(*numbers_of(text))


def test_spans_of_time() -> None:
    found = set(spans_of(fold("after thirty minutes, or three months' notice; drei Tage")))
    assert found == {("30", "minute"), ("3", "month"), ("3", "day")}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=list(REFUSALS))
def test_what_the_system_says_without_evidence_states_nothing(refusal: str) -> None:
    assert says_unknown(refusal)


@pytest.mark.parametrize(
    "said",
    ["Dogs are not allowed.", "No se puede fumar.", "The museum does not provide lockers."],
)
def test_a_denial_states_something(said: str) -> None:
    assert not states_nothing(said)


def test_rare_words_weigh_more() -> None:
    texts = [Words(text) for text in ("the lamp burns", "the boat sails", "the boat is red")]
    rarity = Rarity(texts)
    assert rarity.of("lamp") > rarity.of("boat") > rarity.of("the")
    weights = rarity.weigh(Words("the lamps").terms)
    assert shared(weights, texts[0]) > shared(weights, texts[1]) > 0


def statements_of(*texts: str) -> Statements:
    hits = [
        Hit(uuid.uuid4(), 1, n, "f.md", 1, 0, len(text), text, 0.5) for n, text in enumerate(texts)
    ]
    return Statements(hits, lambda texts: np.zeros((len(texts), 1), np.float32))


PASSAGE = """Umbrellas are kept for thirty days, bicycles for sixty. Miss Okafor looks after both.

| Route | Single | Return |
| --- | --- | --- |
| Skell – Inchroy | 11.50 | 21.00 |
| Ellis – Inchroy | 18.00 | 33.00 |

Food is forbidden in the hall; water is allowed. E-17 means that the belt is torn.
"""


# A text in which common words are common.
OTHER = """The boats are kept in the shed for days on end. The keys are for the guests of the house.
The windows are washed, and the floors are swept for the feast. The lamps are lit at ten.
"""


@pytest.mark.parametrize(
    ("said", "supported"),
    [
        ("Umbrellas are kept for 30 days.", True),
        ("Umbrellas are kept for 60 days.", False),
        ("Umbrellas are kept for thirty weeks.", False),
        ("Bicycles are kept for sixty days.", True),
        ("Miss Okafor looks after the umbrellas.", True),
        ("Miss Adeyemi looks after the umbrellas.", False),
        ("A return ticket from Skell to Inchroy is 21.00.", True),
        ("A return ticket from Skell to Inchroy is 33.00.", False),
        ("A return ticket from Skell to Inchroy is 11.50.", False),
        ("Food is not allowed in the hall.", True),
        ("Food is allowed in the hall.", False),
        ("E-17 says that the belt is torn.", True),
        ("E-18 says that the belt is torn.", False),
        ("The hall was built by a rich merchant.", False),
    ],
)
def test_a_sentence_is_held_against_what_stands_there(said: str, supported: bool) -> None:
    statements = statements_of(PASSAGE, OTHER)
    asked = Words("What are the rules?")
    found = find_support(Particulars(said), statements, statements.all, asked)
    assert (found is not None) is supported


@pytest.mark.parametrize("path", sorted(evidence.SETS.glob("evidence*.json")), ids=str)
def test_the_sets_are_judged_well_enough(path: Path) -> None:
    flagged: Counter[str] = Counter()
    cases = list(evidence.cases(path))
    for case in cases:
        statements = statements_of(*case.passages)
        for kind in evidence.KINDS:
            said, asked = Particulars(case.item[kind]), Words(case.item["q"])
            flagged[kind] += find_support(said, statements, statements.all, asked) is None
    assert flagged["a"] <= 0.1 * len(cases)
    assert flagged["altered"] >= 0.8 * len(cases)
    assert flagged["absent"] >= 0.8 * len(cases)


def test_a_passage_that_states_nothing_is_not_quoted() -> None:
    statements = statements_of("| - | - |\n| - | - |", PASSAGE)
    asked = Asked(Words("What is kept?"), np.zeros(1, np.float32))
    assert quotes_of(0, [Particulars("Umbrellas are kept.")], statements, asked) == []


def test_a_short_first_sentence_is_quoted_with_what_follows_and_before() -> None:
    statements = statements_of("Ask Ann. Keys hang there. Lamps hang here.")
    middle = statements.all[1].unit
    quote = readable(Quote(middle.start, middle.end, 0, middle), statements)
    assert quote.start == 0


@pytest.mark.parametrize("figures", ["1" * 5000, "三" * 5000, "1." * 2500 + "1"])
def test_very_long_figures_are_just_themselves(figures: str) -> None:
    assert values_of(figures) == {figures}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a.b/E-17", {"a.b/e-17"}),
        ("-x.B2 and err_17", {"b2", "err_17"}),
        ("www.example.org.log_3", {"log_3"}),
        ("see ../E17, 1.2.3, well-known", {"e17"}),
    ],
)
def test_codes_are_words_with_figures(text: str, codes: set[str]) -> None:
    assert Particulars(text).codes == codes


@pytest.mark.parametrize("piece", [".", "a.", "1.", "a-", "`", "A b ", "(1) a ", "ab", "| ", "``a"])
def test_time_grows_with_the_length_and_not_its_square(piece: str) -> None:
    text = f"{piece * (50_000 // len(piece))}x"
    for read in (
        lambda: Particulars(text).codes,
        lambda: Particulars(text).full_names,
        lambda: Particulars(text).spans,
        lambda: units_of(text),
        lambda: form_of(text, 3),
    ):
        began = process_time()
        read()
        assert process_time() - began < 1


def test_statements_are_looked_through_for_the_words_of_a_long_question_once() -> None:
    statements = statements_of(*(f"The lamp number {n} is lit at {n} o'clock." for n in range(150)))
    question = " ".join(f"word{n}" for n in range(14_000))[:LONGEST_QUESTION]
    began = process_time()
    extracts(question, Asked(Words(question), np.zeros(1, np.float32)), statements)
    assert process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "บริษัทเปิดทำการทุกวันจันทร์ถึงวันศุกร์ตั้งแต่เวลาเก้าโมงเช้าถึงห้าโมงเย็นและปิดทำการในวันหยุดราชการ",
        "2026-01-01 10:00:00 ERROR worker 17 lost connection to database server db1",
        "meeting notes from the weekly sync",
        "12",
    ],
)
def test_an_overview_begins_with_what_there_is(text: str) -> None:
    [opening], _ = overview(statements_of(text))
    assert [one.text for one in opening.statements] == [text]
