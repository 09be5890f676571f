"""Pages of the web as documents: made at once, fetched by their job, and again when asked to.

A page that was fetched is a newer file of its document, like one that was uploaded: until the job
succeeds, the document is what it was.
"""

import uuid
from dataclasses import asdict

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.documents.media import HTML
from assistant.adapters.files import StoredFile
from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import (
    PermanentError,
    PermissionDenied,
    QuotaExceeded,
    Unavailable,
    UnsupportedDocument,
)
from assistant.extensions import adapters, settings
from assistant.models import Document, Job
from assistant.services import jobs, quotas, upload_folder
from assistant.services.documents import changes, documents, page_names
from assistant.services.documents.uploads import KeptFile
from assistant.services.jobs import Run, kinds
from assistant.sources import Page

OFF = "Pages of the web are not fetched here. The operator can allow it with FETCH_PAGES=true."


def create(owner_id: uuid.UUID, url: str, collection_id: uuid.UUID | None) -> Job:
    """Make a document of a web address, and promise to fetch and index it."""
    _demand_allowed()
    source = adapters.fetcher.check(url)
    document_id = uuid7()
    document = Document(
        id=document_id,
        owner_id=owner_id,
        job_id=uuid7(),
        job_count=1,
        filename=page_names.name_of(source),
        media_type=HTML,
        size=0,
        # There is no file yet.
        sha256="",
        storage_key=f"{owner_id}/{document_id}",
        source_url=source,
    )
    job = documents.promise(document, collection_id)
    jobs.announce(job)
    return job


def _demand_allowed() -> None:
    if not settings.fetch_pages:
        raise PermissionDenied(OFF)


def read_again(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Promise to read a document again: a page is fetched anew, a file is read once more.

    What is searchable stays so meanwhile, and for good if it fails. If the document waits to be
    read already, that job is returned.
    """
    waits = (Job.document_id == document_id, Job.kind == kinds.INDEX.name)
    with transaction(owner_id) as session:
        document = documents.find_live(session, owner_id, document_id)
        if document.source_url is not None:
            _demand_allowed()
        queued = select(Job).where(*waits, Job.is_queued)
        if (job := session.scalar(queued.order_by(Job.id.desc()))) is not None:
            return job
        job = changes.promise(session, document, {"fetch": True} if document.source_url else {})
    jobs.announce(job)
    return job


def fetched(run: Run, document: Document) -> Document:
    """Fetch a document's page if its job is to and has not; return the document as it is then."""
    about = run.job.arguments
    is_wanted = about.get("fetch") or not document.sha256
    if document.source_url is None or not is_wanted or "upload_id" in about:
        return document
    if not settings.fetch_pages:
        raise PermanentError(OFF, code="fetching_off")
    run.progress("fetching")
    page, stored = _fetch(run, document.source_url)
    upload_id = uuid7()
    key = f"{run.owner_id}/{document.id}.{upload_id}"
    try:
        file = _kept(document, page, stored, key)
        crash_point("worker.fetched")
        return _take_in(run, file, upload_id)
    except Unavailable:
        # The commit may have happened, and a row needs its file.
        raise
    except BaseException:
        stored.path.unlink(missing_ok=True)
        adapters.files.remove(key)
        raise


def _fetch(run: Run, url: str) -> tuple[Page, StoredFile]:
    try:
        with adapters.fetcher.start(url) as fetching:
            run.on_stop(fetching.abort)
            page = fetching.page()
            upload_folder.demand()
            stored = adapters.files.receive(page.content, settings.max_file_size)
    finally:
        # Whatever came of it, that the work was stopped comes first.
        run.check()
    return page, stored


def _kept(document: Document, page: Page, stored: StoredFile, key: str) -> KeptFile:
    try:
        name, media_type = page_names.identify(document.filename, page, stored.path)
    except UnsupportedDocument as error:
        raise PermanentError(error.detail, code=error.code, title=error.title) from None
    adapters.files.keep(stored, key)
    return KeptFile(name, media_type, stored.size, stored.sha256, key)


def _take_in(run: Run, file: KeptFile, upload_id: uuid.UUID) -> Document:
    """Make a file the newer one of its document, and let the job remember that it has it."""
    assert run.job.document_id is not None
    with transaction(run.owner_id) as session:
        run.fence(session)
        document = documents.find_live(session, run.owner_id, run.job.document_id)
        before = document.replacement
        if before is not None and _is_awaited(session, run, before["upload_id"]):
            raise PermanentError("A newer file was uploaded meanwhile.", code="overtaken")
        document.replacement = {
            **asdict(file),
            **{"upload_id": str(upload_id), "source_url": document.source_url},
        }
        session.flush()
        try:
            quotas.demand_storage(session, run.owner_id)
        except QuotaExceeded as error:
            raise PermanentError(error.detail, code=error.code, title=quotas.TITLE) from None
        about = {"fetch": True, "upload_id": str(upload_id)}
        run.fence(session, arguments={**run.job.arguments, **about})
    if before is not None:
        adapters.files.remove(before["storage_key"])
    return document


def _is_awaited(session: Session, run: Run, upload_id: str) -> bool:
    """Return whether a newer file waits for a job of its own."""
    others = (Job.document_id == run.job.document_id, Job.id != run.job.id, Job.is_open)
    reads_it = Job.arguments["upload_id"].astext == upload_id
    return bool(session.scalar(select(exists().where(*others, reads_it))))
