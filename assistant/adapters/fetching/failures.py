"""Why a page could not be fetched, in words for whoever asked for it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from assistant.adapters.fetching.connection import TooMuch
from assistant.errors import PermanentError, TransientError

SAVE_IT = "Save it in a browser and upload the file."

# What is tried again, of all that servers say.
MAY_PASS = frozenset([408, 425, 429])
CLOSED = frozenset([401, 402, 403, 407, 451])
GONE = frozenset([404, 410])
LONGEST_PAUSE = 3600.0


def too_large(limit: int) -> PermanentError:
    """Return what to say of a page that has more bytes than a file may have."""
    return PermanentError(
        f"The page is larger than {limit} bytes, which a file may have.", code="page_too_large"
    )


def too_much() -> PermanentError:
    """Return what to say of a server that goes on and on."""
    return PermanentError(
        f"The server sent more than a page with its headers may have. {SAVE_IT}",
        code="page_too_large",
    )


def empty() -> PermanentError:
    """Return what to say of a page without content."""
    return PermanentError("The page is empty. Check the address.", code="page_empty")


def broken() -> PermanentError:
    """Return what to say of a page that cannot be decompressed."""
    return PermanentError(f"The page came in a form that is damaged. {SAVE_IT}", code="page_broken")


def moved_on() -> PermanentError:
    """Return what to say of an address that never comes to a page."""
    return PermanentError(
        "The address leads on and on to others. Enter the one that a browser shows in the end.",
        code="page_moved",
    )


@contextmanager
def told() -> Iterator[None]:
    """Turn what goes wrong on a connection into an error with a reason."""
    try:
        yield
    except TimeoutError:
        raise TransientError("The page did not come in time.", code="page_timeout") from None
    except TooMuch:
        raise too_much() from None
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(
            f"The server cannot show that it is the one that was asked: {error.verify_message}.",
            code="page_certificate",
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        raise TransientError(
            "The server of the page does not answer as it should.", code="page_unreachable"
        ) from error


def of_status(status: int, retry_after: str | None) -> PermanentError:
    """Return what to say of an answer that is no page."""
    if status in GONE:
        return PermanentError(
            f"There is no page at this address ({status}). Check it, and try again.",
            code="page_not_found",
        )
    if status in CLOSED:
        return PermanentError(
            f"The page is not for everybody ({status}). {SAVE_IT}", code="page_refused"
        )
    if status in MAY_PASS or status >= 500:
        pause = float(retry_after) if retry_after and retry_after.isdecimal() else None
        return TransientError(
            f"The server of the page cannot give it at the moment ({status}).",
            code="page_failed",
            retry_after=min(pause, LONGEST_PAUSE) if pause is not None else None,
        )
    return PermanentError(
        f"The server answers with {status} instead of a page. {SAVE_IT}", code="page_failed"
    )
