"""Attachments of mails: each becomes a document of its own, made exactly once.

When a mail is read, the files that came with it are put into their places, under ids that follow
from the mail and their content. Their rows are written in the transaction in which the mail's job
succeeds. So a mail that is read again, after a crash or at any later time, finds what it has made;
what a newer version of it lacks is deleted then. One that was deleted alone is not made again.
"""

import uuid
from collections import Counter
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.documents.media import MAIL, detect
from assistant.adapters.files import StoredFile
from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import (
    AssistantError,
    Overloaded,
    PermanentError,
    QuotaExceeded,
    RateLimited,
    TransientError,
    UnsupportedDocument,
)
from assistant.extensions import adapters, settings
from assistant.models import Document, Job
from assistant.services import jobs, quotas, upload_folder
from assistant.services.documents import attachment_reasons as reasons
from assistant.services.documents import deletion, documents, family
from assistant.services.documents.attachment_names import id_of, name_of
from assistant.services.documents.index_target import Version
from assistant.services.documents.uploads import KeptFile, store_once
from assistant.services.jobs import Run, kinds
from assistant.sources import Attached

Entry = dict[str, Any]


def unpack(run: Run, document: Document, version: Version) -> "Unpacked":
    """Put what came with a document into its place, if it is a mail.

    Raises `TransientError` while there is no room for the jobs of all of it and tries are left.
    """
    with transaction(run.owner_id) as session:
        level = len(family.ancestors(session, document.id))
    found = Unpacked(document, version, level)
    if version.media_type == MAIL:
        run.progress("unpacking")
        found.read(run)
        found.demand_places(run)
        crash_point("worker.unpacked")
    return found


