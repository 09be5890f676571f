"""The text of a document: read from its file once for each job, and kept under a generation."""

import uuid

from sqlalchemy import CursorResult, and_, delete, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session

from assistant.adapters.versions import READER_VERSION, SPLITTER_VERSION
from assistant.database import table_of, transaction
from assistant.extensions import adapters
from assistant.models import Document, DocumentText, File
from assistant.ports import ParsedDocument
from assistant.services import upload_folder
from assistant.services.documents import pages, scans
from assistant.services.documents.index_target import Version
from assistant.services.jobs import Run

# What a job calls the generation whose text its last attempt has kept.
READ = "read_generation"


def read(run: Run, version: Version) -> ParsedDocument:
    """Return the text that an earlier attempt at this job has kept, or else what the file says.

    That is not read again if the readers of today have read the same bytes before.
    """
    generation = run.job.arguments.get(READ)
    if generation is not None:
        with transaction(run.owner_id) as session:
            kept = session.get(DocumentText, (run.job.document_id, generation))
        if kept is not None:
            return ParsedDocument(kept.text, kept.page_starts, unread=kept.unread_pages or 0)
    run.progress("parsing")
    if (before := _read_before(run, version)) is not None:
        return before
    parsed = _parse(run, version)
    return scans.read(run, version, parsed) if parsed.scans else parsed


def _read_before(run: Run, version: Version) -> ParsedDocument | None:
    """Return what was read of the same bytes, as the same type, in any place of the owner."""
    if version.distrusts:
        return None
    of_now = (
        Document.id == DocumentText.document_id,
        Document.generation == DocumentText.generation,
    )
    query = (
        select(DocumentText)
        .join(File, File.id == DocumentText.file_id)
        .join(Document, and_(*of_now))
        .where(File.owner_id == run.owner_id, File.sha256 == version.sha256)
        .where(Document.is_live, Document.media_type == version.media_type)
        .where(DocumentText.reader_version == READER_VERSION)
        # What could not be recognised then may be by now.
        .where(DocumentText.unread_pages.is_(None))
        .limit(1)
    )
    with transaction(run.owner_id) as session:
        found = session.scalar(query)
        if found is None:
            return None
        seen = pages.kept(session, found.document_id, found.generation)
    return ParsedDocument(found.text, found.page_starts, seen)


def _parse(run: Run, version: Version) -> ParsedDocument:
    """Read the file, and let go of it as soon as the work must be put down."""
    path = upload_folder.path_of(version.storage_key)
    parsing = adapters.parser.start(path, version.media_type)
    run.on_stop(parsing.abort)
    try:
        return parsing.result()
    finally:
        # Whatever came of it, that the work was stopped comes first.
        run.check()


def names(document: Document) -> bool:
    """Return whether a text still says that it was read from the file that a document had."""
    with transaction(document.owner_id) as session:
        return bool(
            session.scalar(
                select(
                    exists().where(
                        DocumentText.document_id == document.id,
                        DocumentText.storage_key == document.storage_key,
                    )
                )
            )
        )


def begin_generation(run: Run, document: Document, version: Version, parsed: ParsedDocument) -> int:
    """Give out a new generation with this text; texts that broken attempts left are removed.

    The job remembers it, so that its next attempt need not read the file again.
    """
    kept = run.job.arguments.get(READ)
    with transaction(run.owner_id) as session:
        run.fence(session)
        generation: int | None = session.scalar(
            update(Document)
            .where(Document.id == document.id)
            .values(last_generation=Document.last_generation + 1)
            .returning(Document.last_generation)
        )
        assert generation is not None
        if not _renumber(session, document, kept, generation):
            _keep(session, document, generation, version, parsed)
        run.fence(session, arguments={**run.job.arguments, READ: generation})
    return generation


def _renumber(session: Session, document: Document, kept: int | None, generation: int) -> bool:
    """Give the text that is kept its new generation; return whether there is one.

    What other broken attempts left goes. The texts before stay: citations name the generation that
    they quote.
    """
    mine = DocumentText.document_id == document.id
    session.execute(
        delete(DocumentText).where(
            mine,
            DocumentText.generation > document.generation,
            DocumentText.generation.is_distinct_from(kept),
        )
    )
    renumbered = session.execute(
        update(DocumentText)
        .where(mine, DocumentText.generation == kept)
        .values(generation=generation)
    )
    assert isinstance(renumbered, CursorResult)
    return bool(renumbered.rowcount)


def _keep(
    session: Session, document: Document, generation: int, version: Version, parsed: ParsedDocument
) -> None:
    session.add(
        DocumentText(
            document_id=document.id,
            generation=generation,
            owner_id=document.owner_id,
            text=parsed.text,
            page_starts=list(parsed.page_starts),
            reader_version=READER_VERSION,
            file_id=func.file_of(document.owner_id, version.sha256, version.size),
            storage_key=version.storage_key,
            media_type=version.media_type,
            unread_pages=parsed.unread or None,
        )
    )
    # Pages name their text, and are renumbered with it.
    session.flush()
    pages.keep(session, document.owner_id, document.id, generation, parsed.pages)


def take_over(session: Session, document_id: uuid.UUID, base: int, generation: int) -> bool:
    """Give a new generation the text of another one; return whether there is that text.

    All that was read with it goes along: it is cut anew, not read anew.
    """
    changed = {"generation": generation, "splitter_version": SPLITTER_VERSION}
    columns = table_of(DocumentText).c
    values = [
        literal(changed[column.name], column.type) if column.name in changed else column
        for column in columns
    ]
    source = select(*values).where(columns.document_id == document_id, columns.generation == base)
    done = session.execute(
        insert(DocumentText).from_select([column.name for column in columns], source)
    )
    assert isinstance(done, CursorResult)
    if done.rowcount:
        pages.copy(session, document_id, base, generation)
    return done.rowcount == 1


def note_splitter(session: Session, document_id: uuid.UUID, generation: int) -> None:
    """Keep which splitter has made the chunks of a generation, in the transaction of its switch.

    Not sooner: until then a worker of the release before may take the text over, and cut it anew.
    """
    session.execute(
        update(DocumentText)
        .where(DocumentText.document_id == document_id, DocumentText.generation == generation)
        .values(splitter_version=SPLITTER_VERSION)
    )
