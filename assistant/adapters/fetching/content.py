"""The content of an answer as it comes: decompressed, whole, and within its limit."""

import zlib
from http.client import HTTPException, HTTPResponse

from assistant.adapters.fetching import failures
from assistant.errors import PermanentError

BLOCK = 64 * 1024
PLAIN = ("", "identity")
# Either of the two headers, which servers confuse.
ZIPPED = ("gzip", "x-gzip", "deflate")
EITHER = 32 + zlib.MAX_WBITS


class PageContent:
    """A `Content` read from an answer.

    Raises `PermanentError` for what is too large or empty, `TransientError` for what broke off.
    """

    def __init__(self, answer: HTTPResponse, limit: int) -> None:
        self._answer = answer
        self._limit = limit
        self._count = 0
        coding = answer.headers.get("Content-Encoding", "").strip().lower()
        if coding not in PLAIN and coding not in ZIPPED:
            raise PermanentError(
                f"The page came encoded as {coding[:50]}, which cannot be read. Save it in a "
                "browser and upload the file.",
                code="page_encoded",
            )
        if (answer.length or 0) > limit:
            raise failures.too_large(limit)
        self._unzip = None if coding in PLAIN else zlib.decompressobj(EITHER)

    def read(self, most: int = BLOCK, /) -> bytes:
        """Return the next bytes, none at the end."""
        with failures.told():
            data = self._raw(most) if self._unzip is None else self._unzipped(self._unzip, most)
        self._count += len(data)
        if self._count > self._limit:
            raise failures.too_large(self._limit)
        if self._count == 0:
            raise failures.empty()
        return data

    def _raw(self, most: int) -> bytes:
        data = self._answer.read(min(most, BLOCK))
        if not data and self._answer.length:
            # Else half a page would pass for a whole one.
            raise HTTPException("the answer ended too soon")
        return data

    def _unzipped(self, unzip: "zlib._Decompress", most: int) -> bytes:
        """Return at most so many bytes, however small what they are made from is."""
        while not unzip.eof:
            packed = unzip.unconsumed_tail or self._raw(BLOCK)
            try:
                data = unzip.decompress(packed, most)
            except zlib.error:
                raise failures.broken() from None
            if data:
                return data
            if not packed:
                raise HTTPException("the answer ended too soon")
        return b""
