"""Replies that need no model: what stands in the documents, verbatim."""

import uuid

import pytest
from flask import Flask

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import InvalidInput
from assistant.models import Message
from assistant.services import jobs
from assistant.services.conversations import conversations, regenerating
from assistant.services.generation import extraction
from assistant.services.retrieval import exact
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope, find
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import ask, make_owner, message_of, perform, upload
from tests.services.test_support import RULES

PRICES = """# Tools for hire

| Tool | Day | Week | Deposit |
| --- | --- | --- | --- |
| Hedge trimmer | 14 | 60 | 80 |
| Cement mixer | 35 | 140 | 200 |
| Ladder | 9 | 30 | 50 |

Tools are cleaned before they come back. The shop is closed on Wednesdays.
"""
VERBATIM = {"options": {"model": EXTRACTIVE}}


@pytest.fixture(scope="module")
def shelf(app: Flask) -> uuid.UUID:
    """Return an owner with two documents."""
    with app.app_context():
        owner = make_owner()
        for text, name in ((RULES, "rules.md"), (PRICES, "tools.md")):
            assert perform(upload(owner, text, name)).state == "succeeded"
    return owner


def answer(owner: uuid.UUID, question: str) -> Message:
    job = ask(owner, question, use_documents=True, **VERBATIM)
    done = perform(job)
    assert done.state == "succeeded", done.error
    return message_of(job)


def test_it_answers_with_what_stands_there(shelf: uuid.UUID, model: ModelServer) -> None:
    reply = answer(shelf, "What is the deposit for a sailing boat?")
    first, *_ = reply.content.split("\n\n")
    assert first.endswith("[1]")
    assert "The deposit is two hundred euros." in first
    assert " ".join(first.removesuffix("[1]").split()) in " ".join(RULES.split())
    assert (reply.model, reply.finish_reason, reply.tokens_used) == (EXTRACTIVE, "stop", 0)
    assert "two hundred euros" in reply.citations[0]["quote"]
    assert reply.citations[0]["filename"] == "rules.md"
    assert all(one["supported"] for one in reply.support or ())
    for one in reply.support or ():
        (marker,) = one["citations"]
        assert reply.content[one["start"] : one["end"]].endswith(f"[{marker}]")
    assert not model.requests


def test_a_row_comes_with_its_header(shelf: uuid.UUID, model: ModelServer) -> None:
    reply = answer(shelf, "How much is the deposit of the cement mixer?")
    assert reply.content.startswith(
        "| Tool | Day | Week | Deposit |\n| --- | --- | --- | --- |\n"
        "| Cement mixer | 35 | 140 | 200 |"
    )
    quote = reply.citations[0]["quote"]
    assert "| Cement mixer | 35 | 140 | 200 |" in quote
    assert "| Tool | Day | Week | Deposit |" in quote


def test_at_most_three_pieces(shelf: uuid.UUID, model: ModelServer) -> None:
    reply = answer(shelf, "What costs euros, and when, and who says so?")
    assert 1 <= len(reply.citations) <= 3


def test_without_evidence_it_says_so(shelf: uuid.UUID, model: ModelServer) -> None:
    reply = answer(shelf, "Quelle est la capitale du Pérou ?")
    assert (reply.citations, reply.support, reply.finish_reason) == ([], [], "no_evidence")


