"""Drawing each page in a short-lived process of its own, with the limits of a parser's."""

import json
import logging
from pathlib import Path

from assistant.adapters.documents.apart import Apart, SaidTooMuch, TookTooLong, start_apart
from assistant.adapters.documents.png import SIGNATURE
from assistant.errors import PermanentError

logger = logging.getLogger(__name__)

PROGRAM = "assistant.adapters.documents.draw"
WALL_SECONDS = 12.0
MAX_PICTURE = 32 * 1024 * 1024
TOO_MUCH = "This page takes too long to draw, or too much memory; open the file itself."
NOT_DRAWN = "This page cannot be drawn; open the file itself."


class SubprocessArtist:
    """A `PageArtist` that survives any file; safe in threads."""

    def __init__(self, *, timeout: float = WALL_SECONDS) -> None:
        self._timeout = timeout

    def draw(self, path: Path, media_type: str, number: int, dpi: int) -> bytes:
        """Return a page as PNG; raises `PermanentError` for what cannot be drawn."""
        with path.open("rb") as file:
            process = start_apart(PROGRAM, media_type, str(number), str(dpi), stdin=file)
        try:
            answer, returncode = Apart(process, self._timeout, MAX_PICTURE).answer()
        except (TookTooLong, SaidTooMuch) as error:
            raise PermanentError(TOO_MUCH) from error
        if answer.startswith(SIGNATURE) and returncode == 0:
            return answer
        said = _decode(answer)
        logger.info(
            "page not drawn",
            extra={"file": path.name, "ended": returncode, "reason": said.get("reason")},
        )
        if returncode < 0:
            raise PermanentError(TOO_MUCH)
        raise PermanentError(str(said.get("detail") or NOT_DRAWN))


def _decode(answer: bytes) -> dict[str, object]:
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {}
