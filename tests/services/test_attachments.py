"""What comes with a mail becomes documents of its own, exactly once, whatever dies meanwhile."""

import io
import uuid
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from assistant.adapters.documents.media import CSV, MAIL, PLAIN
from assistant.database import SYSTEM, transaction
from assistant.errors import RateLimited
from assistant.extensions import adapters
from assistant.models import Document, DocumentStatus, Job
from assistant.services import jobs
from assistant.services.documents import (
    attachment_states,
    changes,
    collection_deletion,
    collections,
    deletion,
    documents,
    indexing,
    removal,
)
from assistant.services.documents.attachments import Unpacked
from assistant.services.jobs import Run
from assistant.services.upkeep.files import _orphans
from tests.services.conftest import Configure
from tests.services.factories import (
    document_of,
    job_of,
    lose_lease,
    make_owner,
    pass_time,
    perform,
    upload,
)

File = tuple[str, str, bytes]
FEES: File = ("fees.csv", CSV, b"ship,fee\nAda,12\n")
NOTE: File = ("note.txt", PLAIN, b"The tower opens at nine.")
PICTURE: File = ("logo.gif", "image/gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")


def mail(*files: File, subject: str = "Fees", inner: EmailMessage | None = None) -> bytes:
    """Write a mail with files."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = subject
    message.set_content("See the files.")
    for name, kind, content in files:
        message.add_attachment(content, *kind.split("/"), filename=name)
    if inner is not None:
        message.add_attachment(inner)
    return message.as_bytes()


def children_of(document: Document) -> list[Document]:
    """Return the attachments of a mail, by name."""
    with transaction(SYSTEM) as session:
        query = select(Document).where(Document.parent_id == document.id)
        return list(session.scalars(query.order_by(Document.filename, Document.id)))


def jobs_of(document: Document) -> list[Job]:
    """Return all jobs about a document."""
    with transaction(SYSTEM) as session:
        query = select(Job).where(Job.document_id == document.id)
        return list(session.scalars(query.order_by(Job.id)))


def read_all(owner: uuid.UUID) -> None:
    """Do all open jobs of an owner, and those that follow from them."""
    while True:
        with transaction(SYSTEM) as session:
            query = select(Job).where(Job.owner_id == owner, Job.is_open).order_by(Job.id)
            job = session.scalar(query.limit(1))
        if job is None:
            return
        perform(job)


class Killed(BaseException):
    """The process is gone at once, with all that it had open."""


def die(*_: object) -> None:
    raise Killed


def give_back(job: Job) -> None:
    """Let the sweeper find that whoever had a job has died."""
    lose_lease(job)
    jobs.sweep()
    assert job_of(job).state == "queued"


def again(document: Document) -> Document:
    """Return a document as it is now."""
    with transaction(SYSTEM) as session:
        return session.get_one(Document, document.id)


def stream(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


def folder(owner: uuid.UUID) -> Path:
    """Return where an owner's files lie."""
    return adapters.files.path(str(owner))


def receipt(documents: int, chunks: int = 1) -> dict[str, int]:
    """Return the receipt of documents that nothing cites."""
    return {
        **{"citations": 0, "replies": 0, "documents": documents},
        **{"chunks": chunks, "vectors_deleted": chunks, "vectors_remaining": 0},
    }


def listed(document: Document) -> list[tuple[Any, Any]]:
    """Return what a mail says of its attachments: each name, and the code of its reason."""
    return [
        (entry["filename"], entry["reason"] and entry["reason"]["code"])
        for entry in document.attachments or ()
    ]


def shown(document: Document) -> list[tuple[Any, Any]]:
    """Return the same as people see it, with what became of the documents."""
    return listed(attachment_states.told(document.owner_id, [again(document)])[0])


def test_attachments_become_documents_in_the_mails_collection(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, PICTURE, NOTE), "fees.eml")
    assert perform(job).state == "succeeded"
    document = document_of(job)
    assert listed(document) == [
        ("fees.csv", None),
        ("logo.gif", "unsupported_document"),
        ("note.txt", None),
    ]
    fees, note = children_of(document)
    assert [entry["document_id"] for entry in document.attachments or ()] == [
        str(fees.id),
        None,
        str(note.id),
    ]
    for child, (name, kind, content) in ((fees, FEES), (note, NOTE)):
        assert (child.filename, child.media_type, child.size) == (name, kind, len(content))
        assert (child.collection_id, child.status) == (document.collection_id, "queued")
        assert adapters.files.path(child.storage_key).read_bytes() == content
        (its_job,) = jobs_of(child)
        assert its_job.id == child.job_id
        assert perform(its_job).state == "succeeded"
        # Lists go by ids, which begin with a time.
        assert child.id.version == 7
        assert child.id.int >> 80 == document.id.int >> 80
    assert {child.status for child in children_of(document)} == {"ready"}
    assert document_of(job).status == "ready"


