"""Citation markers in a stream."""

# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.services.generation.citations import HOLD_BACK, MarkerFilter
from assistant.services.generation.footnotes import Form

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
    "†",
    "†source】",
    "[Passage 1",
    "[^2]",
    "(3)",
    "passage ",
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
        ("It is so【1†source】.", "It is so[1].", [1]),
        ("It is so 【2†L3-L5】, too.", "It is so [2], too.", [2]),
        ("It is so【9†source】.", "It is so.", []),
        ("It is so [Passage 1].", "It is so [1].", [1]),
        ("It is so [passage 1, 2].", "It is so [1][2].", [1, 2]),
        ("It is so [Passages 1 and 3].", "It is so [1][3].", [1, 3]),
        ("It is so [Passage 7].", "It is so.", []),
        ("`[Passage 1]` [password] [so]", "`[Passage 1]` [password] [so]", []),
        ("see [1†source](https://example.org)", "see [1†source](https://example.org)", []),
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
    ("text", "form", "used"),
    [
        ("It opens at six.[^1] It closes at ten.[^2]", Form.FOOTNOTES, [1, 2]),
        ("It opens at six[^2].\n\n[^2]: The handbook.", Form.FOOTNOTES, [2]),
        ("It opens at six (1). It closes at ten (2).", Form.PARENTHESES, [1, 2]),
        ("六時に開きます(3)。", Form.PARENTHESES, [3]),
        ("It opens at six. (1) It closes at ten. (1)", Form.PARENTHESES, [1]),
        ("- opens at six (1)\n- closes at ten (2)\n", Form.PARENTHESES, [1, 2]),
        ("`(9)` is code. It is so (2).", Form.PARENTHESES, [2]),
        ("In May (2019) it opened (1).", Form.PARENTHESES, [1]),
        ("It opens (1) at six (1).", Form.BRACKETS, []),
        ("(1) Open it.\n(2) Do as in (1).", Form.BRACKETS, []),
        ("Call f(1).", Form.BRACKETS, []),
        ("```\nIt is so (1).\n```", Form.BRACKETS, []),
        ("It is so (7).", Form.BRACKETS, []),
        ("It is so [2]. See step (1).", Form.BRACKETS, [2]),
        ("[^1] It is so.", Form.BRACKETS, []),
    ],
)
def test_forms_that_only_the_whole_reply_tells(text: str, form: Form, used: list[int]) -> None:
    markers = MarkerFilter(3)
    given_out = markers.feed(text) + markers.close()

    assert given_out == text
    assert (markers.form, markers.used) == (form, used)
