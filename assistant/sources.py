"""The interfaces through which services get files that nobody uploads: attachments and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self


class Content(Protocol):
    """Bytes that are read once, from first to last."""

    def read(self, most: int = ..., /) -> bytes:
        """Return the next bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a mail, as the mail says.

    What `is_deep` is a mail within more mails than are looked into.
    """

    name: str
    media_type: str
    size: int
    is_deep: bool
    content: Content


class Unpacking(Protocol):
    """A mail that is being unpacked; whoever leaves the block ends that.

    Once all were read, `left_out` says how many more there are.
    """

    left_out: int

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Attached]:
        """Yield what came with the mail; raises `PermanentError` if the rest cannot be had."""

    def abort(self) -> None:
        """End it at once; may be called from any thread, at any time."""


class Unpacker(Protocol):
    """Takes attachments out of an untrusted mail."""

    def start(self, path: Path) -> Unpacking:
        """Begin to unpack a mail."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the web: where it was found in the end, and its type as its server says."""

    url: str
    media_type: str | None
    content: Content


class Fetching(Protocol):
    """A page that is being fetched; whoever leaves the block ends that.

    Whatever goes wrong, also while the content is read, raises `PermanentError` with the reason,
    or `TransientError` if it may pass.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def page(self) -> Page:
        """Return the page, once its headers are there."""

    def abort(self) -> None:
        """End it at once; may be called from any thread, at any time."""


class Fetcher(Protocol):
    """Fetches pages of the web, and nothing from networks that are not meant for everybody."""

    def check(self, url: str) -> str:
        """Return an address as it will be asked for; raises `InvalidInput` if it never will be."""

    def start(self, url: str) -> Fetching:
        """Begin to fetch a page."""