def test_a_mail_that_is_read_again_makes_nothing_again(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, NOTE, NOTE), "fees.eml")
    perform(job)
    before = children_of(document_of(job))
    assert [child.filename for child in before] == ["fees.csv", "note.txt", "note.txt"]
    for _ in range(2):
        again = documents.reindex(owner, document_of(job).id)
        assert perform(again).state == "succeeded"
    after = children_of(document_of(job))
    assert [child.id for child in after] == [child.id for child in before]
    assert all(len(jobs_of(child)) == 1 for child in after)


def test_an_attempt_that_was_lost_leaves_nothing_twice(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, mail(FEES, NOTE), "fees.eml")
    write = Unpacked.write
    for place, how in (
        ("crash_point", die),  # the files are in their places
        ("Unpacked.write", lambda self, session: die(write(self, session))),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"assistant.services.documents.attachments.{place}", how)
            with pytest.raises(Killed):
                jobs.run(str(job.id))
        assert children_of(document_of(job)) == []
        # As the sweeper does when the lease runs out.
        give_back(job)
    assert perform(job).state == "succeeded"
    children = children_of(document_of(job))
    assert [child.filename for child in children] == ["fees.csv", "note.txt"]
    assert all(len(jobs_of(child)) == 1 for child in children)
    assert sorted(path.name for path in folder(owner).iterdir()) == sorted(
        str(document.id) for document in (document_of(job), *children)
    )


def test_one_that_was_deleted_alone_is_not_made_again(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, NOTE), "fees.eml")
    perform(job)
    fees, note = children_of(document_of(job))
    assert perform(deletion.delete(owner, fees.id)).result == receipt(documents=1, chunks=0)
    assert shown(document_of(job)) == [("fees.csv", "deleted"), ("note.txt", None)]
    perform(documents.reindex(owner, document_of(job).id))
    assert [child.id for child in children_of(document_of(job))] == [note.id]


def test_a_newer_mail_keeps_what_it_still_has_and_loses_the_rest(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, NOTE), "fees.eml")
    read_all(owner)
    document = document_of(job)
    fees, note = children_of(document)
    more: File = ("more.txt", PLAIN, b"The ferry leaves at noon.")
    for files, names in (
        ((more, NOTE), ["more.txt", "note.txt"]),
        # Back again, while the one before is being deleted.
        ((FEES, NOTE), ["fees.csv", "note.txt"]),
    ):
        newer = changes.replace(owner, document.id, stream(mail(*files)), "fees.eml")
        assert perform(newer).state in ("succeeded", "queued")
        read_all(owner)
        assert job_of(newer).state == "succeeded"
        children = children_of(document)
        assert [child.filename for child in children] == names
        assert note.id in [child.id for child in children]
        assert all(child.status == "ready" for child in children)
    assert fees.id in [child.id for child in children_of(document)]
    text = changes.replace(owner, document.id, stream(b"No mail any more."), "fees.txt")
    perform(text)
    assert document_of(job).attachments is None
    assert {child.status for child in children_of(document)} == {"deleting"}
    read_all(owner)
    assert children_of(document) == []


def test_mails_as_files_are_unpacked_three_deep(owner: uuid.UUID) -> None:
    raw = mail(NOTE, subject="level 5")
    for level in (4, 3, 2, 1):
        inner: File = (f"level-{level + 1}.eml", "application/octet-stream", raw)
        raw = mail(inner, subject=f"level {level}")
    job = upload(owner, raw, "level-1.eml")
    read_all(owner)
    document, names = document_of(job), []
    while found := children_of(document):
        (document,) = found
        names.append(document.filename)
        assert (document.media_type, document.status) == (MAIL, "ready")
    assert names == ["level-2.eml", "level-3.eml", "level-4.eml"]
    assert listed(document) == [("level-5.eml", "too_deep")]


