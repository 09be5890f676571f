"""Thoughts that stand in the same text as the answer."""

import itertools

import pytest

from assistant.adapters.chat import OpenAIChat
from assistant.adapters.chat.thoughts import MARKS, Thoughts
from assistant.chat import ChatRequest, Piece, Reread, Said
from tests.doubles.model_server import ModelServer


def read(text: str, size: int, closing: str | None = None, *, is_cut: bool = False) -> list[Piece]:
    thoughts = Thoughts(closing)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [
        *itertools.chain.from_iterable(thoughts.feed(piece) for piece in pieces),
        *thoughts.close(is_cut=is_cut),
    ]


def said(pieces: list[Piece]) -> tuple[str, str]:
    """Return what was thought and what was said in the end."""
    whole = Said()
    for piece in pieces:
        whole.take(piece)
    return whole.reasoning, whole.text


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>Hm.</think>Yes.", "Hm.", "Yes."),
        ("\n<think>\nHm. [1]\n</think>\n\nYes [1].", "Hm. [1]\n", "Yes [1]."),
        ("<think></think>Yes.", "", "Yes."),
        ("<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("</think>\n\nYes.", "", "Yes."),
        ("<think>if a < b and b</c>", "if a < b and b</c>", ""),
        ("Hm, it is so.\n</think>\n\nYes.", "Hm, it is so.", "Yes."),
        ("Yes, <think> is a mark.", "", "Yes, <think> is a mark."),
        ("Write `</think>` at its end.", "", "Write `</think>` at its end."),
        ("Write '</think>' at its end.", "", "Write '</think>' at its end."),
        ("<thin ice>", "", "<thin ice>"),
        ("<thin", "", "<thin"),
        ("a < b", "", "a < b"),
        (" \n ", "", " \n "),
        ("", "", ""),
        ("[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("<think>Hm.</think>Yes. <think>No.</think>", "Hm.", "Yes. <think>No.</think>"),
    ],
)
def test_thoughts_are_told_from_text(text: str, reasoning: str, answer: str, size: int) -> None:
    assert said(read(text, size)) == (reasoning, answer)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(("opening", "closing"), MARKS.items())
def test_every_mark_is_known(opening: str, closing: str, size: int) -> None:
    assert said(read(f"{opening}Hm.{closing}Yes.", size)) == ("Hm.", "Yes.")


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_thought_that_is_expected_is_none_before_it_is_read_twice(size: int) -> None:
    pieces = read("Hm.\n</think>\n\nYes.", size, "</think>")

    assert said(pieces) == ("Hm.\n", "Yes.")
    assert not any(isinstance(piece, Reread) for piece in pieces)


def test_a_thought_that_was_expected_in_vain_was_the_answer() -> None:
    assert said(read("Yes, it is.", 4, "</think>")) == ("", "Yes, it is.")
    assert said(read("Hm, it may", 4, "</think>", is_cut=True)) == ("Hm, it may", "")


def test_marks_are_text_where_thoughts_come_apart() -> None:
    thoughts = Thoughts("</think>")
    thoughts.come_apart()

    pieces = [*thoughts.feed("It ends with </think>."), *thoughts.close(is_cut=False)]

    assert said(pieces) == ("", "It ends with </think>.")


def test_a_model_that_opens_no_thought_is_learnt(server: ModelServer, chat: OpenAIChat) -> None:
    answers = []
    for text in ("Hm.\n</think>\n\nYes.", "So.\n</think>\n\nNo.", "Maybe.", "Of course."):
        server.script(text=text, chunk=3)
        request = ChatRequest([("user", "Is it?")], "one-that-thinks", 0.5, 50, 10)
        pieces = list(chat.stream(request).pieces())
        answers.append((*said(pieces), any(isinstance(piece, Reread) for piece in pieces)))

    assert answers == [
        ("Hm.", "Yes.", True),
        ("So.\n", "No.", False),
        ("", "Maybe.", True),
        ("", "Of course.", False),
    ]
