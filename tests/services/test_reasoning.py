"""What a model thinks before it answers: told and kept apart, and used for nothing else."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.models import Job
from assistant.services import jobs
from assistant.services.events import following
from assistant.services.generation import analysis
from assistant.services.generation.partial_reply import Draft
from assistant.services.jobs import event_log
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    document_of,
    hold,
    job_of,
    lose_lease,
    message_of,
    pass_time,
    perform,
    upload,
    wait_for,
)
from tests.services.test_events import Reader, flush

THOUGHT = "They greet me [1], so I greet them [7]."


class Thinker(Reader):
    """A client that puts together what was thought, too."""

    reasoning = ""

    def take(self, events: list[event_log.Event]) -> None:
        """Take these."""
        for event in events:
            data = json.loads(event.data)
            if event.kind == "snapshot":
                self.reasoning = data.get("reasoning", "")
            if event.kind == "reasoning":
                self.reasoning += data["text"]
        super().take(events)

    def agrees(self) -> None:
        """Demand that both are what is stored."""
        super().agrees()
        assert self.reasoning == (message_of(self.job).reasoning or "")


def thinking(text: str = "Hello.", thought: str = THOUGHT, **how: Any) -> dict[str, Any]:
    """Return a script of a model that thinks in `reasoning_content`."""
    words = [{"reasoning_content": f"{word} "} for word in thought.split()]
    return {"deltas": [*words, *({"content": f"{word} "} for word in text.split())], **how}


@pytest.mark.parametrize(
    "script",
    [
        {"deltas": [{"reasoning_content": THOUGHT}, {"content": "Hello."}]},
        {"deltas": [{"reasoning": THOUGHT}, {"content": "Hello."}]},
        {"text": f"<think>{THOUGHT}</think>\n\nHello.", "chunk": 3},
        {"text": f"{THOUGHT}\n</think>\n\nHello.", "chunk": 3},
    ],
    ids=["reasoning_content", "reasoning", "marks", "closing mark"],
)
def test_it_is_kept_apart_and_never_sent_back(
    owner: uuid.UUID, model: ModelServer, script: dict[str, Any]
) -> None:
    model.script(**script)
    # Of its own name, since what is learnt of a model stays.
    options = {"model": f"thinks-{uuid.uuid4().hex[:8]}"}
    job = ask(owner, options=options)
    reader = Thinker(job)
    reader.step()
    assert perform(job).state == "succeeded"
    reply = message_of(job)
    assert (reply.content, reply.reasoning) == ("Hello.", THOUGHT)
    reader.to_the_end().agrees()
    Thinker(job).to_the_end().agrees()
    shown = job_of(job)
    assert reader.done is not None
    assert reader.done["result"]["assistant_message"]["reasoning"] == THOUGHT
    perform(ask(owner, "And now?", conversation_id=shown.conversation_id, options=options))
    assert "They greet me" not in str(model.requests[-1].body)


def test_a_model_that_says_nothing_of_it_has_none(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    perform(job)
    assert message_of(job).reasoning is None


def test_it_is_followed_word_by_word(
    app: Flask, owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any]
) -> None:
    model.script(**thinking(interval=60))
    job = ask(owner)
    reader = Thinker(job)
    in_background(job)
    wait_for(lambda: reader.step() is not None and reader.reasoning)
    assert reader.text == ""
    reader.to_the_end().agrees()
    assert reader.kinds.count("reasoning") >= 5
    assert "delta" in reader.kinds


@pytest.mark.parametrize("when", ["thinking", "talking", "after"])
@pytest.mark.parametrize("flushed", [True, False])
def test_who_comes_late_gets_both_whatever_redis_lost(
    owner: uuid.UUID,
    model: ModelServer,
    in_background: Callable[..., Any],
    configure: Configure,
    when: str,
    flushed: bool,
) -> None:
    configure(checkpoint_seconds=0.1)
    model.script(**thinking("one two three four five six", interval=40))
    job = ask(owner)
    in_background(job)
    sent = {"thinking": 4, "talking": 12, "after": 14}[when]
    wait_for(lambda: model.requests and model.requests[0].tokens_sent >= sent)
    if when == "after":
        wait_for(lambda: job_of(job).finished_at)
    if flushed:
        flush()
    Thinker(job).to_the_end().agrees()


def test_who_comes_back_gets_what_was_thought_meanwhile(
    owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any]
) -> None:
    model.script(**thinking("one two three four five", interval=40))
    job = ask(owner)
    in_background(job)
    reader = Thinker(job)
    for _ in range(5):
        wait_for(reader.step)
        reader.leave()
    wait_for(lambda: job_of(job).finished_at)
    reader.to_the_end().agrees()


def test_a_new_attempt_thinks_anew(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(checkpoint_seconds=0)
    job = ask(owner)
    draft = Draft(hold(job), message_of(job).id)
    reader = Thinker(job)
    draft.think("Hm.")
    draft.add("Perhaps")
    draft.think(" Or not.")
    reader.step()
    assert (reader.reasoning, reader.text) == ("Hm. Or not.", "Perhaps")
    assert message_of(job).reasoning == "Hm. Or not."
    lose_lease(job)
    jobs.sweep()
    pass_time(job)
    model.script(**thinking("Yes.", "So."))
    perform(job)
    reader.to_the_end().agrees()
    assert (reader.reasoning, reader.text) == ("So. ", "Yes. ")


def test_an_attempt_that_only_thought_leaves_no_text_of_another(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(checkpoint_seconds=0)
    job = ask(owner)
    Draft(hold(job), message_of(job).id).add("Of the first.")
    lose_lease(job)
    jobs.sweep()
    pass_time(job)
    Draft(hold(job), message_of(job).id).think("Of the second.")
    flush()
    reader = Thinker(job)
    reader.step()
    assert (reader.reasoning, reader.text) == ("Of the second.", "")


def test_what_was_taken_for_an_answer_is_taken_back(
    owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any]
) -> None:
    model.script(text=f"{THOUGHT}\n</think>\n\nHello.", chunk=5, interval=30)
    job = ask(owner, options={"model": f"late-{uuid.uuid4().hex[:8]}"})
    reader = Thinker(job)
    in_background(job)
    wait_for(lambda: reader.step() is not None and reader.text)
    reader.to_the_end().agrees()
    assert (reader.reasoning, reader.text) == (THOUGHT, "Hello.")
    Thinker(job).to_the_end().agrees()


@pytest.mark.parametrize(
    "script",
    [
        {"text": "<think>Hm. Hm. Hm."},
        {"deltas": [{"reasoning": "Hm."}]},
        {
            "deltas": [],
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 50,
                "completion_tokens_details": {"reasoning_tokens": 50},
            },
        },
    ],
)
def test_tokens_that_were_all_spent_on_it_are_named(
    owner: uuid.UUID, model: ModelServer, script: dict[str, Any]
) -> None:
    model.script(**script, finish_reason="length")
    job = ask(owner, options={"max_tokens": 50})
    failed = perform(job)
    assert (failed.state, failed.error["code"]) == ("failed", "empty_answer")
    assert "50 tokens on reasoning" in failed.error["detail"]
    assert "max_tokens" in failed.error["detail"]
    assert message_of(job).finish_reason == "length"


def test_a_filter_is_named(owner: uuid.UUID, model: ModelServer) -> None:
    model.script(deltas=[], finish_reason="content_filter")
    failed = perform(ask(owner))
    assert (failed.error["code"], "content_filter" in failed.error["detail"]) == (
        "content_filter",
        True,
    )
    model.script("content_filter")
    failed = perform(ask(owner))
    assert failed.error["code"] == "content_filter"
    assert "content management policy" in failed.error["detail"]


def test_a_refusal_is_the_answer(owner: uuid.UUID, model: ModelServer) -> None:
    model.script(deltas=[{"refusal": "I cannot"}, {"refusal": " help with that."}])
    job = ask(owner)
    assert perform(job).state == "succeeded"
    assert message_of(job).content == "I cannot help with that."


def test_markers_in_it_are_no_citations(owner: uuid.UUID, model: ModelServer) -> None:
    text = "The lamp is lit at nine in the evening."
    assert perform(upload(owner, text)).state == "succeeded"
    model.script(text=f"<think>[1] says so, [9] does not.</think>{text}")
    job = ask(owner, "When is the lamp lit?", use_documents=True)
    assert perform(job).state == "succeeded"
    reply = message_of(job)
    assert reply.reasoning == "[1] says so, [9] does not."
    assert "[9]" not in reply.content
    assert "says so" not in str(reply.citations)


def test_markers_are_read_anew_in_what_is_taken_back(owner: uuid.UUID, model: ModelServer) -> None:
    text = "The lamp is lit at nine in the evening."
    assert perform(upload(owner, text)).state == "succeeded"
    model.script(text=f"Passage [9] and [1].\n</think>\n\n{text[:-1]} [1][9].", chunk=4)
    options = {"model": f"late-{uuid.uuid4().hex[:8]}"}
    job = ask(owner, "When is the lamp lit?", use_documents=True, options=options)
    assert perform(job).state == "succeeded"
    reply = message_of(job)
    assert reply.content == f"{text[:-1]} [1]."
    assert [citation["marker"] for citation in reply.citations] == [1]


def test_summaries_and_key_points_have_none_of_it(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(openai_model=f"late-{uuid.uuid4().hex[:8]}")
    document = document_of(upload_done(owner))
    for answer in ("A ship.", "- One.\n- Two."):
        model.script(text=f"Hm, let me see.\n</think>\n\n{answer}", chunk=4)
    done = perform(analysis.create(owner, document.id))
    assert done.state == "succeeded", done.error
    assert done.result["summary"] == "A ship."
    assert done.result["key_points"] == ["One.", "Two."]


def test_a_summary_that_was_only_thought_about_says_so(
    owner: uuid.UUID, model: ModelServer
) -> None:
    document = document_of(upload_done(owner))
    model.script(text="<think>Hm, let me see", finish_reason="length")
    failed = perform(analysis.create(owner, document.id))
    assert failed.error["code"] == "empty_answer"
    assert "max_tokens" in failed.error["detail"]


def upload_done(owner: uuid.UUID) -> Job:
    """Return the job that has indexed a document."""
    job = upload(owner, "The ship sails at noon and comes back at night.")
    assert perform(job).state == "succeeded"
    return job


def test_it_is_whole_for_who_follows_by_polling_the_log(
    owner: uuid.UUID, model: ModelServer
) -> None:
    model.script(**thinking())
    job = ask(owner)
    perform(job)
    kinds = [event.kind for event in event_log.read(job.id)]
    assert kinds.index("reasoning") < kinds.index("delta")
    steps = following.follow(owner, job.id, None, 0.1)
    assert [event.kind for event in next(steps)] == ["snapshot", "done"]