def test_a_mail_brings_a_hundred_documents_in_all(owner: uuid.UUID) -> None:
    def notes(count: int, word: str) -> list[File]:
        return [(f"{word}-{n:03}.txt", PLAIN, f"{word} {n}".encode()) for n in range(count)]

    inner: File = ("inner.eml", "application/octet-stream", mail(*notes(60, "inner")))
    job = upload(owner, mail(inner, *notes(70, "outer")), "outer.eml")
    perform(job)
    document = document_of(job)
    (child,) = [each for each in children_of(document) if each.media_type == MAIL]
    assert len(children_of(document)) == 71
    perform(jobs_of(child)[0])
    assert len(children_of(child)) == 29
    left = listed(again(child))[29:]
    assert left == [(f"inner-{n:03}.txt", "too_many") for n in range(29, 60)]


def test_a_mail_of_thousands_is_listed_within_a_bound(owner: uuid.UUID) -> None:
    many = [(f"{n}.txt", PLAIN, b"Words %d" % n) for n in range(300)]
    job = upload(owner, mail(*many), "many.eml")
    perform(job)
    told = listed(document_of(job))
    assert [code for _, code in told] == [None] * 100 + ["too_many"] * 101
    last = (document_of(job).attachments or [])[-1]
    assert last["filename"] is None
    assert last["reason"]["detail"].startswith("100 more")


def test_what_cannot_be_a_document_is_listed_with_the_reason(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(max_file_size=5000)
    large: File = ("large.txt", PLAIN, b"x" * 3000)
    evil: File = ("../../../etc/\u202epasswd.txt", PLAIN, b"A path.")
    bare: File = ("readme", PLAIN, b"No ending.")
    job = upload(
        owner, mail(("empty.txt", PLAIN, b""), PICTURE, ("a.pdf", PLAIN, b"x"), evil, bare), "m.eml"
    )
    assert perform(job).state == "succeeded"
    assert listed(document_of(job)) == [
        ("empty.txt", "empty"),
        ("logo.gif", "unsupported_document"),
        ("a.pdf", "unsupported_document"),
        ("passwd.txt", None),
        ("readme.txt", None),
    ]
    configure(max_file_size=2000)
    configure(max_file_size=10_000)
    job = upload(owner, mail(large), "m.eml")
    configure(max_file_size=2000)
    perform(job)
    assert listed(document_of(job)) == [("large.txt", "too_large")]


def test_a_broken_attachment_fails_alone(owner: uuid.UUID) -> None:
    job = upload(owner, mail(("a.pdf", "application/pdf", b"%PDF-1.4 nothing"), NOTE), "m.eml")
    read_all(owner)
    assert job_of(job).state == "succeeded"
    broken, note = children_of(document_of(job))
    assert (broken.status, note.status) == ("failed", "ready")
    assert shown(document_of(job)) == [("a.pdf", "broken_file"), ("note.txt", None)]


def test_attachments_wait_for_room_and_none_is_lost(owner: uuid.UUID, configure: Configure) -> None:
    configure(max_open_jobs_per_owner=2)
    files = [(f"{n}.txt", PLAIN, b"Words %d" % n) for n in range(6)]
    job = upload(owner, mail(*files), "m.eml")
    waiting = perform(job)
    assert (waiting.state, waiting.error and waiting.error["code"]) == ("queued", "rate_limited")
    assert children_of(document_of(job)) == []
    # It never fits, so it is said so in the end, and made up for later.
    while job_of(job).state == "queued":
        pass_time(job)
        perform(job)
    assert job_of(job).state == "succeeded"
    assert [code for _, code in listed(document_of(job))] == [None] * 4 + ["rate_limited"] * 2
    read_all(owner)
    perform(documents.reindex(owner, document_of(job).id))
    assert [code for _, code in listed(document_of(job))] == [None] * 6
    assert len(children_of(document_of(job))) == 6


def test_open_attachments_count_for_their_owner_alone(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(max_open_jobs_per_owner=2)
    perform(upload(owner, mail(FEES, NOTE), "m.eml"))
    with pytest.raises(RateLimited, match="You have 2 jobs open"):
        upload(owner, "More.")
    upload(make_owner(), "Something else.")


def test_a_mail_is_deleted_with_all_that_came_with_it(owner: uuid.UUID) -> None:
    inner: File = ("inner.eml", "application/octet-stream", mail(NOTE))
    job = upload(owner, mail(inner, FEES), "m.eml")
    other = upload(owner, "Something else.")
    read_all(owner)
    document = document_of(job)
    family = [document, *children_of(document)]
    family += [each for child in family[1:] for each in children_of(child)]
    assert len(family) == 4
    chunks = sum(each.chunk_count or 0 for each in map(again, family))
    accepted = deletion.delete(owner, document.id)
    assert [again(each).status for each in family] == ["deleting"] * 4
    assert perform(accepted).result == receipt(documents=4, chunks=chunks)
    with transaction(SYSTEM) as session:
        assert not session.scalars(select(Document).where(Document.owner_id == owner)).all()[1:]
    assert [path.name for path in folder(owner).iterdir()] == [str(document_of(other).id)]


def test_a_deletion_that_was_killed_counts_all_the_same(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, mail(FEES, NOTE), "m.eml")
    read_all(owner)
    document = document_of(job)
    chunks = sum(each.chunk_count or 0 for each in (document, *children_of(document)))
    monkeypatch.setattr(removal, "DOCUMENTS", 1)
    accepted = deletion.delete(owner, document.id)
    for place in ("erasure", "erasure", "deletion"):
        with monkeypatch.context() as patch:
            patch.setattr(f"assistant.services.documents.{place}.crash_point", die)
            with pytest.raises(Killed):
                jobs.run(str(accepted.id))
        give_back(accepted)
    assert perform(accepted).result == receipt(documents=3, chunks=chunks)


def test_a_deletion_stops_what_is_done_with_attachments(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, NOTE), "m.eml")
    perform(job)
    document = document_of(job)
    fees, note = children_of(document)

    def work(run: Run) -> dict[str, Any]:
        result = indexing.index(run)
        deletion.delete(owner, document.id)
        return result

    (its_job,) = jobs_of(fees)
    jobs.run(str(its_job.id), work)
    assert job_of(its_job).state == "cancelled"
    assert job_of(jobs_of(note)[0]).state == "cancelled"
    read_all(owner)
    assert children_of(document) == []


def test_a_mail_that_is_deleted_while_it_is_read_makes_nothing(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES, NOTE), "m.eml")

    def work(run: Run) -> dict[str, Any]:
        result = indexing.index(run)
        deletion.delete(owner, run.job.document_id or uuid.uuid4())
        return result

    jobs.run(str(job.id), work)
    assert job_of(job).state == "cancelled"
    read_all(owner)
    with transaction(SYSTEM) as session:
        assert session.scalar(select(Document).where(Document.owner_id == owner)) is None