class Unpacked:
    """What came with a version of a document."""

    def __init__(self, document: Document, version: Version, level: int) -> None:
        self._document = document
        self._version = version
        self._level = level
        before = document.attachments or []
        self._made = {each["document_id"]: each for each in before if each["document_id"]}
        self._seen: Counter[str] = Counter()
        self._new: dict[str, KeptFile] = {}
        self._entries: list[Entry] = []
        self._is_whole = True
        self._jobs: list[Job] = []

    def read(self, run: Run) -> None:
        """Keep the files of attachments; what cannot be read is listed with the reason."""
        try:
            path = upload_folder.path_of(self._version.storage_key)
            with adapters.unpacker.start(path) as unpacking:
                run.on_stop(unpacking.abort)
                for one in unpacking:
                    self._entries.append(self._take(one))
                if unpacking.left_out:
                    self._break_off(reasons.left_out(unpacking.left_out))
        except TransientError:
            raise
        except PermanentError as error:
            self._break_off(error)
        finally:
            # Whatever came of it, that the work was stopped comes first.
            run.check()

    def _break_off(self, error: AssistantError) -> None:
        self._is_whole = False
        self._entries.append(reasons.entry(None, error))

    def _take(self, one: Attached) -> Entry:
        refusal = reasons.refusal(one, self._level)
        if refusal is not None:
            return reasons.entry(one, refusal)
        stored = adapters.files.receive(one.content, settings.max_file_size)
        try:
            return self._place(one, stored)
        finally:
            stored.path.unlink(missing_ok=True)

    def _place(self, one: Attached, stored: StoredFile) -> Entry:
        """Give a file its place, unless it has become a document before."""
        made_id = id_of(self._document.id, stored.sha256, self._seen[stored.sha256])
        self._seen[stored.sha256] += 1
        if str(made_id) in self._made:
            return self._made[str(made_id)]
        if len(self._new) >= reasons.MOST:
            return reasons.entry(one, reasons.TOO_MANY)
        name = name_of(one)
        try:
            media_type = detect(name, stored.path)
        except UnsupportedDocument as error:
            return reasons.entry(one, error)
        key = f"{self._document.owner_id}/{made_id}"
        adapters.files.keep(stored, key)
        self._new[str(made_id)] = KeptFile(name, media_type, stored.size, stored.sha256, key)
        told = {"media_type": media_type, "document_id": str(made_id)}
        return {**reasons.entry(one), **told}

    def demand_places(self, run: Run) -> None:
        """Raise `TransientError` where documents cannot be made now, but perhaps later."""
        if not self._new:
            return
        with transaction(run.owner_id) as session:
            taken = session.scalar(select(Document.id).where(Document.id.in_(self._new)).limit(1))
        if taken is not None:
            # A version before had it, and this one has it again.
            raise TransientError(f"{taken} is still being deleted.", counted=False)
        if run.job.failures + 1 < run.job.max_failures:
            try:
                jobs.demand_room(run.owner_id, kinds.INDEX, len(self._new))
            except (RateLimited, Overloaded) as error:
                raise TransientError(
                    f"{len(self._new)} attachments wait for room: {error.detail}",
                    code=error.code,
                    retry_after=error.retry_after,
                ) from None

    def write(self, session: Session) -> None:
        """Write the documents, their jobs and the list of both, in the caller's transaction."""
        self._jobs = []
        room = reasons.MOST - family.size(session, self._document.id) if self._new else 0
        entries = []
        for entry in self._entries:
            kept = self._new.get(entry["document_id"] or "")
            if kept is not None:
                entry = self._promised(session, entry, kept, room)
                room -= entry["document_id"] is not None
            entries.append(entry)
        if self._is_whole:
            self._remove_others(session, entries)
        else:
            entries += [each for each in self._made.values() if each not in entries]
        mine = update(Document).where(Document.id == self._document.id)
        session.execute(mine.values(attachments=entries or None))

    def _promised(self, session: Session, entry: Entry, kept: KeptFile, room: int) -> Entry:
        """Promise to index an attachment; return its entry, with the reason if that may not be."""
        without = {**entry, "document_id": None}
        if room <= 0:
            return {**without, "reason": reasons.body(reasons.TOO_MANY)}
        try:
            with session.begin_nested():
                self._jobs.append(self._make(session, uuid.UUID(entry["document_id"]), kept))
        except (RateLimited, Overloaded):
            return {**without, "reason": reasons.body(reasons.NO_ROOM)}
        except QuotaExceeded as error:
            return {**without, "reason": reasons.body(reasons.over_quota(error))}
        return entry

    def _make(self, session: Session, made_id: uuid.UUID, kept: KeptFile) -> Job:
        # A document of this id may have been there in an earlier version.
        earlier = select(func.max(Job.sequence_number)).where(Job.sequence_key == made_id)
        document = Document(
            id=made_id,
            owner_id=self._document.owner_id,
            parent_id=self._document.id,
            collection_id=self._version.collection.id,
            attributes=self._document.attributes,
            chunk_tokens=self._document.chunk_tokens,
            overlap_tokens=self._document.overlap_tokens,
            job_id=uuid7(),
            job_count=(session.scalar(earlier) or 0) + 1,
            **asdict(kept),
        )
        session.add(document)
        session.flush()
        quotas.demand_storage(session, document.owner_id)
        store_once(session, document.owner_id, kept)
        return documents.accept(session, document, kinds.INDEX, follows=True)

    def _remove_others(self, session: Session, entries: list[Entry]) -> None:
        """Promise to delete what an earlier version has brought and this one has not."""
        stays = [entry["document_id"] for entry in entries if entry["document_id"]]
        gone = select(Document).where(
            Document.parent_id == self._document.id, Document.is_live, Document.id.not_in(stays)
        )
        for document in session.scalars(gone.order_by(Document.id).with_for_update(key_share=True)):
            self._jobs.append(deletion.promise(session, document))

    def announce(self) -> None:
        """Tell the workers what was promised, once it is committed."""
        for job in self._jobs:
            jobs.announce(job)
