"""Reading sets of questions, and telling where a mistake is."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from assistant.errors import InvalidInput
from assistant.services.evaluation.judging import Case, holds, rank_of, shares
from assistant.services.evaluation.question_sets import MOST_BYTES, demand_size, of_csv, read
from assistant.services.retrieval.retrieval import Hit

WANTED = [
    Case("What is a family ticket?", filename="tickets.md", page=2, answer="22.00"),
    Case('Who says "hello, you"?', passage="Two lines,\nof one passage."),
    Case("Why is the sky blue?", refuse=True),
]
COMMAS = (
    "question,filename,page,passage,answer,refuse\r\n"
    "What is a family ticket?,tickets.md,2,,22.00,\r\n"
    '"Who says ""hello, you""?",,,"Two lines,\nof one passage.",,\r\n'
    "\r\n"
    "Why is the sky blue?,,,,,yes\r\n"
)


def test_a_table_is_read_however_it_was_saved() -> None:
    assert read(COMMAS.encode()) == WANTED
    assert read(b"\xef\xbb\xbf" + COMMAS.encode()) == WANTED
    # The same, sent as text in JSON.
    assert of_csv("\ufeff\n" + COMMAS) == WANTED
    with pytest.raises(InvalidInput, match="line 4"):
        of_csv("\n\nquestion,page\nWhy?,many")
    rows = [line.split(",") for line in COMMAS.splitlines()[:2]]
    for separator in ";\t":
        text = "\n".join(separator.join(row) for row in rows)
        assert read(text.encode()) == WANTED[:1]


def test_json_is_read_as_a_list_or_by_its_name() -> None:
    rows = [
        {"question": "What is a family ticket?", "filename": "tickets.md", "page": 2}
        | {"answer": "22.00", "passage": None},
        {"question": 'Who says "hello, you"?', "passage": "Two lines,\nof one passage."},
        {"question": "Why is the sky blue?", "refuse": True},
    ]
    assert read(json.dumps(rows).encode()) == WANTED
    assert read(json.dumps({"questions": rows}).encode()) == WANTED


def test_passages_with_their_questions_name_their_documents() -> None:
    known = {
        "docs": {"manual/tickets": "A family ticket is 22.00.", "d2": "Nothing."},
        "queries": {"q1": "What is a family ticket?", "q2": "Not asked."},
        "qrels": {"q1": {"manual/tickets": 1, "d2": 0}},
    }
    assert read(json.dumps(known).encode()) == [
        Case("What is a family ticket?", filename="manual-tickets")
    ]
    known["qrels"]["q1"]["d2"] = 1  # type: ignore[index]
    with pytest.raises(InvalidInput, match=r"query q1: .* one passage"):
        read(json.dumps(known).encode())
    known["qrels"] = {"q3": {"d2": 1}}  # type: ignore[dict-item]
    with pytest.raises(InvalidInput, match="query q3: it needs its text"):
        read(json.dumps(known).encode())


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"question,page\nOne?,x\n", "line 2, page: Not a valid integer."),
        (b'question,page,filename\n"One\nor two?",,\nThree?,0,a\n', "line 4, page: Must be gre"),
        (b"question,page\nOne?,3\n", "line 2, page: Say of which document"),
        (b"question,refuse\nOne?,perhaps\n", "line 2, refuse: Not a valid boolean."),
        (b"question,refuse,answer\nOne?,yes,1\n", "line 2, answer: A question that is to be ref"),
        (b"question,answer\n,1\n", "line 2, question: Missing data"),
        (b"question,reply\nOne?,1\n", "Line 1 has to name the columns"),
        (b"question,question\nOne?,1\n", "Line 1 has to name the columns"),
        (b"What?\n", "Line 1 has to name the columns"),
        (b"question,answer\nOne, two?,1\n", "Line 2 has 3 cells, and line 1 names 2."),
        (b'question\nOne?\n"Two?\n', "Line 3 or the next is no CSV"),
        (b"question\nOne?\nCaf\xe9?\n", "Line 3 is not UTF-8."),
        (b"question\n", "There are 0 questions"),
        (b"", "Line 1 has to name the columns"),
        (b"question\n" + b"One?\n" * 1001, "There are 1001 questions"),
        (b"[]", "There are 0 questions"),
        (b'[{"question": "One?"}, {"question": 2}]', r"questions\[1\], question: Not a valid str"),
        (b'[{"question": "One?", "page": "2"}]', r"questions\[0\], page: Not a valid integer."),
        (b'[{"question": "One?", "file": "a"}]', r"questions\[0\], file: Unknown field."),
        (b'["One?"]', r"questions\[0\]: Invalid input type."),
        (b'{"question": "One?"}', "The JSON has no questions."),
        (b'[\n{"question": "One?"},\n]', "Line 3 is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"queries": [], "qrels": {}}', "have to be objects"),
        (b'{"queries": {}, "qrels": []}', "have to be objects"),
        (b'{"queries": {"a": "One?"}, "qrels": {"a": 1}}', "query a: "),
        (b" " * (MOST_BYTES + 1), "more than 16 MiB"),
    ],
)
def test_a_mistake_is_named_with_its_place(raw: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(raw)


def test_many_mistakes_are_told_together_and_not_without_end() -> None:
    raw = b"question,page\n" + b"One?,x\n" * 30
    with pytest.raises(InvalidInput) as caught:
        read(raw)
    lines = caught.value.detail.splitlines()
    assert lines[0].startswith("line 2, page")
    assert lines[9].startswith("line 11, page")
    assert lines[10:] == ["And 20 more."]


def test_what_is_kept_has_a_bound() -> None:
    demand_size([{"question": "One?"}])
    with pytest.raises(InvalidInput, match="may have 1048576"):
        demand_size([{"question": "One?", "passage": "ab" * 4000}] * 150)


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("A family ticket is **22.00** pounds.", "22.00 Pounds", True),
        ("| Family | 16.00 | 22.00 |", "22.00", True),
        ("It has 1622 steps.", "162", False),
        ("It has 162 steps.", "162", True),
        ("The café opens\nat ten.", "CAFE opens at  ten", True),
        ("The concatenation", "cat", False),
        ("Costs -5 °C.", "-5 °C", True),
        ("塔には百六十八段の階段がある。", "百六十八段", True),
        ("塔には百六\n十八段の階段がある。", "百六十八段", True),
        ("塔には階段がある。", "百六十八段", False),
        ("Anything", "**", False),
    ],
)
def test_an_answer_is_held_by_whole_words(text: str, answer: str, held: bool) -> None:
    assert holds(text, answer) is held


TEXT = " ".join(f"word{number}" for number in range(400))


@pytest.mark.parametrize(
    ("start", "end", "enough"),
    [
        (0, len(TEXT), True),
        (500, 1500, True),
        # 1000 to 2000 is the passage.
        (1100, 1500, True),
        (1100, 1150, False),
        (0, 1200, True),
        (0, 1050, False),
        (1800, 2800, True),
        (1950, 2800, False),
        (0, 900, False),
    ],
)
def test_a_passage_is_found_where_chunks_were_cut_elsewhere(
    start: int, end: int, enough: bool
) -> None:
    assert shares(TEXT[1000:2000], TEXT[start:end].replace(" ", "\n")) is enough


def test_a_short_passage_is_found_whole() -> None:
    assert shares("At six.", "It opens at six. It closes at ten.")
    assert not shares("At six.", "It opens at five.")
    assert not shares("At six.", "")


def hit(number: int, document: int, page: int | None, text: str = "") -> Hit:
    """Return a chunk of the document of this number."""
    return Hit(
        document_id=uuid.UUID(int=document),
        generation=1,
        ordinal=number,
        filename=f"{document}.txt",
        page=page,
        start=0,
        end=1,
        text=text,
        score=1.0,
    )


HITS = [
    hit(0, 1, 1, "One thing."),
    hit(1, 1, 1, "Another thing."),
    hit(2, 2, 1, "Something else."),
    hit(3, 2, 2, "The answer is seven."),
    hit(4, 3, None, "The answer is seven, too."),
]


@pytest.mark.parametrize(
    ("expected", "rank"),
    [
        ({"filename": "1.txt"}, 1),
        ({"filename": "2.txt"}, 2),
        ({"filename": "2"}, 2),
        ({"filename": "3.txt"}, 3),
        ({"filename": "4.txt"}, None),
        # Of pages, 1/1 and 2/1 come before.
        ({"filename": "2.txt", "page": 2}, 3),
        ({"filename": "2.txt", "page": 3}, None),
        ({"filename": "3.txt", "page": 1}, None),
        ({"passage": "The answer is seven."}, 4),
        ({"passage": "The answer is seven, too.", "filename": "3.txt"}, 5),
        ({"answer": "seven"}, 4),
        ({"answer": "eight"}, None),
        # Where it is said where it stands, the words of the answer may be others.
        ({"answer": "7", "filename": "2.txt"}, 2),
    ],
)
def test_a_rank_counts_what_is_asked_for(expected: dict[str, Any], rank: int | None) -> None:
    def pages(one: Hit) -> Sequence[int]:
        return [] if one.page is None else [one.page]

    assert rank_of(Case("Where?", **expected), HITS, pages) == rank