def test_the_operator_decides_where_no_model_is_named(
    shelf: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(answer_documents=EXTRACTIVE)
    model.script(text="By the model.")
    verbatim = ask(shelf, "When is the shop closed?", use_documents=True)
    named = ask(
        shelf, "When is it closed?", use_documents=True, options={"model": "scripted-model"}
    )
    chat = ask(shelf, "Say hello.")
    for job in (verbatim, named, chat):
        assert perform(job).state == "succeeded"
    assert message_of(verbatim).model == EXTRACTIVE
    assert "closed on Wednesdays" in message_of(verbatim).content
    assert message_of(named).model == message_of(chat).model == "scripted-model"


def test_a_conversation_may_ask_for_it(shelf: uuid.UUID, model: ModelServer) -> None:
    conversation = conversations.create(shelf, model=EXTRACTIVE)
    asked = ask(
        shelf, "When is the shop closed?", use_documents=True, conversation_id=conversation.id
    )
    assert perform(asked).state == "succeeded"
    assert message_of(asked).model == EXTRACTIVE
    chat = ask(shelf, "Say hello.", conversation_id=conversation.id)
    assert perform(chat).state == "succeeded"
    assert message_of(chat).model == "scripted-model"


def test_it_needs_documents(owner: uuid.UUID, model: ModelServer) -> None:
    with pytest.raises(InvalidInput, match="use_documents"):
        ask(owner, "Say hello.", **VERBATIM)
    asked = ask(owner, "Say hello.")
    perform(asked)
    assert asked.message_id is not None
    with pytest.raises(InvalidInput, match="use_documents"):
        regenerating.regenerate(owner, asked.message_id, {"model": EXTRACTIVE})


def test_documents_answer_when_the_model_is_down(
    shelf: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(extractive_when_model_is_down=True)
    model.script("503")
    job = ask(shelf, "When is the shop closed?", use_documents=True)
    assert perform(job).state == "succeeded"
    reply = message_of(job)
    assert reply.content.startswith("The language model does not answer at the moment.")
    assert (reply.model, reply.finish_reason) == (EXTRACTIVE, "model_down")
    assert reply.citations
    one, *_ = reply.support or ()
    assert reply.content[one["start"] : one["end"]].endswith("[1]")


@pytest.mark.parametrize(("script", "on"), [("503", False), ("429", True)])
def test_otherwise_it_is_tried_again(
    shelf: uuid.UUID, model: ModelServer, configure: Configure, script: str, on: bool
) -> None:
    configure(extractive_when_model_is_down=on)
    model.script(script)
    job = ask(shelf, "When is the shop closed?", use_documents=True)
    assert perform(job).state == "queued"


def test_a_document_is_outlined_by_its_opening_and_its_headings(
    shelf: uuid.UUID, model: ModelServer
) -> None:
    question = Question(shelf, "Rules of the boat house")
    hits = [hit for hit in find(Scope(shelf), question, 6) if hit.filename == "rules.md"]
    found, citations = extraction.outline(shelf, sorted(hits, key=lambda hit: hit.start))
    assert found.content.startswith("Rowing boats are let from the first of April")
    assert "\n\n- Rules of the boat house [" in found.content
    assert found.content.count("\n- Sailing [") == 1
    assert len(citations) == len(found.support)
    assert all(citation["quote"] in RULES for citation in citations)


def test_a_colon_brings_what_follows_it(owner: uuid.UUID, model: ModelServer) -> None:
    text = (
        "The lamp is trimmed by the keeper.\n\nTo light the lamp, run:\n\n"
        "```\nlamp --light\n```\n\n"
        "The keeper sleeps in the afternoon, and nobody wakes him then.\n"
    )
    perform(upload(owner, text, "lamp.md"))
    reply = answer(owner, "How do I light the lamp?")
    assert reply.content.startswith("To light the lamp, run:\n```\nlamp --light\n```\n\n[1]")


def test_a_code_that_is_nowhere_is_not_answered_by_another(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(retrieval_threshold=-1)
    perform(upload(owner, "E-1201: The belt is torn.\nE-1202: The lid is open.\n", "codes.txt"))
    assert "lid is open" in answer(owner, "What does error E-1202 mean?").content
    assert answer(owner, "What does error E-1777 mean?").finish_reason == "no_evidence"


def test_documents_that_state_nothing_are_told_of(owner: uuid.UUID, model: ModelServer) -> None:
    perform(upload(owner, "| - | - |\n| - | - |\n", "dashes.md"))
    reply = answer(owner, "Summarise dashes.md")
    assert reply.finish_reason == "no_evidence"
    assert reply.content
    assert not reply.citations


def test_a_reply_whose_search_had_no_time_for_all_says_so(
    shelf: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "BLOCK_BYTES", 1)
    monkeypatch.setattr(exact, "SHARE", 0)
    job = ask(shelf, "How much is the deposit of the cement mixer?", use_documents=True, **VERBATIM)
    done = perform(job)
    assert done.result["search"] == {"partial": True, "compared": 1, "chunks": 3}
    with transaction(shelf) as session:
        body = jobs.body_of(session, done)
    assert body["result"]["search"] == done.result["search"]
    assert "cement mixer".casefold() in body["result"]["assistant_message"]["content"].casefold()
