"""Citation markers in a stream, and quotes out of a passage."""

# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.services.generation.citations import HOLD_BACK, MarkerFilter, quote_candidates

PIECES = [
    "[",
    "]",
    "【",
    "】",
    "[1]",
    "[9]",
    "[1, 2]",
    " ",
    "1",
    "9",
    "-",
    ",",
    "(",
    "`",
    "a",
    "語",
]
TEXTS = st.lists(st.sampled_from([*PIECES, "\n", "```", ".", "［2］"]), max_size=40).map("".join)


def through(text: str, count: int = 3) -> tuple[str, list[int]]:
    markers = MarkerFilter(count)
    return markers.feed(text) + markers.close(), markers.used


@pytest.mark.parametrize(
    ("text", "expected", "used"),
    [
        ("It is so [1].", "It is so [1].", [1]),
        ("It is so [2], or [1] [2].", "It is so [2], or [1] [2].", [2, 1]),
        ("It is so [7].", "It is so.", []),
        ("It [7] is [0] so", "It is so", []),
        ("[7] It is so", "It is so", []),
        ("It is so [1][7].", "It is so [1].", [1]),
        ("It is so [8][9].", "It is so.", []),
        ("It is so [8] [9].", "It is so.", []),
        ("It is so [1, 2].", "It is so [1][2].", [1, 2]),
        ("It is so [1; 9].", "It is so [1].", [1]),
        ("It is so [2-12].", "It is so [2][3].", [2, 3]),
        ("そうです【1】。違う【8】。", "そうです[1]。違う。", [1]),
        ("そうです[1]。次[9]。", "そうです[1]。次。", [1]),
        ("Since 1889[1][7].", "Since 1889[1].", [1]),
        ("array[10] = [x]", "array[10] = [x]", []),
        ("`a [9]` and [9] b", "`a [9]` and b", []),
        ("```\na [9]\n```\n[9] b", "```\na [9]\n```\nb", []),
        ("see [1](https://example.org), [9](x)", "see [1](https://example.org), [9](x)", []),
        ("in [2019] and [1.5] and [ ]", "in [2019] and [1.5] and [ ]", []),
        ("open [1, 9", "open [1, 9", []),
        ("ends in a blank ", "ends in a blank ", []),
        ("ends [9]", "ends", []),
        ("ends [3]", "ends [3]", [3]),
    ],
)
def test_markers(text: str, expected: str, used: list[int]) -> None:
    assert through(text) == (expected, used)


@given(TEXTS, st.data())
def test_deltas_change_nothing(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    markers = MarkerFilter(3)
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]

    given_out = "".join(markers.feed(delta) for delta in deltas) + markers.close()

    assert (given_out, markers.used) == through(text)


@given(TEXTS)
def test_holds_little_back(text: str) -> None:
    markers = MarkerFilter(10**6)
    for char in text:
        markers.feed(char)
        assert len(markers._blank + markers._held) <= HOLD_BACK + 2


@given(st.text(alphabet="ab .(\n`x", max_size=60))
def test_text_without_brackets_is_untouched(text: str) -> None:
    assert through(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "One is here. Two is there! Three?",
            ["One is here. Two is there!", "Two is there! Three?", "Three?"],
        ),
        ("See e.g. Dr. Who and J. R. Doe. End.", ["See e.g. Dr. Who and J. R. Doe.", "End."]),
        (
            "一つ目です。二つ目です！「三つ目。」終わり",
            [
                "一つ目です。二つ目です！「三つ目。」終わり",
                "二つ目です！「三つ目。」終わり",
                "「三つ目。」終わり",
                "終わり",
            ],
        ),
        (
            "# Title\nBody text goes on\nin two lines.\n\n- one item of a list\n- two items",
            ["# Title", "Body text goes on\nin two lines.", "- one item of a list", "- two items"],
        ),
    ],
)
def test_quotes_are_whole_sentences(text: str, expected: list[str]) -> None:
    spans = quote_candidates(text, 0, len(text), limit=31)

    assert [text[span.start : span.end] for span in spans] == expected


def test_long_sentences_are_cut_between_words() -> None:
    text = "  " + "word " * 300

    spans = quote_candidates(text, 0, len(text))

    assert all(0 < span.end - span.start <= 400 for span in spans)
    assert {text[span.start : span.end].split()[-1] for span in spans} == {"word"}
    assert quote_candidates("字" * 900, 0, 900)[0].end == 400


@given(st.text(alphabet="aB. \n。！-#1)", max_size=200), st.integers(0, 50), st.integers(5, 60))
def test_quotes_lie_in_the_chunk(text: str, start: int, limit: int) -> None:
    end = max(len(text) - 3, start)
    spans = quote_candidates(text, start, end, limit)

    assert bool(spans) == bool(text[start:end].strip())
    for span in spans:
        quote = text[span.start : span.end]
        assert start <= span.start < span.end <= end
        assert len(quote) <= limit
        assert quote == quote.strip()
