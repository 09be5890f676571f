"""What followers see of a model that has to begin anew, also in other words."""

import json
import uuid
from typing import Any

import pytest

from assistant.services.responses.output_items import Kind
from assistant.services.responses.transcript import Event, Transcript, items_of

ID = uuid.UUID(int=7)


def begun(*pieces: str) -> list[Event]:
    """Return what was committed of a message before its worker died."""
    transcript = Transcript(ID, 3, [])
    for piece in pieces:
        transcript.tell(Kind.MESSAGE, piece)
    return transcript.fresh


def names(events: list[Event]) -> list[str]:
    return [event.type.removeprefix("response.") for event in events]


def text_of(output: list[Any]) -> str:
    return "".join(part["text"] for item in output for part in item.get("content", ()))


def deltas(events: list[Event]) -> dict[int, str]:
    """Return the text of each item as a follower puts it together."""
    texts: dict[int, str] = {}
    for event in events:
        data = json.loads(event.data)
        if "delta" in data:
            texts[data["output_index"]] = texts.get(data["output_index"], "") + data["delta"]
    return texts


def test_a_message_is_told_in_order() -> None:
    transcript = Transcript(ID, 2, [])
    transcript.tell(Kind.MESSAGE, "One ")
    transcript.tell(Kind.MESSAGE, "two.")
    transcript.end()
    assert [event.number for event in transcript.fresh] == list(range(2, 9))
    assert names(transcript.fresh) == [
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done"),
    ]
    assert text_of(transcript.output()) == "One two."


@pytest.mark.parametrize(
    "pieces", [["One two three."], ["One", " ", "two thr", "ee."], [*"One two three."]]
)
def test_what_is_repeated_is_not_told_twice(pieces: list[str]) -> None:
    before = begun("One ", "two")
    transcript = Transcript(ID, 3, before)
    for piece in pieces:
        transcript.tell(Kind.MESSAGE, piece)
    transcript.end()
    whole = [*before, *transcript.fresh]
    assert [event.number for event in whole] == list(range(3, 3 + len(whole)))
    assert deltas(whole) == {0: "One two three."}
    assert len(transcript.output()) == 1
    assert text_of(transcript.output()) == "One two three."


def test_where_it_departs_the_first_is_closed_and_another_begun() -> None:
    before = begun("One two")
    transcript = Transcript(ID, 3, before)
    transcript.tell(Kind.MESSAGE, "One ")
    assert transcript.fresh == []
    transcript.tell(Kind.MESSAGE, "or two")
    transcript.tell(Kind.MESSAGE, " more.")
    transcript.end()
    whole = [*before, *transcript.fresh]
    assert deltas(whole) == {0: "One two", 1: "One or two more."}
    first, second = items_of(whole)
    assert (first.status, first.given_up) == ("incomplete", True)
    assert (second.status, second.given_up) == ("completed", False)
    assert text_of(transcript.output()) == "One or two more."


def test_one_that_ends_earlier_than_before_departs_too() -> None:
    before = begun("One two three")
    transcript = Transcript(ID, 3, before)
    transcript.tell(Kind.MESSAGE, "One")
    transcript.end()
    assert text_of(transcript.output()) == "One"
    assert deltas([*before, *transcript.fresh]) == {0: "One two three", 1: "One"}


def test_one_that_says_less_items_gives_up_the_rest() -> None:
    first = Transcript(ID, 3, [])
    first.tell(Kind.REASONING, "Hm.")
    first.tell(Kind.MESSAGE, "One")
    second = Transcript(ID, 3, first.fresh)
    second.tell(Kind.MESSAGE, "Two")
    second.end()
    assert text_of(second.output()) == "Two"
    items = items_of([*first.fresh, *second.fresh])
    assert [item.given_up for item in items] == [False, True, False]


def test_calls_may_be_told_in_turns_and_keep_their_ids() -> None:
    first = Transcript(ID, 3, [])
    first.tell(Kind.CALL, '{"a":', 0, call_id="call_1", name="add")
    first.tell(Kind.CALL, "{}", 1, call_id="call_2", name="stop")
    second = Transcript(ID, 3, first.fresh)
    second.tell(Kind.CALL, '{"a":', 0, call_id="call_3", name="add")
    second.tell(Kind.CALL, "{}", 1, call_id="call_4", name="stop")
    second.tell(Kind.CALL, " 1}", 0, call_id="call_3", name="add")
    second.end()
    calls = [(item["call_id"], item["arguments"]) for item in second.output()]
    assert calls == [("call_1", '{"a": 1}'), ("call_2", "{}")]
    assert deltas([*first.fresh, *second.fresh]) == {0: '{"a": 1}', 1: "{}"}


def test_what_turns_out_to_be_a_thought_is_told_as_one() -> None:
    transcript = Transcript(ID, 3, [])
    transcript.tell(Kind.MESSAGE, "Let me think.")
    transcript.begin()
    transcript.tell(Kind.REASONING, "Let me think.")
    transcript.tell(Kind.MESSAGE, "Four.")
    transcript.end()
    assert [item["type"] for item in transcript.output()] == ["reasoning", "message"]
    assert items_of(transcript.fresh)[0].given_up


def test_an_attempt_after_two_others_sees_what_both_said() -> None:
    known = begun("One two")
    for said in ("One or", "One or two"):
        transcript = Transcript(ID, 3, known)
        transcript.tell(Kind.MESSAGE, said)
        known = [*known, *transcript.fresh]
    assert [item.text for item in items_of(known) if not item.given_up] == ["One or two"]
    assert [event.number for event in known] == list(range(3, 3 + len(known)))
