"""What a document becomes when its index job succeeds: a newer file, another collection."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import null

from assistant.errors import PermanentError
from assistant.models import Collection, Document, DocumentStatus, Job

# What rows of documents, and what they keep of a newer file, say of the file.
FILE = ("storage_key", "media_type", "sha256", "size")


@dataclass(frozen=True, slots=True)
class Version:
    """The file that an index job reads and the collection that it writes to.

    `replacement` is what the document's row keeps of a newer file until the switch. What asks for
    nothing but the same again `distrusts` the text that is there.
    """

    job: Job
    collection: Collection
    storage_key: str
    media_type: str
    sha256: str
    size: int
    distrusts: bool
    replacement: dict[str, Any] | None

    def changes(self) -> dict[str, Any]:
        """Return what the document's row changes to at the switch.

        The job of a first version is the document's own, and so is its status; one that changes a
        searchable document shows in the document when it has succeeded.
        """
        changes: dict[str, Any] = {
            "collection_id": self.collection.id,
            "status": DocumentStatus.READY.value,
            "error": null(),
            "job_id": self.job.id,
        }
        if self.replacement is not None:
            changes |= {name: self.replacement[name] for name in ("filename", *FILE)}
            # A file that takes the place of a page comes from nowhere.
            changes["source_url"] = self.replacement.get("source_url")
            changes["replacement"] = null()
        return changes


def version_of(document: Document, collection: Collection, job: Job) -> Version:
    """Return what this index job is to make; raises `PermanentError` if that was overtaken."""
    upload_id = job.arguments.get("upload_id")
    if upload_id is None:
        again = document.generation > 0 and collection.id == document.collection_id
        file = {name: getattr(document, name) for name in FILE}
        return Version(job, collection, **file, distrusts=again, replacement=None)
    replacement = document.replacement or {}
    if replacement.get("upload_id") != upload_id:
        raise PermanentError("A newer version of the file was uploaded.", code="overtaken")
    file = {name: replacement[name] for name in FILE}
    return Version(job, collection, **file, distrusts=False, replacement=replacement)
