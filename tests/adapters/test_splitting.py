"""Chunks are exact slices that leave nothing out."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.adapters.splitting import StructuredSplitter

PIECES = st.sampled_from(
    [
        *("a", "aaaa", "word ", "Same sentence. ", "\n", "\n\n", "  ", "\t", "\u3000", "\x1f", "."),
        *("。", "日本語の文章です。", "「はい!」", "👩\u200d👩\u200d👧 ", "e\u0301"),
        "https://example.org/" + "x" * 40,
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=120).map("".join))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, size=st.integers(2, 120), share=st.floats(0, 0.5))
def test_chunks_are_ordered_stripped_slices_that_cover_the_text(
    text: str, size: int, share: float
) -> None:
    spans = StructuredSplitter(size=size, overlap=int(size * share)).split(text)

    covered: set[int] = set()
    for span in spans:
        chunk = text[span.start : span.end]
        assert chunk
        assert chunk == chunk.strip()
        assert len(chunk) <= size
        covered.update(range(span.start, span.end))
    assert all(i in covered or text[i].isspace() for i in range(len(text)))
    starts = [span.start for span in spans]
    assert starts == sorted(set(starts))


def test_cuts_between_paragraphs_and_keeps_headings_with_their_text() -> None:
    text = "# One\n\n" + "First. " * 20 + "\n\n# Two\n\n" + "Second. " * 20
    first, second = StructuredSplitter(size=200, overlap=40).split(text)
    assert text[first.start :].startswith("# One\n\nFirst.")
    assert text[second.start :].startswith("# Two\n\nSecond.")


def test_parts_in_characters_are_few() -> None:
    text = "".join(f"{'#' * (n % 3 + 1)} Part {n}\n\nA few words of it.\n\n" for n in range(30))
    pieces = StructuredSplitter(size=300, overlap=0).split(text)
    assert len(pieces) <= 4
    assert all(text[piece.start] == "#" for piece in pieces)


def test_overlap_begins_at_a_sentence() -> None:
    text = " ".join(f"Sentence number {i} says something." for i in range(40))
    spans = StructuredSplitter(size=300, overlap=80).split(text)
    for before, after in pairwise(spans):
        assert before.start < after.start < before.end
        assert text[after.start :].startswith("Sentence number")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5_000_000,
        "word " * 1_000_000,
        "a\n\n" * 1_600_000,
        "文。" * 2_500_000,
        ". " * 2_500_000,
    ],
    ids=["no break", "words", "paragraphs", "CJK", "dots"],
)
def test_takes_linear_time(text: str) -> None:
    begin = time.process_time()
    assert StructuredSplitter(size=1000, overlap=150).split(text)
    assert time.process_time() - begin < 8


def test_empty_and_blank_texts_have_no_chunks() -> None:
    splitter = StructuredSplitter(size=100, overlap=10)
    assert splitter.split("") == []
    assert splitter.split(" \n\n \t") == []


def test_refuses_an_overlap_that_would_repeat_most_of_the_text() -> None:
    with pytest.raises(ValueError, match="overlap"):
        StructuredSplitter(size=100, overlap=60)
