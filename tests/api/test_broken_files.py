"""Files of a known type that cannot be read: accepted, and then a job that says why."""

import pytest

from assistant.services import jobs
from tests.adapters.files import ENCRYPTED_PDF, OLE
from tests.conftest import User
from tests.factories import job, upload

BROKEN = {
    "a PDF that stops at once": ("a.pdf", b"%PDF-1.7\n"),
    "an encrypted PDF": ("a.pdf", ENCRYPTED_PDF),
    "a DOCX that is cut off": ("a.docx", b"PK\x03\x04 and no more"),
    "an encrypted DOCX": ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le")),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_accepted_and_its_job_fails(user: User, name: str, content: bytes) -> None:
    accepted = upload(user, content, name)
    jobs.run(accepted["id"])
    ended = job(user, accepted["id"])
    assert ended["state"] == "failed"
    assert len(ended["error"]["detail"]) > 20
    document = user.get(f"/documents/{accepted['document_id']}").get_json()
    assert document["status"] == "failed"
    assert document["error"] == ended["error"]
