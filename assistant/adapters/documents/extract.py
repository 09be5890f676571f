"""What a parser's process does: a file on standard input, JSON on standard output."""

import json
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from assistant.adapters.documents.confinement import confine, memory_error
from assistant.errors import PermanentError

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
MODULES = {
    "application/pdf": "pdf",
    f"{OFFICE}.wordprocessingml.document": "docx",
    f"{OFFICE}.presentationml.presentation": "pptx",
    f"{OFFICE}.spreadsheetml.sheet": "xlsx",
    f"{OPEN_DOCUMENT}.text": "odf",
    f"{OPEN_DOCUMENT}.spreadsheet": "odf",
    f"{OPEN_DOCUMENT}.presentation": "odf",
    "application/rtf": "rtf",
    "application/epub+zip": "epub",
    "text/html": "html",
    "text/markdown": "plain",
    "text/plain": "plain",
    "text/csv": "delimited",
    "text/tab-separated-values": "delimited",
    "application/json": "json_text",
    "message/rfc822": "mail",
    "image/png": "picture",
    "image/jpeg": "picture",
    "image/tiff": "picture",
}
# The text, where each page begins, and of formats whose pages can be shown what each of these
# is for `page_answers`, and which of them have to be recognised.
Extract = Callable[[bytes], tuple[Any, ...]]
NAMES = ("text", "page_starts", "pages", "scans")


def main(media_type: str, parent: int) -> None:
    """Parse standard input under limits, and write what came of it."""
    # A library that prints must not disturb the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    module = import_module(f"assistant.adapters.documents.{MODULES[media_type]}")
    confine(parent, os.fstat(0).st_size)
    with open(answer, "wb") as output:
        output.write(json.dumps(_run(module.extract), ensure_ascii=False).encode())
    # Nothing is left to do, and tearing down a tree of a million nodes takes seconds.
    os._exit(0)


def _run(extract: Extract) -> dict[str, Any]:
    try:
        with open(0, "rb") as file:
            found = extract(file.read())
    except PermanentError as error:
        return {"error": error.code, "detail": error.detail}
    except MemoryError as error:
        return {"error": memory_error(), "reason": repr(error)}
    except RecursionError as error:
        return {"error": "too_large_to_parse", "reason": repr(error)}
    except Exception as error:  # whatever a library raises about a hostile file
        return {"error": "broken_file", "reason": repr(error)[:500]}
    return dict(zip(NAMES, found, strict=False))