def test_a_deletion_of_the_release_before_hides_no_attachment(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, mail(FEES, NOTE), "m.eml")
    perform(job)
    document = document_of(job)
    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_hide_attached", lambda *_: ([], []))
        accepted = deletion.delete(owner, document.id)
    assert {child.status for child in children_of(document)} == {"queued"}
    done = perform(accepted)
    assert done.result is not None
    assert done.result["documents"] == 3
    assert children_of(document) == []


def test_a_collection_is_deleted_with_mails_and_spares_what_lies_elsewhere(
    owner: uuid.UUID,
) -> None:
    made = collections.create(owner, "Mails")
    data = mail(FEES, NOTE)
    job = documents.create(owner, stream(data), "m.eml", made.id)
    read_all(owner)
    document = document_of(job)
    _, note = children_of(document)
    with transaction(owner) as session:
        default = collections.find(session, owner, None)
    _, move = changes.update(owner, note.id, collection_id=default.id)
    assert move is not None
    perform(move)
    done = perform(collection_deletion.delete(owner, made.id))
    assert done.state == "succeeded"
    assert done.result is not None
    assert done.result["documents"] == 2
    kept = again(note)
    assert (kept.parent_id, kept.status) == (None, DocumentStatus.READY)


def test_attachments_follow_their_mail_into_another_collection(owner: uuid.UUID) -> None:
    mails, elsewhere = collections.create(owner, "Mails"), collections.create(owner, "Elsewhere")
    job = upload(owner, mail(FEES, NOTE), "m.eml")
    read_all(owner)
    document = document_of(job)
    fees, note = children_of(document)
    changes.update(owner, note.id, collection_id=elsewhere.id)
    read_all(owner)
    _, move = changes.update(owner, document.id, collection_id=mails.id)
    assert move is not None
    assert move.document_id == document.id
    read_all(owner)
    assert {again(each).collection_id for each in (document, fees)} == {mails.id}
    assert again(note).collection_id == elsewhere.id
    assert len(children_of(document)) == 2


def test_no_file_of_a_living_attachment_is_an_orphan(owner: uuid.UUID) -> None:
    job = upload(owner, mail(FEES), "m.eml")
    perform(job)
    (fees,) = children_of(document_of(job))
    assert _orphans([fees.storage_key, f"{owner}/{uuid.uuid4()}"]) != []
    assert fees.storage_key not in _orphans([fees.storage_key])
