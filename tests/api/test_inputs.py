"""Small files that were once read wrongly, through the API, each with what is right."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from assistant.services import jobs
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, indexed, job

INPUTS = Path(__file__).parents[1] / "inputs"

# What has to stand in the text of each file, with white space as it comes, and what must not.
RIGHT: dict[str, tuple[list[str], list[str]]] = {
    "form.pdf": (["Silver Heron", "11.4", "North Quay"], []),
    "upright-rotate90.pdf": (["the rest", "council votes", "November. Fines"], []),
    "twocol-rowwise.pdf": (["Alpha", "pails.", "Omega", "winter."], []),
    "hyphens.pdf": (["installation", "ISO-9001", "X-Ray", "well-known"], ["instal-"]),
    "trailing-zeros.pdf": ([], []),
    "empty-cell.html": (["| KX-300 | | 610 |"], []),
    "math.html": ([], ["106"]),
    "footnote.docx": (["extend it by nine months"], []),
    "numbering.docx": (["1. Scope", "2. Fees", "3. Termination"], []),
    "document2.docx": ([], []),
    "hidden.html": (["Visible offer", "End."], []),
    "accordion.html": (["How do I return a parcel?"], []),
    "french-cp1252.txt": (["coûte"], []),
    "hebrew-cp1255.txt": (["\u05d4"], ["\ufffd"]),
    "one-bad-byte.txt": (["Schließdienst prüft"], []),
}


def text_of(user: User, document_id: str) -> str:
    found: str = user.get(f"/documents/{document_id}/text").get_json()["text"]
    return found


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_it_is_read_right(user: User, name: str) -> None:
    text = text_of(user, indexed(user, (INPUTS / name).read_bytes(), name))
    assert text.strip()
    on_one_line = " ".join(text.split())
    present, absent = RIGHT[name]
    assert not [wanted for wanted in present if wanted not in on_one_line], text[:2000]
    assert not [unwanted for unwanted in absent if unwanted in on_one_line], text[:2000]


def test_one_column_is_read_after_the_other(user: User) -> None:
    raw = (INPUTS / "twocol-rowwise.pdf").read_bytes()
    text = text_of(user, indexed(user, raw, "twocol-rowwise.pdf"))
    places = [text.index(word) for word in ("Alpha", "pails.", "Omega", "winter.")]
    assert places == sorted(places)


def test_only_the_odd_byte_is_replaced(user: User) -> None:
    raw = (INPUTS / "one-bad-byte.txt").read_bytes()
    text = text_of(user, indexed(user, raw, "one-bad-byte.txt"))
    assert text.count("\ufffd") <= 1
    assert text.count("Schließdienst prüft") == raw.count("Schließdienst prüft".encode())


def test_the_formula_is_not_dropped(user: User) -> None:
    text = text_of(user, indexed(user, (INPUTS / "math.html").read_bytes(), "math.html"))
    assert "10^6" in text


@pytest.mark.parametrize(
    ("question", "page"),
    [("How long are lost umbrellas kept?", 3), ("How long are lost bicycles kept?", 2)],
)
def test_a_citation_names_the_page_of_its_quote(
    user: User, model_server: ModelServer, question: str, page: int
) -> None:
    indexed(user, (INPUTS / "three-short-pages.pdf").read_bytes(), "three-short-pages.pdf")
    model_server.script("answer", text="For a while [1].")
    asked = ask(user, question, use_documents=True)
    jobs.run(asked["id"])
    result: dict[str, Any] = job(user, asked["id"])["result"]
    (cited,) = result["assistant_message"]["citations"]
    assert cited["page"] == page, cited


MUSEUM = [
    ("How much does the second workshop cost?", "It costs twenty euros [1].", "twenty euros"),
    ("How long is the demonstration?", "Thirty minutes [1].", "lasts thirty minutes"),
    (
        "Who founded the Glass Museum?",
        "Marta Lindqvist founded it in 1931 [1].",
        "Lindqvist in 1931",
    ),
    ("On which day is the museum closed?", "On Mondays [1].", "On Mondays it stays closed"),
    ("What do children pay?", "Under fourteen they pay four euros [1].", "for four euros"),
]


@pytest.fixture
def found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the passage be found, however few words the question has in common with it."""
    lenient = app.extensions["settings"].model_copy(update={"retrieval_threshold": -1.0})
    monkeypatch.setitem(app.extensions, "settings", lenient)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(("question", "said", "fact"), MUSEUM)
def test_the_quote_holds_what_the_answer_states(
    user: User, model: ModelServer, question: str, said: str, fact: str
) -> None:
    document = indexed(user, (INPUTS / "museum.md").read_bytes(), "museum.md")
    model.script("answer", text=said)
    asked = ask(user, question, document_ids=[document])
    jobs.run(asked["id"])
    reply = job(user, asked["id"])["result"]["assistant_message"]
    (cited,) = reply["citations"]
    assert fact in cited["quote"]
    assert [one["supported"] for one in reply["support"]] == [True]


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(("question", "said", "fact"), MUSEUM)
def test_a_document_answers_by_itself(
    user: User, model: ModelServer, question: str, said: str, fact: str
) -> None:
    document = indexed(user, (INPUTS / "museum.md").read_bytes(), "museum.md")
    asked = ask(user, question, document_ids=[document], model="extractive")
    jobs.run(asked["id"])
    reply = job(user, asked["id"])["result"]["assistant_message"]
    assert fact in reply["content"]
    assert fact in reply["citations"][0]["quote"]
    assert not model.requests


@pytest.mark.usefixtures("found")
def test_the_quote_holds_the_line_of_an_error_code(user: User, model: ModelServer) -> None:
    lines = (INPUTS / "error-codes.txt").read_text().splitlines()[:12]
    document = indexed(user, "\n".join(lines).encode(), "error-codes.txt")
    for line in lines:
        code, _, meaning = line.partition(": ")
        model.script("answer", text=f"{code} says that {meaning.removeprefix('The ')} [1]")
        asked = ask(user, f"What does error {code} mean?", document_ids=[document])
        jobs.run(asked["id"])
        reply = job(user, asked["id"])["result"]["assistant_message"]
        assert line in reply["citations"][0]["quote"], reply
