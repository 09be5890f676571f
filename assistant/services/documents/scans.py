"""Pages whose text has to be recognised: one at a time, each kept as soon as it is read.

So an attempt that is lost, moved or put down costs one page at most. Each page has a limit of its
own, so the deadline of the job does not count them.
"""

import logging
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters, settings
from assistant.models import ScannedPage
from assistant.models.document_page import pack_words, unpack_words
from assistant.ports import ParsedDocument
from assistant.recognition import PageRecogniser, RecognisedPage
from assistant.services import jobs, upload_folder
from assistant.services.documents.index_target import Version
from assistant.services.documents.recognised_text import with_recognised
from assistant.services.jobs import Run

logger = logging.getLogger(__name__)

# More pages than this take longer than others should wait.
SHORT_PAGES = 3
# As of all documents.
MOST_CHARACTERS = 5_000_000

INSTALL = (
    "The operator of this server can install tesseract (on Debian and Ubuntu the package "
    "tesseract-ocr, with one more for each language, such as tesseract-ocr-chi-sim) or, for "
    "Chinese and English, the Python packages in requirements-ocr.txt."
)
SWITCHED_OFF = "The operator of this server has switched text recognition off (OCR_ENGINE)."


def read(run: Run, version: Version, parsed: ParsedDocument) -> ParsedDocument:
    """Return a document with the text of its scanned pages, as far as it can be recognised.

    What cannot is counted as unread. Raises `PermanentError` if nothing at all can be read, with
    the code `ocr_unavailable` if that is because nothing recognises text here.
    """
    recogniser = adapters.recogniser
    if recogniser is None:
        return _without_recognition(parsed)
    wanted = parsed.scans[: settings.ocr_max_pages]
    found = _kept(run, version, recogniser, wanted)
    missing = [number for number in wanted if number not in found]
    if len(missing) > SHORT_PAGES:
        jobs.move_if_short_lane(run)
    failure: PermanentError | None = None
    total = len(parsed.page_starts)
    for rest, number in zip(range(len(missing), 0, -1), missing, strict=True):
        run.progress("parsing", total - rest, total)
        try:
            found[number] = _recognise(run, version, recogniser, number)
        except TransientError:
            raise
        except PermanentError as error:
            failure = error
            logger.info("page left unread", extra={"page": number, "code": error.code})
    run.progress("parsing", total, total)
    read = with_recognised(parsed, found)
    if len(read.text) > MOST_CHARACTERS:
        raise PermanentError(
            f"It holds more than {MOST_CHARACTERS:,} characters; split it and upload the parts.",
            code="too_large_to_parse",
        )
    if not read.text.strip():
        raise failure or PermanentError(
            "No text was recognised in the pictures; upload a sharper scan.", code="no_text"
        )
    return read


def _without_recognition(parsed: ParsedDocument) -> ParsedDocument:
    if parsed.text.strip():
        return with_recognised(parsed, {})
    off = settings.ocr_engine == "off"
    raise PermanentError(
        "Its pages are pictures, whose text has to be recognised, and nothing here does that. "
        + (SWITCHED_OFF if off else INSTALL),
        code="ocr_unavailable",
    )


def _recognise(
    run: Run, version: Version, recogniser: PageRecogniser, number: int
) -> RecognisedPage:
    """Recognise a page and keep it; whoever stops the work ends it in the middle of the page."""
    path = upload_folder.path_of(version.storage_key)
    work = recogniser.start(path, version.media_type, number)
    run.on_stop(work.abort)
    try:
        page = work.result()
    finally:
        # Whatever came of it, that the work was stopped comes first.
        run.check()
    with transaction(run.owner_id) as session:
        run.fence(session, **jobs.MORE_TIME)
        _keep(session, run, version, recogniser.name, number, page)
    return page


def _keep(
    session: Session, run: Run, version: Version, reader: str, number: int, page: RecognisedPage
) -> None:
    values = {
        "owner_id": run.owner_id,
        "reader": reader,
        "width": page.width,
        "height": page.height,
        "text": page.text,
        "words": pack_words(page.words),
        "confidence": page.confidence,
    }
    key = {
        "document_id": run.job.document_id,
        "storage_key": version.storage_key,
        "number": number,
    }
    session.execute(
        insert(ScannedPage)
        .values({**key, **values})
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )


def _kept(
    run: Run, version: Version, recogniser: PageRecogniser, wanted: Sequence[int]
) -> dict[int, RecognisedPage]:
    """Return the pages of this file that earlier attempts have recognised in the same way."""
    query = select(ScannedPage).where(
        ScannedPage.document_id == run.job.document_id,
        ScannedPage.storage_key == version.storage_key,
        ScannedPage.reader == recogniser.name,
        ScannedPage.number.in_(wanted),
    )
    with transaction(run.owner_id) as session:
        return {
            page.number: RecognisedPage(
                page.width, page.height, page.text, unpack_words(page.words), page.confidence
            )
            for page in session.scalars(query)
        }


def forget(session: Session, document_id: uuid.UUID) -> None:
    """Remove what was kept of a document's pages, since its text has all of it."""
    session.execute(delete(ScannedPage).where(ScannedPage.document_id == document_id))
