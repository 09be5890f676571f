"""Chunks follow the structure of their text, and know where they stand."""

import time
from itertools import pairwise

import pytest

from assistant.adapters import embedding
from assistant.adapters.embedding import SentenceTransformerModel
from assistant.adapters.outline import outline
from assistant.adapters.splitting import StructuredSplitter
from assistant.pieces import Piece

FOLDER = embedding.locate("all-MiniLM-L6-v2")
needs_model = pytest.mark.skipif(FOLDER is None, reason="the bundled model is not installed")
MODEL = SentenceTransformerModel("all-MiniLM-L6-v2")

GUIDE = """\
A word before all.

# Guide

## Install

Put it where the others are.

```
# not a heading
make install
```

## Use

### Daily

Press the green button.

### Rarely

Press the red one.

Appendix
========

What is left.
"""


def titles(text: str) -> list[tuple[str, ...]]:
    """Return the path of each section."""
    return [tuple(one.title for one in section.path) for section in outline(text).sections]


def cut(text: str, size: int = 60, overlap: int = 0) -> list[Piece]:
    """Cut a text for the model."""
    return StructuredSplitter(size=size, overlap=overlap, model=MODEL).split(text)


def test_sections_know_their_headings() -> None:
    assert titles(GUIDE) == [
        (),
        ("Guide", "Install"),
        ("Guide", "Use", "Daily"),
        ("Guide", "Use", "Rarely"),
        ("Appendix",),
    ]
    sections = outline(GUIDE).sections
    assert "".join(GUIDE[section.start : section.end] for section in sections) == GUIDE
    assert [GUIDE[section.body :].split()[0] for section in sections] == [
        *("A", "Put", "Press", "Press", "What")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# set -e\n# set -u\nrun", [()]),
        ("| a |\n|---|\n| 1 |", [()]),
        ("Some words\n---\nmore", [("Some words",)]),
        ("two lines\nof words\n---\nmore", [()]),
        ("- an item\n---\nmore", [()]),
        ("#no blank", [()]),
        ("# Closed ##\n\nText", [("Closed",)]),
        ("### Deep\n\na\n\n# Top\n\nb\n\n## Under\n\nc", [("Deep",), ("Top",), ("Top", "Under")]),
        ("~~~\n# code\n\n# more\n~~~\n\n# Real\n\ntext", [(), ("Real",)]),
        ("```\n# never closed\n\n# at all", [()]),
        ("# Only", [("Only",)]),
        ("", [()]),
    ],
)
def test_what_counts_as_a_heading(text: str, expected: list[tuple[str, ...]]) -> None:
    assert titles(text) == expected


@needs_model
def test_a_chunk_lies_in_one_section_with_its_heading() -> None:
    text = "".join(
        f"# Part {n}\n\n" + f"Sentence {n} says what it says. " * 5 + "\n\n" for n in "ABC"
    )
    pieces = cut(text, size=250)
    assert [piece.headings for piece in pieces] == [("Part A",), ("Part B",), ("Part C",)]
    assert all(text[piece.start :].startswith("# Part") for piece in pieces)


@needs_model
def test_very_small_sections_go_together_under_what_they_share() -> None:
    text = "# Menu\n\n" + "".join(f"## {name}\n\nFive.\n\n" for name in ("Tea", "Milk", "Soup"))
    text += "# Hours\n\nFrom nine."
    [whole] = cut(text, size=250)
    assert whole.headings == ()
    # Nothing is put together with what stands above it.
    first, second = cut(text.removeprefix("# Menu\n\n").replace("Five.", "Five. Five."), size=250)
    assert (first.headings, second.headings) == ((), ("Hours",))


@needs_model
def test_paragraphs_and_code_stay_whole_where_they_fit() -> None:
    code = "```\n" + "\n\n".join(f"step_{n}(now)" for n in range(5)) + "\n```"
    paragraph = "This stands together. " * 5
    text = f"# Work\n\n{paragraph}\n\n{code}\n\n{paragraph}\n\n{paragraph}"
    pieces = [text[piece.start : piece.end] for piece in cut(text)]
    assert any(code in piece for piece in pieces)
    assert sum(piece.count(paragraph.strip()) for piece in pieces) == 3


@needs_model
def test_the_header_of_a_table_goes_with_each_part() -> None:
    header = "| Model | Torque (Nm) | Price (EUR) |"
    rows = [f"| KX-{n} | {n * 3} | {n * 7} |" for n in range(60)]
    text = "# Motors\n\nAll of them.\n\n" + "\n".join([header, "| --- | --- | --- |", *rows])
    text += "\n\nPrices without tax."
    first, *others = cut(text, size=100, overlap=20)
    assert text[first.start : first.end].startswith("# Motors\n\nAll of them.\n\n" + header)
    assert first.header == ""
    in_rows = [piece for piece in others if text[piece.start] == "|"]
    assert len(in_rows) > 5
    for piece in in_rows:
        assert piece.header == header
        assert piece.embedded(text) == f"{header}\n{text[piece.start : piece.end]}"
        assert text[piece.start : piece.end].splitlines()[0] in rows
        assert piece.headings == ("Motors",)
    # No row is cut, and none is in two chunks.
    written = [
        line for piece in (first, *others) for line in text[piece.start : piece.end].split("\n")
    ]
    assert [line for line in written if line.startswith("| KX")] == rows


@needs_model
def test_a_header_that_is_too_long_is_shortened_to_whole_cells() -> None:
    header = "|" + "".join(f" column number {n} |" for n in range(40))
    row = "|" + " value |" * 40
    text = "\n".join([header, "|" + " --- |" * 40, *[row] * 8])
    pieces = cut(text, size=120)
    shortened = {piece.header for piece in pieces if piece.start > 2 * len(header)}
    assert len(shortened) == 1
    (found,) = shortened
    assert header.startswith(found)
    assert found.endswith("|")
    assert 1 < len(found.split("|")) < 20
    assert max(map(len, MODEL.locate_tokens([one.embedded(text) for one in pieces]))) <= 120


@needs_model
def test_the_parts_of_a_section_overlap_and_sections_do_not() -> None:
    text = "".join(
        f"# Part {p}\n\n" + "".join(f"Sentence {n} of {p} is here. " for n in range(30)) + "\n\n"
        for p in "AB"
    )
    pieces = cut(text, size=100, overlap=20)
    parts = {name: [one for one in pieces if one.headings == (f"Part {name}",)] for name in "AB"}
    assert len(parts["A"]) + len(parts["B"]) == len(pieces) > 4
    for group in parts.values():
        assert all(one.end > two.start for one, two in pairwise(group))
    assert parts["A"][-1].end < parts["B"][0].start


@pytest.mark.parametrize(
    "text",
    [
        *("# a\n\n" * 400_000, "|-|\n" * 500_000, "```\n" * 500_000, "a|\n" * 700_000),
        *("|" * 2_000_000, "| a |\n|-|\n" * 200_000, "---\n" * 500_000, "# a\n" * 500_000),
        *("\n " * 1_000_000, "`" * 2_000_000, "a\n---\n\n" * 250_000),
    ],
    ids=range(11),
)
def test_takes_linear_time(text: str) -> None:
    begin = time.process_time()
    pieces = StructuredSplitter(size=1000, overlap=100).split(text)
    assert max((piece.end - piece.start for piece in pieces), default=0) <= 1000
    assert time.process_time() - begin < 20
