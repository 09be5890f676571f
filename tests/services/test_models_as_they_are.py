"""Replies of models that differ from the textbook, from the question to the stored message."""

import uuid
from typing import Any

import pytest

from assistant.models import Job
from assistant.services.conversations import conversations
from assistant.services.generation import analysis
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import ask, document_of, message_of, perform, upload

ANSWER = "This is the scripted answer."


def said(model: ModelServer) -> list[tuple[str, str]]:
    """Return the messages of the last request."""
    messages = model.requests[-1].body["messages"]
    return [(message["role"], message["content"]) for message in messages]


def rules(*names: str) -> dict[str, Any]:
    """Return options that name a model with these rules, and one of its own for each test."""
    return {"model": f"rules-{'+'.join(names)}+most=openai:{uuid.uuid4().int % 10**9 + 9999}"}


def talk(owner: uuid.UUID, model: ModelServer, options: dict[str, Any], *texts: str) -> Job:
    """Ask one question after the other; return the job of the last."""
    job = ask(owner, texts[0], options=options)
    perform(job)
    for text in texts[1:]:
        job = ask(owner, text, conversation_id=job.conversation_id, options=options)
        perform(job)
    return job


def test_a_model_of_strict_turns_answers_with_a_system_prompt_and_documents(
    owner: uuid.UUID, model: ModelServer
) -> None:
    text = "The lamp is lit at nine in the evening."
    assert perform(upload(owner, text)).state == "succeeded"
    options = rules("no_system=llamacpp", "alternate=llamacpp")
    first = ask(owner, "Hello?", options=options)
    conversations.change(owner, first.conversation_id, {"system_prompt": "Be kind."})
    assert perform(first).state == "succeeded"
    assert said(model) == [("user", "Be kind.\n\nHello?")]

    values = {"conversation_id": first.conversation_id, "options": options}
    second = ask(owner, "When is the lamp lit?", use_documents=True, **values)
    assert perform(second).state == "succeeded"
    assert [role for role, _ in said(model)] == ["user", "assistant", "user"]
    assert message_of(second).citations


def test_a_question_that_failed_does_not_break_the_turns(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    options = rules("alternate=vllm")
    model.script("400")
    job = talk(owner, model, options, "One?", "Two?", "Three?")

    assert message_of(job).status == "succeeded"
    turns = [("user", "Two?"), ("assistant", ANSWER), ("user", "Three?")]
    assert said(model) == turns


def test_a_smaller_context_lets_history_go_and_says_so(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(context_tokens=4000, max_tokens=100)
    options = rules("window=260")
    job = talk(owner, model, options, "First word " * 60, "Second word " * 60, "Third?")

    reply = message_of(job)
    assert (reply.status, reply.content) == ("succeeded", ANSWER)
    assert "First" not in str(said(model))
    assert [note["code"] for note in reply.notes] == ["history_shortened"]

    asked_before = len(model.requests)
    again = talk(owner, model, options, "First word " * 60, "Second word " * 60, "Third?")
    assert len(model.requests) == asked_before + 3, "it is known by now"
    assert message_of(again).notes == reply.notes


@pytest.mark.parametrize("rule", ["window_llamacpp=150", "window_unsaid=150"])
def test_whatever_a_server_says_of_its_context(
    owner: uuid.UUID, model: ModelServer, configure: Configure, rule: str
) -> None:
    configure(context_tokens=4000, max_tokens=100)
    job = talk(owner, model, rules(rule), "First word " * 60, "Second word " * 60, "Third?")

    reply = message_of(job)
    assert reply.status == "succeeded"
    assert "First" not in str(said(model))
    assert [note["code"] for note in reply.notes] == ["history_shortened"]


def test_passages_go_too_where_a_context_is_small(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(context_tokens=4000, max_tokens=100)
    for number in range(6):
        text = f"The lamp of tower {number} is lit at nine. " + "It is bright and warm. " * 30
        assert perform(upload(owner, text)).state == "succeeded"
    job = ask(owner, "When is the lamp lit?", use_documents=True, options=rules("window=300"))
    assert perform(job).state == "succeeded"
    assert len(model.requests) > 1
    assert message_of(job).notes


def test_a_question_that_is_too_long_by_itself_fails(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(context_tokens=4000)
    failed = perform(ask(owner, "word " * 500, options=rules("window=200")))
    assert (failed.state, failed.error["code"]) == ("failed", "context_too_long")
    assert "200 tokens" in failed.error["detail"]


def test_a_limit_that_a_model_has_is_said_where_it_ends_the_reply(
    owner: uuid.UUID, model: ModelServer
) -> None:
    options = {"model": "rules-most=anthropic:40", "max_tokens": 5000}
    model.script(finish_reason="length")
    job = ask(owner, options=options)
    assert perform(job).state == "succeeded"
    [note] = message_of(job).notes
    assert note["code"] == "limit_lowered"
    assert "40 tokens" in note["detail"]

    job = ask(owner, options=options)
    perform(job)
    assert message_of(job).notes == []


def test_an_analysis_learns_how_much_a_model_takes(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(context_tokens=6000, openai_model="rules-window=900")
    text = "".join(f"Ship number {n} carries {n * 7} barrels of oil.\n\n" for n in range(300))
    indexed = upload(owner, text)
    assert perform(indexed).state == "succeeded"
    done = perform(analysis.create(owner, document_of(indexed).id))
    assert done.state == "succeeded", done.error
    assert len(model.requests) > 4
