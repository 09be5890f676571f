"""Search finds the best chunks that PostgreSQL vouches for."""

import uuid

import pytest
from flask import Flask

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.extensions import adapters
from assistant.services.documents import deletion
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope
from tests.services.conftest import Configure
from tests.services.factories import document_of, make_owner, perform, reindex, sql, upload

TEXTS = {
    "lamp.txt": "The lamp of the lighthouse burns whale oil.",
    "boat.txt": "The supply boat comes every Tuesday with bread.",
    "cat.txt": "A grey cat sleeps in the keeper's chair.",
}


@pytest.fixture
def library(app: Flask) -> tuple[uuid.UUID, dict[str, uuid.UUID]]:
    """Return an owner and the ids of three short documents."""
    owner = make_owner()
    ids = {}
    for name, text in TEXTS.items():
        job = upload(owner, text, name)
        assert perform(job).state == "succeeded"
        ids[name] = document_of(job).id
    return owner, ids


Library = tuple[uuid.UUID, dict[str, uuid.UUID]]


def find(scope: Scope, question: str, limit: int = 3) -> list[Hit]:
    """Search as a worker does."""
    return retrieval.find(scope, Question(scope.owner_id, question), limit)


def test_the_best_chunk_comes_first_with_its_similarity(library: Library) -> None:
    owner, ids = library
    found = find(Scope(owner), "When does the ship with food arrive?")
    assert found[0].document_id == ids["boat.txt"]
    assert found[0].text == TEXTS["boat.txt"]
    assert (found[0].filename, found[0].start, found[0].end) == (
        "boat.txt",
        0,
        len(TEXTS["boat.txt"]),
    )
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert -1 <= scores[-1] < scores[0] <= 1
    vectors = adapters.embedding_model.embed(
        ["When does the ship with food arrive?", TEXTS["boat.txt"]]
    )
    assert scores[0] == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-3)
    assert len(find(Scope(owner), "ship", limit=1)) == 1


def test_named_documents_are_compared_exactly(library: Library) -> None:
    owner, ids = library
    scope = Scope(owner, document_ids=[ids["cat.txt"], ids["lamp.txt"]])
    found = find(scope, "When does the ship with food arrive?")
    assert {hit.document_id for hit in found} == set(scope.document_ids)
    by_index = {hit.document_id: hit.score for hit in find(Scope(owner), "An animal")}
    for hit in find(scope, "An animal"):
        assert hit.score == pytest.approx(by_index[hit.document_id], abs=1e-3)


def test_without_its_index_search_compares_exactly(library: Library, configure: Configure) -> None:
    owner, _ = library
    with_index = find(Scope(owner), "whale oil")
    configure(chroma_url="http://127.0.0.1:9")
    without = find(Scope(owner), "whale oil")
    assert [hit.document_id for hit in without] == [hit.document_id for hit in with_index]
    assert [hit.score for hit in without] == pytest.approx([h.score for h in with_index], abs=1e-3)


def test_what_is_deleted_is_not_found_although_its_vector_is_there(library: Library) -> None:
    owner, ids = library
    deletion.delete(owner, ids["lamp.txt"])
    assert ids["lamp.txt"] not in {hit.document_id for hit in find(Scope(owner), "whale oil")}
    assert find(Scope(owner, document_ids=[ids["lamp.txt"]]), "whale oil") == []


def test_what_was_replaced_is_not_found_although_its_vector_is_there(library: Library) -> None:
    owner, ids = library
    job = reindex(owner, ids["lamp.txt"])
    # The index forgets to delete, as when Chroma was away at that moment.
    delete = adapters.vector_store.delete
    adapters.vector_store.delete = lambda *args: None  # type: ignore[method-assign]
    try:
        assert perform(job).state == "succeeded"
    finally:
        adapters.vector_store.delete = delete  # type: ignore[method-assign]
    found = find(Scope(owner), "whale oil", limit=9)
    assert [hit.generation for hit in found if hit.document_id == ids["lamp.txt"]] == [2]
    assert len(found) == 3


def test_nobody_finds_what_belongs_to_another(library: Library) -> None:
    owner, ids = library
    stranger = make_owner()
    collection = sql("SELECT id FROM collections WHERE owner_id = :id", id=owner)[0][0]
    assert find(Scope(stranger), "whale oil") == []
    assert find(Scope(stranger, document_ids=[ids["lamp.txt"]]), "whale oil") == []
    assert find(Scope(stranger, collection_ids=[collection]), "whale oil") == []
    for scope in (
        Scope(stranger, document_ids=[ids["lamp.txt"]]),
        Scope(stranger, collection_ids=[collection]),
    ):
        with transaction(stranger) as session, pytest.raises(NotFound):
            retrieval.check_scope(session, scope)
    with transaction(owner) as session:
        retrieval.check_scope(session, Scope(owner, list(ids.values()), [collection]))
