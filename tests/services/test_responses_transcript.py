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


def test_each_message_has_its_own_citations() -> None:
    transcript = Transcript(ID, 3, [])
    transcript.is_citing = True
    transcript.tell(Kind.MESSAGE, "One.")
    transcript.tell(Kind.REASONING, "Hm.")
    transcript.tell(Kind.MESSAGE, " Two.")
    transcript.tell(Kind.CALL, "{}", 0, call_id="call_1", name="stop")
    cited = [{"type": "file_citation", "index": index} for index in (9, 4, 3)]
    transcript.end(annotations=cited)
    first, thought, second, call = transcript.output()
    assert [one["index"] for one in first["content"][0]["annotations"]] == [3, 4]
    assert [one["index"] for one in second["content"][0]["annotations"]] == [5]
    assert [item["status"] for item in (first, second, call)] == ["completed"] * 3
    told = items_of(transcript.fresh)
    assert [item.body().get("content") for item in told] == [
        item.get("content") for item in (first, thought, second, call)
    ]
    assert names(transcript.fresh).count("output_item.done") == 4


def test_a_message_that_stays_open_departs_when_it_ends_earlier_than_before() -> None:
    first = Transcript(ID, 3, [])
    first.is_citing = True
    first.tell(Kind.MESSAGE, "One two")
    first.tell(Kind.CALL, "{", 0, call_id="call_1", name="add")
    second = Transcript(ID, 3, first.fresh)
    second.is_citing = True
    second.tell(Kind.MESSAGE, "One")
    second.tell(Kind.CALL, "{}", 0, call_id="call_2", name="add")
    second.end(annotations=[{"type": "file_citation", "index": 3}])
    whole = [*first.fresh, *second.fresh]
    assert deltas(whole) == {0: "One two", 1: "{", 2: "One", 3: "{}"}
    assert [item.given_up for item in items_of(whole)] == [True, True, False, False]
    message, _ = second.output()
    assert [one["index"] for one in message["content"][0]["annotations"]] == [3]


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
