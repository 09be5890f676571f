"""What of the past a model is told, and how much of it a request may bring in."""

import uuid
from typing import Any

import pytest

from assistant.database import transaction
from assistant.errors import InvalidInput
from assistant.models import Response
from assistant.services.responses import conversations, generating, history, references, tokens
from assistant.services.responses.creating import Wanted
from tests.doubles.model_server import ModelServer
from tests.services.factories import hold
from tests.services.test_responses import ASKED, create, done


@pytest.fixture(autouse=True)
def clean_model(model: ModelServer) -> ModelServer:
    """Have no script of another test."""
    return model


def call(name: str) -> list[dict[str, Any]]:
    """Return a call and what it has returned, as items."""
    return [
        {"type": "function_call", "call_id": name, "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": name, "output": "x" * 50},
    ]


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["type"] for item in items]


def test_a_chain_is_told_as_far_back_as_its_bytes_fit(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    previous = None
    for number in range(4):
        job = create(owner, input=f"Number {number}.", previous_id=previous)
        done(job)
        previous = job.id
    task = generating.load(hold(create(owner, previous_id=previous)))
    assert len(task.said_before) == 8
    monkeypatch.setattr(history, "MOST_BYTES", 500)
    task = generating.load(hold(create(owner, previous_id=previous)))
    assert 0 < len(task.said_before) < 8
    assert task.said_before[-2]["content"][0]["text"] == "Number 3."


def test_a_call_and_its_output_are_told_together_or_not_at_all(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [*call("a"), *call("b"), {"role": "user", "content": "Go on."}]
    talk = conversations.create(owner, said, {})
    wanted = Wanted(asked=ASKED, input="Hello.", conversation_id=talk)
    everything = tokens.count(owner, wanted)
    for most in range(1, 900, 50):
        monkeypatch.setattr(history, "MOST_BYTES", most)
        with transaction(owner) as session:
            found = history.before(session, Response(conversation_id=talk))
        assert kinds(found)[-1] == "message"
        assert kinds(found).count("function_call") >= kinds(found).count("function_call_output")
        sent = {one["call_id"] for one in found if one["type"] == "function_call"}
        assert all(one["call_id"] in sent for one in found if "output" in one)
    monkeypatch.setattr(history, "MOST_BYTES", 1)
    assert tokens.count(owner, wanted) < everything


def test_what_is_referred_to_is_bounded(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    first = create(owner, input="x" * 1000)
    said = done(first)["output"][0]["id"]
    reference = {"type": "item_reference", "id": said}
    found = generating.load(hold(create(owner, input=[reference] * 3))).response.input
    assert [item["content"][0]["text"] for item in found] == ["This is the scripted answer."] * 3
    assert len({item["id"] for item in found}) == 3
    monkeypatch.setattr(references, "MOST_BYTES", 500)
    with pytest.raises(InvalidInput) as refused:
        create(owner, input=[reference] * 3)
    assert refused.value.place["pointer"] in ("/input/1/id", "/input/2/id")
    with pytest.raises(InvalidInput) as refused:
        create(owner, input=[reference] * 301)
    assert refused.value.place["pointer"] == "/input"
    with pytest.raises(InvalidInput):
        create(owner, input=[{"role": "user", "content": "x"}] * 2001)
