"""Replies without documents: what the model is asked, and what becomes of its answer."""

import threading
import time
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from assistant.models import Job
from assistant.services import job_kinds, jobs
from assistant.services.conversations import conversations
from assistant.services.generation import prompts
from assistant.services.generation.partial_reply import Draft
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    job_of,
    message_of,
    pass_time,
    perform,
    sql,
)


def asked(model: ModelServer) -> dict[str, Any]:
    """Return the body of the last request."""
    return model.requests[-1].body


def said(model: ModelServer) -> list[tuple[str, str]]:
    """Return the messages of the last request."""
    return [(message["role"], message["content"]) for message in asked(model)["messages"]]


def test_a_plain_reply_is_the_models_text_with_its_usage(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner, "How are you?")
    assert perform(job).state == "succeeded"
    reply = message_of(job)
    assert (reply.content, reply.finish_reason) == ("This is the scripted answer.", "stop")
    assert (reply.model, reply.citations) == ("scripted-model", [])
    assert reply.usage == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    assert said(model) == [("user", "How are you?")]


def test_the_prompt_is_estimated_once_however_often_the_text_is_saved(
    owner: uuid.UUID, model: ModelServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(checkpoint_seconds=0)
    question = "What is in the hold? " * 50
    looked_at: list[str] = []
    estimate = prompts.estimate_tokens

    def watch(text: str) -> int:
        looked_at.append(text)
        return estimate(text)

    monkeypatch.setattr(prompts, "estimate_tokens", watch)
    job = ask(owner, question)
    saves: list[int] = []
    save = Draft.save

    def count(draft: Draft, session: Session) -> object:
        saves.append(len(draft.text))
        return save(draft, session)

    monkeypatch.setattr(Draft, "save", count)
    model.script(tokens=30, interval=10)
    perform(job)
    assert len(saves) > 3
    # Once to see whether it fits, and once to say what it may have cost.
    assert looked_at.count(question.strip()) + looked_at.count(question) <= 2


def test_the_history_is_sent_in_order(owner: uuid.UUID, model: ModelServer) -> None:
    first = ask(owner, "One?")
    perform(first)
    second = ask(owner, "Two?", conversation_id=first.conversation_id)
    model.script(text="Second.")
    perform(second)
    perform(ask(owner, "Three?", conversation_id=first.conversation_id))
    assert said(model) == [
        ("user", "One?"),
        ("assistant", "This is the scripted answer."),
        ("user", "Two?"),
        ("assistant", "Second."),
        ("user", "Three?"),
    ]


def test_failed_replies_are_left_out_and_cancelled_text_is_kept(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(max_failures=1)
    failed = ask(owner, "One?")
    model.script("cut", text="never to be seen again", after=2)
    assert perform(failed).state == "failed"
    assert message_of(failed).content == "never to"
    cancelled = ask(owner, "Two?", conversation_id=failed.conversation_id)
    sql(
        "UPDATE messages SET content = 'Half an', status = 'cancelled' WHERE job_id = :id",
        id=cancelled.id,
    )
    jobs.cancel(owner, cancelled.id)
    perform(ask(owner, "Three?", conversation_id=failed.conversation_id))
    assert said(model) == [("user", "Two?"), ("assistant", "Half an"), ("user", "Three?")]


def test_a_sibling_branch_is_not_told(owner: uuid.UUID, model: ModelServer) -> None:
    first = ask(owner, "One?")
    model.script("endless", interval=1)
    jobs.cancel(owner, first.id)
    sql("UPDATE messages SET content = 'Left branch.' WHERE job_id = :id", id=first.id)
    again = job_kinds.retry(owner, first.id)
    model.reset()
    model.script(text="Right branch.")
    perform(again)
    perform(ask(owner, "Two?", conversation_id=first.conversation_id))
    assert said(model) == [("user", "One?"), ("assistant", "Right branch."), ("user", "Two?")]


def test_history_that_does_not_fit_is_left_out_from_its_beginning(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(context_tokens=400, max_tokens=100)
    first = ask(owner, "Long ago. " * 100)
    perform(first)
    perform(ask(owner, "Two?", conversation_id=first.conversation_id))
    perform(ask(owner, "Three?", conversation_id=first.conversation_id))
    assert [content for role, content in said(model) if role == "user"] == ["Two?", "Three?"]


def test_a_message_outranks_its_conversation_and_that_the_settings(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(temperature=0.1, max_tokens=11)
    conversation = conversations.create(
        owner, system_prompt="Be brief.", model="other-model", temperature=0.5, max_tokens=22
    )
    perform(ask(owner))
    keys = ("model", "temperature", "max_tokens")
    assert [asked(model)[key] for key in keys] == ["scripted-model", 0.1, 11]
    perform(ask(owner, conversation_id=conversation.id))
    assert [asked(model)[key] for key in keys] == ["other-model", 0.5, 22]
    assert said(model)[0] == ("system", "Be brief.")
    options = {"model": "scripted-model", "temperature": 0.0, "max_tokens": 33}
    job = ask(owner, conversation_id=conversation.id, options=options)
    perform(job)
    assert [asked(model)[key] for key in keys] == ["scripted-model", 0.0, 33]
    assert message_of(job).model == "scripted-model"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("500", "model_unavailable"),
        ("429", "model_rate_limited"),
        ("cut", "model_stream_cut"),
        ("reset", "model_stream_cut"),
        ("html", "model_bad_answer"),
        ("empty", "model_bad_answer"),
        ("bad_json", "model_bad_answer"),
        ("no_choices", "model_stream_cut"),
        ("hang", "model_timeout"),
        ("hang_stream", "model_timeout"),
    ],
)
def test_a_model_in_trouble_is_asked_again_and_then_given_up(
    owner: uuid.UUID, model: ModelServer, configure: Configure, behaviour: str, code: str
) -> None:
    configure(max_failures=2, model_timeout=0.3)
    job = ask(owner)
    model.script(behaviour)
    back = perform(job)
    assert (back.state, back.error["code"]) == ("queued", code)
    pass_time(job)
    model.script(behaviour)
    ended = perform(job)
    assert (ended.state, ended.error["code"], ended.attempt) == ("failed", code, 2)
    assert message_of(job).status == "failed"
    assert len(model.requests) == 2


@pytest.mark.parametrize("behaviour", ["401", "quota", "context", "404"])
def test_what_cannot_heal_is_not_tried_again(
    owner: uuid.UUID, model: ModelServer, behaviour: str
) -> None:
    job = ask(owner)
    model.script(behaviour)
    assert (perform(job).state, len(model.requests)) == ("failed", 1)


def test_a_model_server_that_is_down_is_named(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(openai_base_url="http://127.0.0.1:9/v1")
    job = ask(owner)
    back = perform(job)
    assert (back.state, back.error["code"]) == ("queued", "model_unreachable")
    assert "http://127.0.0.1:9/v1" in back.error["detail"]
    assert message_of(job).usage is None
    assert attempts_of(job)[0].usage is None


def test_the_pause_that_a_busy_model_asks_for_is_kept(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script("429", retry_after="42")
    back = perform(job)
    finished = attempts_of(job)[0].finished_at
    assert finished is not None
    assert (back.run_after - finished).total_seconds() == 42


def test_an_answer_of_blanks_is_none(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script(text=" ")
    assert perform(job).error["code"] == "empty_answer"


def test_characters_that_nobody_can_keep_are_replaced(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script(text="a\x00b \ud800c", finish_reason="stop" * 20)
    assert perform(job).state == "succeeded"
    assert message_of(job).content == "a\ufffdb \ufffdc"


def test_text_is_kept_while_it_grows(app: Flask, owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script("endless", interval=2)
    worker = start(app, job)
    model.wait_for(lambda request: request.tokens_sent > 50)
    give_up = time.monotonic() + 5
    while not message_of(job).content and time.monotonic() < give_up:
        pass
    assert message_of(job).content.startswith("word0 word1 ")
    assert message_of(job).status == "running"
    jobs.cancel(owner, job.id)
    worker.join(10)
    assert job_of(job).state == "cancelled"


def test_a_model_that_has_not_begun_is_left_at_once_when_cancelled(
    app: Flask, owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    model.script("hang")
    worker = start(app, job)
    model.wait_for(lambda request: request.body)
    asked_at = time.time()
    jobs.cancel(owner, job.id)
    request = model.wait_for(lambda request: request.closed_at)
    worker.join(10)
    assert request.ended == "closed by client"
    assert request.closed_at is not None
    assert request.closed_at - asked_at < 1
    assert (job_of(job).state, message_of(job).content) == ("cancelled", "")


def test_a_deleted_conversation_needs_no_reply(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    sql("DELETE FROM messages WHERE conversation_id = :id", id=job.conversation_id)
    assert perform(job).error["code"] == "conversation_deleted"
    assert model.requests == []


def start(app: Flask, job: Job) -> threading.Thread:
    """Do a job in a thread of its own."""

    def run() -> None:
        with app.app_context():
            perform(job)

    worker = threading.Thread(target=run)
    worker.start()
    return worker
