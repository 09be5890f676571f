"""Search finds the best chunks that PostgreSQL vouches for."""

# ruff: noqa: RUF001  # questions in all scripts

import time
import uuid
from typing import Any

import pytest
from flask import Flask

from assistant.database import db, transaction
from assistant.errors import NotFound
from assistant.extensions import adapters
from assistant.services.documents import collections, deletion
from assistant.services.retrieval import dense, exact, retrieval, vectors
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.hits import Part
from assistant.services.retrieval.retrieval import FoundBy, Hit, Scope
from tests.services.conftest import Configure
from tests.services.factories import document_of, make_owner, perform, reindex, sql, upload

TEXTS = {
    "lamp.txt": "The lamp of the lighthouse burns whale oil.",
    "boat.txt": "The supply boat comes every Tuesday with bread.",
    "cat.txt": "A grey cat sleeps in the keeper's chair.",
}


@pytest.fixture(params=["compared", "indexed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Search as in few chunks, which are compared one by one, and as in many, by the index."""
    if request.param == "indexed":
        monkeypatch.setattr(dense, "FEW_CHUNKS", 0)
    return str(request.param)


@pytest.fixture
def library(app: Flask, way: str) -> tuple[uuid.UUID, dict[str, uuid.UUID]]:
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
    assert 0 <= scores[-1] < scores[0] <= 1
    question, text = adapters.embedding_model.embed(
        ["When does the ship with food arrive?", TEXTS["boat.txt"]]
    )
    assert found[0].dense == pytest.approx(float(question @ text), abs=1e-3)
    assert len(find(Scope(owner), "ship", limit=1)) == 1


def test_named_documents_are_compared_exactly(library: Library) -> None:
    owner, ids = library
    scope = Scope(owner, document_ids=[ids["cat.txt"], ids["lamp.txt"]])
    found = find(scope, "When does the ship with food arrive?")
    assert {hit.document_id for hit in found} == set(scope.document_ids)
    by_index = {hit.document_id: hit.dense for hit in find(Scope(owner), "An animal")}
    for hit in find(scope, "An animal"):
        assert hit.dense == pytest.approx(by_index[hit.document_id], abs=1e-3)


def test_without_its_index_search_compares_exactly(library: Library, configure: Configure) -> None:
    owner, _ = library
    with_index = find(Scope(owner), "whale oil")
    configure(chroma_url="http://127.0.0.1:9")
    without = find(Scope(owner), "whale oil")
    assert [hit.document_id for hit in without] == [hit.document_id for hit in with_index]
    assert [hit.score for hit in without] == pytest.approx([h.score for h in with_index], abs=1e-3)


@pytest.mark.parametrize("way", ["indexed"], indirect=True)
def test_as_many_are_found_as_are_wanted(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "COMPARED", 1)
    monkeypatch.setattr(dense, "REACH", 0)
    assert len(find(Scope(library[0]), "zeppelin", limit=3)) == 3


@pytest.mark.parametrize("way", ["indexed"], indirect=True)
def test_a_part_of_a_collection_says_nothing_against_its_index(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, ids = library

    def in_doubt() -> bool:
        query = "SELECT index_checked_at FROM collections WHERE owner_id = :owner"
        return sql(query, owner=owner)[0][0] is None

    sql("UPDATE collections SET index_checked_at = now() WHERE owner_id = :owner", owner=owner)
    # The index brings the nearest of all, which is none of those that may be found.
    monkeypatch.setattr(dense, "wanted_of_index", lambda *args: 1)
    narrow = Scope(owner, document_ids=[ids["cat.txt"], ids["boat.txt"]])
    assert len(find(narrow, "whale oil")) == 2
    assert not in_doubt()
    assert len(find(Scope(owner), "whale oil")) == 3
    assert in_doubt()


def test_a_question_is_read_while_no_transaction_is_open(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = library
    read: list[int] = []
    model = adapters.embedding_model
    locate = model.locate_tokens

    def watched(texts: Any) -> Any:
        read.extend(map(len, texts))
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        return locate(texts)

    monkeypatch.setattr(model, "locate_tokens", watched)
    find(Scope(owner), "whale oil " * 1000)
    assert read
    assert max(read) <= 2000


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


CODES = "\n\n".join(
    f"E-{number}: The {part} does not answer. Look under E-{number + 7} as well."
    for number, part in enumerate(["pump", "valve", "sensor", "heater", "motor"] * 24, start=4100)
)


def test_an_identifier_leads_to_the_chunk_that_is_about_it(owner: uuid.UUID, way: str) -> None:
    perform(upload(owner, CODES, "codes.txt"))
    for number in (4107, 4133, 4180, 4211):
        for question in (f"What does E-{number} mean?", f"e{number}", f"error E\u2011{number}!"):
            first = find(Scope(owner), question)[0]
            assert f"E-{number}: The" in first.text, question
            assert first.found in (FoundBy.BOTH, FoundBy.LEXICAL)
            assert first.lexical > 0.3


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("灯塔的看守人每天早上喂三只灰猫。", "谁喂灰猫？"),
        ("灯台の番人は毎朝三匹の灰色の猫に餌をやる。", "番人は猫に餌をやりますか"),
        ("ผู้ดูแลประภาคารให้อาหารแมวทุกเช้า", "ใครให้อาหารแมว"),
        ("등대지기는 매일 아침 고양이에게 먹이를 준다.", "누가 고양이에게 먹이를 주나요?"),
        ("प्रकाशस्तंभ का रखवाला हर सुबह बिल्लियों को खिलाता है।", "बिल्लियों को कौन खिलाता है?"),
        ("Смотритель маяка каждое утро кормит трёх кошек.", "Кто кормит кошек?"),
    ],
)
def test_a_language_that_the_encoder_cannot_read_is_found_by_its_words(
    library: Library, text: str, question: str
) -> None:
    owner, _ = library
    for number in range(6):
        perform(upload(owner, text[: len(text) // 2] + f" {number}", f"{number}.txt"))
    wanted = upload(owner, text, "wanted.txt")
    perform(wanted)
    first = find(Scope(owner), question)[0]
    assert first.document_id == document_of(wanted).id
    assert first.lexical > 0


def test_without_its_words_a_document_is_found_by_its_meaning(library: Library) -> None:
    owner, ids = library
    sql("DELETE FROM lexical_texts WHERE owner_id = :owner", owner=owner)
    found = retrieval.search(Scope(owner), Question(owner, "whale oil lamp"), 3)
    assert found.hits[0].document_id == ids["lamp.txt"]
    assert [(hit.found, hit.lexical) for hit in found.hits] == [(FoundBy.DENSE, 0.0)] * 3
    assert found.known == 0


def test_it_is_said_how_much_of_a_question_is_known(library: Library) -> None:
    owner, ids = library

    def known(question: str, **where: Any) -> float:
        return retrieval.search(Scope(owner, **where), Question(owner, question), 3).known

    assert known("Where is the supply boat?") == 1
    assert 0 < known("Where is the supply submarine?") < 1
    assert known("Quantum chromodynamics?") == 0
    # Others have the words, and what is searched does not.
    assert known("supply boat", document_ids=[ids["cat.txt"]]) == 0


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (800, 0), (10_000, 3)])
def test_what_is_kept_in_memory_is_bounded(
    library: Library, configure: Configure, monkeypatch: pytest.MonkeyPatch, room: int, kept: int
) -> None:
    owner, _ = library
    before = [hit.document_id for hit in find(Scope(owner), "whale oil")]
    monkeypatch.setattr(vectors, "_cache", vectors.Cache())
    monkeypatch.setattr(dense, "FEW_CHUNKS", 100)
    configure(vector_cache_size=room)
    for _ in range(2):
        assert [hit.document_id for hit in find(Scope(owner), "whale oil")] == before
        assert len(vectors._cache._kept) == kept
        assert vectors._cache._size == kept * 2 * 384


def test_what_was_used_for_longest_gives_way(
    library: Library, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, ids = library
    monkeypatch.setattr(vectors, "_cache", vectors.Cache())
    monkeypatch.setattr(dense, "FEW_CHUNKS", 100)
    configure(vector_cache_size=800)
    for document_id in ids.values():
        assert find(Scope(owner, document_ids=[document_id]), "whale oil")
        assert [document for _, document, _ in vectors._cache._kept] == [document_id.bytes]


def test_what_a_question_has_waited_is_gone(app: Flask, configure: Configure) -> None:
    configure(search_timeout=10.0)
    assert not exact.Deadline().is_over
    assert not exact.Deadline(time.time() + 10).is_over
    assert exact.Deadline(time.time() + 3.9).is_over


@pytest.mark.parametrize("way", ["compared"], indirect=True)
def test_block_by_block_the_same_is_found_as_at_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _ = library
    at_once = find(Scope(owner), "Who sleeps in the chair?")
    monkeypatch.setattr(exact, "BLOCK_BYTES", 1)
    one_by_one = find(Scope(owner), "Who sleeps in the chair?")
    assert [hit.text for hit in one_by_one] == [hit.text for hit in at_once]
    assert [hit.score for hit in one_by_one] == pytest.approx([hit.score for hit in at_once])
    assert len(at_once) == len(TEXTS)


@pytest.fixture
def reindexed_meanwhile(library: Library, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Index a document anew before its block is read; return after how many blocks each time."""
    owner, ids = library
    load = vectors.load
    read: list[int] = []
    monkeypatch.setattr(exact, "BLOCK_BYTES", 1)
    monkeypatch.setattr(vectors, "_cache", vectors.Cache())

    def reindex_first(*args: Any) -> Any:
        read.append(1)
        if len(read) in reindexed:
            assert perform(reindex(owner, ids["boat.txt"])).state == "succeeded"
        return load(*args)

    reindexed = [2]
    monkeypatch.setattr(vectors, "load", reindex_first)
    return reindexed


@pytest.mark.parametrize("way", ["compared"], indirect=True)
def test_what_is_indexed_anew_while_others_are_compared_is_found(
    library: Library, reindexed_meanwhile: list[int]
) -> None:
    owner, ids = library
    # By its words it comes last.
    question = Question(owner, "whale oil cat")
    hits = retrieval.find(Scope(owner), question, 3)
    assert {hit.document_id for hit in hits} == set(ids.values())
    assert question.part is None


@pytest.mark.parametrize("way", ["compared"], indirect=True)
def test_what_is_indexed_anew_again_and_again_is_said_to_be_missing(
    library: Library, reindexed_meanwhile: list[int]
) -> None:
    owner, ids = library
    reindexed_meanwhile[:] = range(2, 10)
    question = Question(owner, "whale oil cat")
    hits = retrieval.find(Scope(owner), question, 3)
    assert {hit.document_id for hit in hits} == set(ids.values()) - {ids["boat.txt"]}
    assert question.part == Part(compared=2, chunks=3)


@pytest.mark.parametrize("way", ["compared"], indirect=True)
def test_what_time_was_too_short_for_is_said(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, ids = library
    monkeypatch.setattr(exact, "BLOCK_BYTES", 1)
    monkeypatch.setattr(exact, "SHARE", 0)
    question = Question(owner, "supply boat")
    hits = retrieval.find(Scope(owner), question, 3)
    # What has the question's words is compared first.
    assert [hit.document_id for hit in hits] == [ids["boat.txt"]]
    assert question.part == Part(compared=1, chunks=3)
    named = Question(owner, "supply boat")
    retrieval.find(Scope(owner, document_ids=[ids["cat.txt"]]), named, 3)
    assert named.part is None


@pytest.mark.parametrize("way", ["indexed"], indirect=True)
def test_collections_cost_no_request_each(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, ids = library
    for number in range(3):
        collections.create(owner, f"Empty {number}")
    asked: list[str] = []
    query = adapters.vector_store.query

    def note(name: str, *rest: Any) -> Any:
        asked.append(name)
        return query(name, *rest)

    monkeypatch.setattr(adapters.vector_store, "query", note)
    # As upkeep has said of it.
    sql("UPDATE collections SET index_checked_at = now() WHERE owner_id = :owner", owner=owner)
    assert find(Scope(owner), "whale oil")[0].document_id == ids["lamp.txt"]
    assert len(asked) == 1
    monkeypatch.setattr(dense, "MOST_INDEXES", 0)
    assert find(Scope(owner), "whale oil")[0].document_id == ids["lamp.txt"]
    assert len(asked) == 1
