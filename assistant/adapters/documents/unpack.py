"""The program that takes out of a mail what came with it: a mail in, frames out.

A frame is a line of JSON, and behind it as many bytes as its `size` says. The last one says how
many attachments were left out, or why the rest is missing.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from assistant.adapters.documents import mail
from assistant.adapters.documents.confinement import confine, memory_error
from assistant.errors import PermanentError

# So many are handed over: what reads them looks for a hundred documents among them.
LISTED = 200
MAX_NAME, MAX_TYPE = 255, 128
Frame = tuple[dict[str, Any], bytes]


def main(parent: int) -> None:
    """Unpack standard input under limits, and write what was found."""
    # A library that prints must not disturb the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    confine(parent, os.fstat(0).st_size)
    with open(answer, "wb") as output:
        for head, content in _frames():
            output.write(json.dumps(head).encode() + b"\n")
            output.write(content)
    os._exit(0)


def _frames() -> Iterator[Frame]:
    try:
        with open(0, "rb") as file:
            found = mail.attachments(file.read(), most=None)
        for one in found[:LISTED]:
            yield _head(one), one.content
        yield {"left_out": max(len(found) - LISTED, 0)}, b""
    except PermanentError as error:
        yield {"error": error.code, "detail": error.detail}, b""
    except MemoryError:
        yield {"error": memory_error()}, b""
    except RecursionError:
        yield {"error": "too_large_to_parse"}, b""
    except Exception:  # whatever a library raises about a hostile file
        yield {"error": "broken_file"}, b""


def _head(one: mail.Attached) -> dict[str, Any]:
    return {
        "name": one.name[:MAX_NAME],
        "media_type": one.media_type[:MAX_TYPE],
        "size": len(one.content),
        "is_deep": one.is_deep,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
