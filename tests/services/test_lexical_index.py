"""The lexical index: written with the chunks, gone with them, filled by upkeep where it lacks."""

import uuid

import numpy as np
import pytest
from flask import Flask

from assistant import terms
from assistant.database import SYSTEM, transaction
from assistant.services.documents import deletion
from assistant.services.operations import stats
from assistant.services.renewal import lexical
from assistant.services.retrieval.postings import key_of
from assistant.services.upkeep.renewing import Renewing
from tests.services.factories import document_of, make_owner, perform, reindex, sql, upload

TEXT = "\n\n".join(
    f"# Part {number}\n\n"
    + f"The pump reports E-{number}042 when its valve is stuck. " * 12
    + "Call the harbour office."
    for number in range(1, 6)
)


def postings(owner: uuid.UUID, term: str) -> dict[tuple[uuid.UUID, int], list[int]]:
    """Return in which chunks of which generations a term stands."""
    rows = sql(
        "SELECT document_id, generation, chunks FROM postings "
        "JOIN lexical_texts ON lexical_texts.id = text_id WHERE term = :term",
        term=key_of(owner, term),
    )
    return {
        (row.document_id, row.generation): [
            int(number) for number in np.frombuffer(row.chunks, "<u4") >> 8
        ]
        for row in rows
    }


def chunks_with(document_id: uuid.UUID, words: str) -> list[int]:
    rows = sql(
        "SELECT ordinal FROM chunks WHERE document_id = :id AND position(:words IN text) > 0 "
        "ORDER BY ordinal",
        id=document_id,
        words=words,
    )
    return [row.ordinal for row in rows]


def left() -> int:
    with transaction(SYSTEM) as session:
        return lexical.left(session)


def test_a_term_leads_to_the_chunks_that_have_it(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    assert perform(job).state == "succeeded"
    document = document_of(job)
    assert document.chunk_count
    assert document.chunk_count >= 5
    for term, words in (("e-3042", "E-3042"), ("harbour", "harbour"), ("3042", "3042")):
        wanted = chunks_with(document.id, words)
        assert wanted
        assert postings(owner, term) == {(document.id, 1): wanted}
    (row,) = sql(
        "SELECT chunk_count, terms_version FROM lexical_texts WHERE owner_id = :o", o=owner
    )
    assert tuple(row) == (document.chunk_count, terms.VERSION)


def test_a_term_of_another_owner_is_another_number(owner: uuid.UUID) -> None:
    assert key_of(owner, "pump") != key_of(make_owner(), "pump")
    assert key_of(owner, "pump") == key_of(owner, "pump")


def test_a_heading_leads_to_all_that_stands_under_it(owner: uuid.UUID) -> None:
    job = upload(owner, "# Quinquireme\n\n" + "Rowers sit on five benches. " * 120, "notes.md")
    assert perform(job).state == "succeeded"
    document = document_of(job)
    assert document.chunk_count
    assert document.chunk_count > 1
    assert postings(owner, "quinquirem") == {(document.id, 1): list(range(document.chunk_count))}


def test_a_new_generation_takes_the_place_of_the_old_one(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    document_id = document_of(job).id
    assert perform(reindex(owner, document_id)).state == "succeeded"
    assert list(postings(owner, "harbour")) == [(document_id, 2)]


def test_with_a_document_all_of_it_goes(owner: uuid.UUID) -> None:
    job, other = upload(owner, TEXT), upload(owner, "The harbour sleeps.")
    perform(job)
    perform(other)
    gone = document_of(job).id
    assert perform(deletion.delete(owner, gone)).state == "succeeded"
    assert list(postings(owner, "harbour")) == [(document_of(other).id, 1)]
    counted = "SELECT count(*) FROM {} WHERE owner_id = :owner"
    assert sql(counted.format("lexical_texts"), owner=owner)[0][0] == 1
    # One for each of the other document's words.
    assert sql(counted.format("postings"), owner=owner)[0][0] == 3


def test_a_process_that_knows_chunks_only_leaves_nothing_behind(owner: uuid.UUID) -> None:
    perform(upload(owner, TEXT))
    sql("DELETE FROM chunks WHERE owner_id = :owner", owner=owner)
    assert sql("SELECT FROM postings WHERE owner_id = :owner", owner=owner) == []
    assert sql("SELECT FROM lexical_texts WHERE owner_id = :owner", owner=owner) == []


def test_upkeep_adds_what_lacks_and_what_has_older_terms(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    Renewing().round()
    assert left() == 0
    before, older = upload(owner, TEXT), upload(owner, "An older harbour.")
    perform(before)
    perform(older)
    wanted = postings(owner, "harbour")
    sql("DELETE FROM lexical_texts WHERE document_id = :id", id=document_of(before).id)
    sql(
        "UPDATE lexical_texts SET terms_version = 0 WHERE document_id = :id",
        id=document_of(older).id,
    )
    assert left() == 2
    assert stats.collect()["lexical_index"] == {"documents_left": 2}
    # A portion a round, however little it is.
    monkeypatch.setattr(lexical, "SECONDS", 0)
    upkeep = Renewing()
    assert upkeep.round()["documents_added_by_words"] == 1
    assert left() == 1
    assert upkeep.round()["documents_added_by_words"] == 1
    assert upkeep.round()["documents_added_by_words"] == 0
    assert left() == 0
    assert postings(owner, "harbour") == wanted


def test_two_sweepers_that_add_the_same_document_leave_it_once(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    document = document_of(job)
    wanted = postings(owner, "harbour")
    lexical._add(owner, document.id, 1)
    assert postings(owner, "harbour") == wanted


def test_what_was_deleted_meanwhile_is_not_added(owner: uuid.UUID, app: Flask) -> None:
    job = upload(owner, TEXT)
    perform(job)
    document = document_of(job)
    sql("DELETE FROM lexical_texts WHERE document_id = :id", id=document.id)
    chunks = lexical._chunks

    def then_deleted(*key: uuid.UUID | int):  # type: ignore[no-untyped-def]  # as it is
        yield from chunks(*key)  # type: ignore[arg-type]
        sql("DELETE FROM chunks WHERE document_id = :id", id=document.id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "_chunks", then_deleted)
        lexical._add(owner, document.id, 1)
    assert postings(owner, "harbour") == {}
