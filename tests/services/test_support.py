"""What a reply says, sentence by sentence: proved by its passages, or flagged."""

import json
import uuid
from typing import Any

import pytest
from flask import Flask

from assistant.models import Message
from assistant.services.generation import proof
from assistant.services.jobs import event_log
from tests.doubles.model_server import ModelServer
from tests.services.factories import ask, document_of, make_owner, message_of, perform, upload

RULES = """# Rules of the boat house

Rowing boats are let from the first of April to the end of October. An hour costs seven euros, a
whole day thirty. Whoever brings a boat back late pays two euros for each quarter of an hour.

Life jackets are worn by everybody under fourteen. Dogs may come along if they can swim. The key of
the shed hangs at the desk of Mrs Pavlik, who also keeps what was left in the boats, for six weeks.

## Sailing

Sailing boats are only let to people with a licence. The deposit is two hundred euros. When the
wind is stronger than five, nobody sails. Lessons are given on Saturdays by Jon Amado.
"""
QUESTION = "What does a rowing boat cost?"


@pytest.fixture(scope="module")
def rules(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    """Return an owner and the rules that they have uploaded."""
    with app.app_context():
        owner = make_owner()
        job = upload(owner, RULES, "rules.md")
        assert perform(job).state == "succeeded"
        return owner, document_of(job).id


Rules = tuple[uuid.UUID, uuid.UUID]


def reply_with(rules: Rules, model: ModelServer, text: str, question: str = QUESTION) -> Message:
    """Let the model answer with a text, and return the reply."""
    model.script(text=text)
    job = ask(rules[0], question, document_ids=[rules[1]])
    done = perform(job)
    assert done.state == "succeeded", done.error
    return message_of(job)


def checked(reply: Message) -> list[tuple[str, Any, list[int]]]:
    """Return each sentence that was checked, with what was found."""
    return [
        (reply.content[one["start"] : one["end"]], one["supported"], one["citations"])
        for one in reply.support or ()
    ]


def test_each_sentence_is_proved_or_flagged(rules: Rules, model: ModelServer) -> None:
    reply = reply_with(
        rules, model, "An hour costs seven euros [1]. A whole day is forty euros [1]. Enjoy it?"
    )
    assert checked(reply) == [
        ("An hour costs seven euros [1].", True, [1]),
        ("A whole day is forty euros [1].", False, []),
        ("Enjoy it?", None, []),
    ]
    assert (
        reply.content == "An hour costs seven euros [1]. A whole day is forty euros [1]. Enjoy it?"
    )


def test_offsets_count_code_points(rules: Rules, model: ModelServer) -> None:
    reply = reply_with(rules, model, "😀 Well 𠮷! An hour costs seven euros. [1] It is fun.")
    assert [text for text, *_ in checked(reply)] == [
        "😀 Well 𠮷!",
        "An hour costs seven euros. [1]",
        "It is fun.",
    ]


def test_evidence_is_found_for_a_sentence_without_a_marker(
    rules: Rules, model: ModelServer
) -> None:
    reply = reply_with(rules, model, "An hour costs seven euros.")
    assert reply.content == "An hour costs seven euros."
    [(_, supported, markers)] = checked(reply)
    assert supported is True
    assert [citation["marker"] for citation in reply.citations] == markers
    assert "An hour costs seven euros" in reply.citations[0]["quote"]


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("Mrs Pavlik keeps lost things for six weeks [1].", "for six weeks"),
        ("Without a licence you get no sailing boat [1].", "people with a licence"),
        ("It is given by Jon Amado on Saturdays [1].", "on Saturdays by Jon Amado"),
        ("Late boats: two euros per quarter of an hour [1].", "pays two euros"),
    ],
)
def test_the_quote_holds_what_was_said(
    rules: Rules, model: ModelServer, said: str, fact: str
) -> None:
    reply = reply_with(rules, model, said, "Tell me about the boats.")
    assert fact in " ".join(reply.citations[0]["quote"].split())


def test_facts_that_lie_apart_have_a_quote_each(owner: uuid.UUID, model: ModelServer) -> None:
    padding = "The lake is calm in the morning, and the reeds are full of birds at that time. " * 6
    text = f"The boat house opens at nine. {padding}The last boat comes back at half past seven."
    job = upload(owner, text, "lake.txt")
    perform(job)
    rules = owner, document_of(job).id
    reply = reply_with(
        rules,
        model,
        "The boat house opens at nine [1]. The last boat is back at half past seven [1].",
        "When is the boat house open?",
    )
    assert [citation["marker"] for citation in reply.citations] == [1, 1]
    first, second = (citation["quote"] for citation in reply.citations)
    assert "opens at nine" in first
    assert "half past seven" in second


@pytest.mark.parametrize(
    "said",
    [
        "The documents do not say what a boat costs.",
        "I could not find this in the passages [1].",
        "Das steht nicht in den Dokumenten: dazu wurde nichts gefunden.",
        "文档中没有提到这一点。",
    ],
)
def test_what_does_not_know_cites_nothing(rules: Rules, model: ModelServer, said: str) -> None:
    reply = reply_with(rules, model, said)
    assert (reply.content, reply.citations) == (said, [])
    assert {supported for _, supported, _ in checked(reply)} == {None}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("An hour costs seven euros【1†source】.", "An hour costs seven euros[1]."),
        ("An hour costs seven euros [Passage 1].", "An hour costs seven euros [1]."),
        ("An hour costs seven euros.[^1]", "An hour costs seven euros.[^1]"),
        ("An hour costs seven euros (1).", "An hour costs seven euros (1)."),
    ],
)
def test_other_forms_of_markers(rules: Rules, model: ModelServer, said: str, shown: str) -> None:
    reply = reply_with(rules, model, said)
    assert checked(reply) == [(shown, True, [1])]
    assert [citation["marker"] for citation in reply.citations] == [1]
    assert "seven euros" in reply.citations[0]["quote"]


def test_code_and_headings_are_not_checked(rules: Rules, model: ModelServer) -> None:
    reply = reply_with(
        rules, model, "# Prices\n\nAn hour costs seven euros [1].\n\n```\ncost = 7 * [1][0]\n```\n"
    )
    assert checked(reply) == [("An hour costs seven euros [1].", True, [1])]


def test_followers_hear_it_after_the_last_word(rules: Rules, model: ModelServer) -> None:
    model.script(text="An hour costs seven euros [1].")
    job = ask(rules[0], QUESTION, document_ids=[rules[1]])
    perform(job)
    told = event_log.read(job.id)
    assert [event.kind for event in told[-3:]] == ["citations", "support", "done"]
    assert json.loads(told[-2].data) == {"support": message_of(job).support}
    result = json.loads(told[-1].data)["result"]["assistant_message"]
    assert result["support"] == message_of(job).support


def test_without_documents_there_is_none(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner, "Say hello.")
    perform(job)
    assert message_of(job).support is None


def test_a_check_that_goes_wrong_does_not_cost_the_reply(
    rules: Rules, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "sentences_of", lambda *args: 1 // 0)
    reply = reply_with(rules, model, "An hour costs seven euros [1].")
    assert reply.content == "An hour costs seven euros [1]."
    assert (reply.support, reply.citations) == (None, [])
