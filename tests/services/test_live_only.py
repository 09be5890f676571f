"""What is being deleted is left out wherever documents, collections and users are looked for."""

import uuid

import pytest

from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound
from assistant.extensions import settings
from assistant.models import Collection, Document, User
from assistant.services.documents import collection_deletion, collections, deletion, reindexing
from assistant.services.operations import stats
from assistant.services.operations.doctor import contents
from assistant.services.retrieval import rebuilding
from tests.services.factories import make_owner, perform, sql, upload


def test_an_object_and_a_row_say_the_same(owner: uuid.UUID) -> None:
    kept, gone = upload(owner, "Kept."), upload(owner, "Gone.")
    assert gone.document_id is not None
    deletion.delete(owner, gone.document_id)
    with transaction(owner) as session:
        found = {row.id: row.is_live for row in session.query(Document)}
        live = [row.id for row in session.query(Document).where(Document.is_live)]
    assert found == {kept.document_id: True, gone.document_id: False}
    assert live == [kept.document_id]


def test_a_deleted_collection_is_neither_refilled_nor_indexed_again(owner: uuid.UUID) -> None:
    made = collections.create(owner, "Papers")
    collection_deletion.delete(owner, made.id)
    assert made.id not in {target.collection.id for target in rebuilding.targets()}
    with pytest.raises(NotFound):
        rebuilding.targets(made.id)
    with pytest.raises(NotFound):
        reindexing.targets(collection_id=made.id)


def test_what_belongs_to_disabled_users_is_not_indexed_again(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text.")
    assert [target.id for target in reindexing.targets(owner_id=owner)] == [job.document_id]
    sql("UPDATE users SET is_active = false WHERE id = :owner", owner=owner)
    assert reindexing.targets(owner_id=owner) == []
    assert owner not in {target.owner_id for target in reindexing.targets()}


def test_deleted_documents_of_another_model_are_not_said_to_be_left_out(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text.")
    assert perform(job).state == "succeeded"
    sql("UPDATE embeddings SET model = 'other' WHERE owner_id = :owner", owner=owner)
    with transaction(owner) as session:
        collection = session.query(Collection).one()
    assert rebuilding._of_another_model(collection) == 1
    assert job.document_id is not None
    deletion.delete(owner, job.document_id)
    assert rebuilding._of_another_model(collection) == 0


def test_neither_are_deleted_collections(owner: uuid.UUID) -> None:
    made = collections.create(owner, "Papers")

    def others() -> list[str]:
        with transaction(SYSTEM) as session:
            return [finding.detail for finding in contents._collections(session)]

    sql("UPDATE collections SET embedding_model = :now", now=settings.embedding_model)
    sql("UPDATE collections SET embedding_model = 'other' WHERE id = :id", id=made.id)
    assert len(others()) == 1
    collection_deletion.delete(owner, made.id)
    assert others() == []


def test_a_deleted_user_is_counted_no_more(owner: uuid.UUID) -> None:
    gone = make_owner()
    with transaction(SYSTEM) as session:
        before = session.query(User).where(User.is_live).count()
    assert stats.collect()["users"] == before
    sql("UPDATE users SET deleted_at = now() WHERE id = :id", id=gone)
    assert stats.collect()["users"] == before - 1
