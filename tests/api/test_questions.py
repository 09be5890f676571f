"""Questions as people ask them of documents: greetings, follow-ups, whole files, comparisons."""

# ruff: noqa: RUF001

from pathlib import Path
from typing import Any

import pytest

from assistant.services import jobs
from assistant.services.generation.languages import refusal
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, indexed, job

INPUTS = Path(__file__).parents[1] / "inputs"
WORKSHOPS = "Which workshops does the Glass Museum have?"
SAID = "There is one on the ground floor and one in the tower [1]."


@pytest.fixture(autouse=True)
def reset(model_server: ModelServer) -> None:
    model_server.reset()


def given(user: User, name: str) -> str:
    """Upload a file of the inputs; return its document's id."""
    return indexed(user, (INPUTS / name).read_bytes(), name)


def answered(user: User, content: str, **more: Any) -> dict[str, Any]:
    """Ask, have it answered, and return the reply."""
    accepted = ask(user, content, **more)
    jobs.run(accepted["id"])
    done = job(user, accepted["id"])
    assert done["state"] == "succeeded", done["error"]
    reply: dict[str, Any] = done["result"]["assistant_message"]
    return reply


def asked(model_server: ModelServer) -> str:
    """Return what the model was last asked."""
    content: str = model_server.requests[-1].body["messages"][-1]["content"]
    return content


@pytest.fixture
def library(user: User) -> User:
    """Return a user with the museum's guide among other files."""
    for name in ("museum.md", "contract-cleanora.md", "error-codes.txt", "contract-brightway.md"):
        given(user, name)
    return user


FOLLOW_UPS = {
    "How long does the first one last?": "The demonstration lasts thirty minutes",
    "And what about the second one?": "The second workshop, in the tower",
    "Who founded it?": "Marta Lindqvist in 1931",
    "Yes, tell me more": "The workshop on the ground floor",
    "Et la deuxième ?": "The second workshop, in the tower",
    "Und die zweite?": "The second workshop, in the tower",
    "第二个呢？": "The second workshop, in the tower",
    "Why?": "The workshop on the ground floor",
}


def test_a_follow_up_is_searched_with_what_it_refers_to(
    library: User, model_server: ModelServer
) -> None:
    for question, passage in FOLLOW_UPS.items():
        model_server.script(text=SAID)
        first = answered(library, WORKSHOPS, use_documents=True)
        reply = answered(
            library, question, use_documents=True, conversation_id=first["conversation_id"]
        )
        assert reply["finish_reason"] != "no_evidence", question
        assert passage in asked(model_server), question
        assert asked(model_server).endswith(f"Question: {question}")


def test_only_its_own_branch_counts(library: User, model_server: ModelServer) -> None:
    first = answered(library, WORKSHOPS, use_documents=True)
    answered(
        library,
        "What does error E-4867 mean?",
        use_documents=True,
        conversation_id=first["conversation_id"],
    )
    library.patch(
        f"/conversations/{first['conversation_id']}", json={"current_message_id": first["id"]}
    )
    answered(
        library, "And the second one?", use_documents=True, conversation_id=first["conversation_id"]
    )
    assert "[1]\n<<<\nmuseum.md\n" in asked(model_server)


def test_a_greeting_is_answered_as_talk(library: User, model_server: ModelServer) -> None:
    for greeting in ("hi", "Thanks!", "bonjour", "你好", "danke", "👍"):
        model_server.script(text="Hello! How can I help?")
        reply = answered(library, greeting, use_documents=True)
        assert (reply["content"], reply["citations"]) == ("Hello! How can I help?", [])
        assert asked(model_server) == greeting


def test_a_greeting_needs_no_model_where_none_is_asked(
    library: User, model_server: ModelServer
) -> None:
    before = len(model_server.requests)
    reply = answered(library, "Bonjour !", use_documents=True, model="extractive")
    assert reply["content"] == "Bonjour ! Posez-moi une question sur vos documents."
    assert (reply["model"], reply["citations"]) == ("extractive", [])
    assert len(model_server.requests) == before


WHOLE = (
    "Summarise this file.",
    "What is this document about?",
    "Translate it",
    "Who wrote this?",
    "Résume ce document.",
    "Worum geht es in dieser Datei?",
    "总结一下这份文件",
    "この文書を要約してください",
    "لخص هذا المستند",
)


def test_a_question_about_a_whole_document_goes_to_it(
    library: User, model_server: ModelServer
) -> None:
    museum = library.get("/documents").get_json()[-1]
    assert museum["filename"] == "museum.md"
    for question in WHOLE:
        reply = answered(library, question, document_ids=[museum["id"]])
        assert reply["citations"]
        for part in ("opens every day at ten", "twelve euros", "in the tower", "Marta Lindqvist"):
            assert part in asked(model_server), question


def test_a_named_file_is_the_one_that_is_meant(library: User, model_server: ModelServer) -> None:
    for question in ("Summarise museum.md", "Please summarise the museum.md file"):
        answered(library, question, use_documents=True)
        assert "Marta Lindqvist" in asked(model_server)
        assert "Cleanora" not in asked(model_server)
    answered(library, "How long is the notice in contract-brightway.md?", use_documents=True)
    assert "three months' notice" in asked(model_server)
    answered(library, "How long is the notice in the Brightway contract?", use_documents=True)
    assert "three months' notice" in asked(model_server)


def test_of_a_long_file_its_opening_and_its_sections_are_shown(
    user: User, model_server: ModelServer
) -> None:
    sections = [
        f"## Part {n}\n\nPart {n} opens with remark {n}. " + f"It goes on about thing {n}. " * 60
        for n in range(40)
    ]
    text = "# The book of parts\n\nThis book was written by Ada Blum.\n\n" + "\n\n".join(sections)
    document = indexed(user, text, "book.md")
    reply = answered(user, "What is this document about?", document_ids=[document])
    assert reply["citations"]
    shown = asked(model_server)
    assert "written by Ada Blum" in shown
    assert sum(f"Part {n} opens with" in shown for n in range(40)) > 20
    system = model_server.requests[-1].body["messages"][0]["content"]
    assert "parts of longer documents" in system


def test_compared_documents_have_a_share_each(library: User, model_server: ModelServer) -> None:
    contracts = [
        document["id"]
        for document in library.get("/documents").get_json()
        if document["filename"].startswith("contract")
    ]
    answered(library, "Compare the notice period of both contracts.", document_ids=contracts)
    assert "three months' notice" in asked(model_server)
    assert "seven months' notice" in asked(model_server)
    answered(
        library,
        "What is the difference between the notice periods of Brightway and Cleanora?",
        use_documents=True,
    )
    assert "three months' notice" in asked(model_server)
    assert "seven months' notice" in asked(model_server)


def test_a_refusal_is_in_the_language_of_the_talk(library: User, model_server: ModelServer) -> None:
    first = answered(library, "Was kostet eine Reise zum Mond?", use_documents=True)
    assert first["content"] == refusal("Was kostet eine Reise zum Mond?")
    assert "ohne Dokumente" in first["content"]
    assert model_server.requests == []
