"""Replies from documents: evidence that can be looked up, or a refusal."""

import uuid

import pytest
from flask import Flask

from assistant.database import transaction
from assistant.models import Collection, Document, Job, Message
from assistant.services.documents import deletion, documents
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    document_of,
    make_owner,
    message_of,
    perform,
    sql,
    upload,
)

QUESTION = "On which days is the foghorn sounded?"


@pytest.fixture(scope="module")
def library(app: Flask, handbook: bytes) -> tuple[uuid.UUID, Document]:
    """Return an owner and a handbook that is indexed."""
    with app.app_context():
        owner = make_owner()
        job = upload(owner, handbook, "handbook.pdf")
        assert perform(job).state == "succeeded"
        document = document_of(job)
    return owner, document


Library = tuple[uuid.UUID, Document]


def reply_to(job: Job) -> Message:
    """Do the job and return its reply, whose citations are exact."""
    done = perform(job)
    assert done.state == "succeeded", done.error
    reply = message_of(job)
    for citation in reply.citations:
        text, *_ = documents.text_slice(
            job.owner_id,
            uuid.UUID(citation["document_id"]),
            citation["start"],
            citation["end"],
            citation["generation"],
        )
        assert citation["quote"] == text
        assert 0 < len(text) <= 400
    assert [f"[{c['marker']}]" in reply.content for c in reply.citations] == [True] * len(
        reply.citations
    )
    return reply


def test_a_citation_is_an_exact_slice_of_the_document(library: Library, model: ModelServer) -> None:
    owner, document = library
    model.script(text="It sounds on some days [1].")
    reply = reply_to(ask(owner, QUESTION, use_documents=True))
    assert reply.content == "It sounds on some days [1]."
    [citation] = reply.citations
    assert (citation["document_id"], citation["filename"]) == (str(document.id), "handbook.pdf")
    assert citation["generation"] == 1
    assert citation["page"] >= 1
    assert "foghorn" in citation["quote"]
    system, asked = (message["content"] for message in model.requests[-1].body["messages"])
    assert "only the passages" in system
    assert asked.endswith(f"Question: {QUESTION}")
    assert "foghorn" in asked


def test_a_table_is_shown_with_its_header_and_quoted_without(
    owner: uuid.UUID, model: ModelServer
) -> None:
    header = "| Model | Torque (Nm) | Price (EUR) |"
    rows = [f"| KX-{n} | {n * 3} | {n * 7} |" for n in range(300)]
    table = "\n".join([header, "| --- | --- | --- |", *rows])
    perform(upload(owner, f"# Motors\n\n## Prices\n\n{table}\n", "motors.md"))
    reply = reply_to(ask(owner, "What is the price of the model KX-217?", use_documents=True))
    asked = model.requests[-1].body["messages"][-1]["content"]
    assert f"<<<\nmotors.md\nMotors > Prices\n{header}\n| KX-" in asked
    assert all(citation["headings"] == ["Motors", "Prices"] for citation in reply.citations)
    assert not any(header in citation["quote"] for citation in reply.citations)


def test_markers_of_passages_that_do_not_exist_are_left_out(
    library: Library, model: ModelServer
) -> None:
    model.script(text="One [1] two [99] three [2][77] four.")
    reply = reply_to(ask(library[0], QUESTION, use_documents=True))
    assert reply.content == "One [1] two three [2] four."
    assert [citation["marker"] for citation in reply.citations] == [1, 2]


def test_no_marker_is_added_to_what_the_model_says(library: Library, model: ModelServer) -> None:
    model.script(text="The foghorn plays a waltz for the guests of the bakery.")
    reply = reply_to(ask(library[0], QUESTION, use_documents=True))
    assert reply.content == "The foghorn plays a waltz for the guests of the bakery."
    assert reply.citations == []
    assert [one["supported"] for one in reply.support or ()] == [False]


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        (
            "How do I renew my passport?",
            "I found nothing in the documents that answers this question. "
            "Ask without documents to have the model answer by itself.",
        ),
        (
            "Wie verlängere ich meinen Reisepass?",
            "Ich habe in den Dokumenten nichts gefunden, das diese Frage beantwortet. "
            "Fragen Sie ohne Dokumente, wenn das Modell selbst antworten soll.",
        ),
    ],
)
def test_without_evidence_no_model_is_asked(
    library: Library, model: ModelServer, question: str, refusal: str
) -> None:
    reply = reply_to(ask(library[0], question, use_documents=True))
    assert reply.content == refusal
    assert (reply.citations, reply.finish_reason, reply.model) == ([], "no_evidence", None)
    assert reply.tokens_used == 0
    assert model.requests == []


def test_an_owner_without_documents_is_told_so(owner: uuid.UUID, model: ModelServer) -> None:
    reply = reply_to(ask(owner, QUESTION, use_documents=True))
    assert reply.finish_reason == "no_evidence"


def test_documents_of_others_are_never_found(
    library: Library, owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner, QUESTION, use_documents=True)
    # Even an option that names them, which the API would refuse, finds nothing.
    sql(
        "UPDATE messages SET options = options || jsonb_build_object('document_ids', "
        "jsonb_build_array(CAST(:document AS text))) WHERE job_id = :job",
        document=str(library[1].id),
        job=job.id,
    )
    assert reply_to(job).finish_reason == "no_evidence"


def test_only_the_named_documents_and_collections_are_used(
    library: Library, model: ModelServer
) -> None:
    owner, document = library
    other = upload(owner, "Every foghorn is painted red on Sundays. " * 3, "paint.txt")
    assert perform(other).state == "succeeded"
    for wanted in (document.id, other.document_id):
        model.script(text="Red [1].")
        reply = reply_to(ask(owner, QUESTION, document_ids=[wanted]))
        assert {c["document_id"] for c in reply.citations} == {str(wanted)}
    with transaction(owner) as session:
        empty = Collection(
            owner_id=owner,
            name="Empty",
            embedding_model="all-MiniLM-L6-v2",
            chunk_size=1000,
            chunk_overlap=150,
        )
        session.add(empty)
        session.flush()
        ids = [document.collection_id, empty.id]
    model.script(text="Red [1].")
    assert reply_to(ask(owner, QUESTION, collection_ids=ids[:1])).citations
    assert reply_to(ask(owner, QUESTION, collection_ids=ids[1:])).finish_reason == "no_evidence"
    perform(deletion.delete(owner, other.document_id))


def test_a_cancelled_reply_from_documents_keeps_text_without_citations(
    library: Library, model: ModelServer, configure: Configure
) -> None:
    configure(max_failures=1)
    job = ask(library[0], QUESTION, use_documents=True)
    model.script("cut", text="It sounds [1] on days", after=3)
    assert perform(job).error["code"] == "model_stream_cut"
    assert message_of(job).content.startswith("It sounds")
    assert message_of(job).citations == []
