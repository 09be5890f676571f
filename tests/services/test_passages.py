"""What a reply is made from: slices of documents, joined, spread and shared as they should be."""

# ruff: noqa: RUF001

import uuid
from itertools import pairwise

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from assistant.services.documents import documents
from assistant.services.generation import joining, named_files, near_duplicates, passages
from assistant.services.generation.answerability import Signals, is_enough, signals_of
from assistant.services.generation.passages import Gathered
from assistant.services.retrieval.retrieval import Hit, Scope
from assistant.token_estimates import estimate_tokens
from tests.services.conftest import Configure
from tests.services.factories import document_of, make_owner, perform, upload

ID = uuid.UUID(int=7)
PARTS = 60
PRICES = "\n".join(f"| KX-{n} | {n * 3} | {n * 7} |" for n in range(120))
MANUAL = (
    "# Manual of the KX motors\n\nIt was written by Ida Holm in 1987.\n\n## Prices\n\n"
    f"| Model | Torque | Price |\n| --- | --- | --- |\n{PRICES}\n\n"
    + "\n\n".join(
        f"## Step {n}\n\nStep {n} begins with lever {n}. " + f"Then turn wheel {n} slowly. " * 30
        for n in range(PARTS)
    )
)


def hit(start: int, end: int, text: str, **more: object) -> Hit:
    values = {"ordinal": start, "page": None, "score": 0.5, "filename": "a.md", **more}
    return Hit(document_id=ID, generation=1, start=start, end=end, text=text, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def manual(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    """Return an owner with a long manual and a short note, and the manual's id."""
    with app.app_context():
        owner = make_owner()
        job = perform(upload(owner, MANUAL, "manual.md"))
        perform(upload(owner, "The depot in Arle is open on Mondays.", "note.txt"))
        return owner, document_of(job).id


Manual = tuple[uuid.UUID, uuid.UUID]


def gather(manual: Manual, text: str, *, room: int = 5000, named: bool = False) -> Gathered:
    """Gather, and see that every passage is the slice of its text that it says it is."""
    owner, document = manual
    gathered = passages.gather(Scope(owner, [document] if named else []), text, (), room)
    for one in gathered.hits:
        text, *_ = documents.text_slice(owner, one.document_id, one.start, one.end, one.generation)
        assert one.text == text
    return gathered


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=8))
def test_what_overlaps_becomes_one_slice(places: list[tuple[int, int]]) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(100))
    hits = [hit(start, start + length, text[start : start + length]) for start, length in places]
    joined = joining.joined(ID, hits)
    assert all(one.text == text[one.start : one.end] for one in joined)
    covered = {place for one in hits for place in range(one.start, one.end)}
    assert {place for one in joined for place in range(one.start, one.end)} == covered
    spans = sorted((one.start, one.end) for one in joined)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


def test_a_joined_passage_stands_where_its_best_part_stood() -> None:
    far = hit(50, 60, "x" * 10, score=0.7)
    first, second = (
        hit(0, 10, "a" * 10, headings=("A", "B")),
        hit(8, 20, "aa" + "b" * 10, score=0.9, headings=("A", "C")),
    )
    joined = joining.joined(ID, [second, far, first])
    assert [(one.start, one.end, one.score) for one in joined] == [(0, 20, 0.9), (50, 60, 0.7)]
    assert joined[0].headings == ("A",)


def test_near_duplicates_come_last_and_exact_ones_go() -> None:
    same = "the notice period of a cleaning contract was discussed in meeting {} by all members"
    many = [hit(n * 100, n * 100 + 99, same.format(n)) for n in range(5)]
    other = hit(
        900, 990, "either side may end it with three months of warning in writing at any time"
    )
    again = hit(990, 1089, same.format(0))
    spread = near_duplicates.spread([*many, other, again])
    assert [one.start for one in spread] == [0, 900, 100, 200, 300, 400]


def test_neighbours_are_joined_and_offsets_stay_right(manual: Manual) -> None:
    gathered = gather(manual, "With which lever does step 7 begin?")
    assert gathered.hits
    assert not gathered.wholes
    ends = {one.end for one in gathered.hits}
    assert not any(one.start in ends for one in gathered.hits)


def test_of_a_long_document_the_opening_and_sections_are_shown(manual: Manual) -> None:
    for room in (900, 2500, 5000):
        gathered = gather(manual, "Summarise this file.", room=room, named=True)
        assert gathered.wholes
        assert gathered.is_excerpt
        assert any("written by Ida Holm" in one.text for one in gathered.hits)
        assert sum(estimate_tokens(one.text) for one in gathered.hits) <= room * 1.1
    shown = " ".join(one.text for one in gathered.hits)
    assert sum(f"Step {n} begins" in shown for n in range(PARTS)) >= 20


@pytest.mark.parametrize("request_", ["What does note.txt say?", "总结一下note.txt的内容"])
def test_a_short_document_is_shown_as_it_is(manual: Manual, request_: str) -> None:
    gathered = gather(manual, request_)
    assert gathered.wholes
    assert not gathered.is_excerpt
    [one] = gathered.hits
    assert one.text == "The depot in Arle is open on Mondays."


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is in Contract-Brightway.MD?", ["contract-brightway.md"]),
        ("How long is the notice in the Brightway contract?", ["contract-brightway.md"]),
        ("What does contract brightway say on keys?", ["contract-brightway.md"]),
        (
            "Compare Brightway and Cleanora",
            ["contract-brightway.md", "contract-cleanora.md"],
        ),
        ("What does Brightway cost?", []),
        ("When does the contract end?", []),
        ("柳川博物馆的门票多少钱？", ["柳川博物馆.pdf"]),
        ("What did the note say?", []),
    ],
)
def test_a_question_names_files(question: str, named: list[str]) -> None:
    names = ["contract-brightway.md", "contract-cleanora.md", "柳川博物馆.pdf", "note.txt"]
    listed = [named_files.File(uuid.uuid4(), 1, name) for name in names]
    files = named_files.told(question, listed)
    assert [file.filename for file in files.named] == named


def test_rows_of_a_table_keep_their_header(manual: Manual) -> None:
    gathered = gather(manual, "Which torque does model KX-77 have?")
    [rows] = [one for one in gathered.hits if "| KX-77 |" in one.text]
    header = "| Model | Torque | Price |"
    assert rows.table_header == header or header in rows.text


def test_an_operators_threshold_binds_similarity_alone(app: Flask, configure: Configure) -> None:
    near, far = (
        hit(0, 9, "Entirely other words.", dense=0.4),
        hit(0, 9, "The depot in Arle.", dense=0.1),
    )
    assert is_enough(signals_of("Where is the boat?", "en", [near]))
    configure(retrieval_threshold=0.5)
    assert not is_enough(signals_of("Where is the boat?", "en", [near]))
    assert is_enough(signals_of("Where is the depot in Arle?", "en", [far]))
    configure(retrieval_threshold=0.2)
    assert is_enough(signals_of("Wo ist das Boot?", "de", [near]))


def test_without_words_similarity_decides() -> None:
    assert is_enough(Signals(0.01))
    assert not is_enough(Signals(-0.01))
