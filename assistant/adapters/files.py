"""Uploads in a local folder."""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISREG
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from assistant.adapters.offloading import offload
from assistant.errors import InvalidInput, TooLarge
from assistant.sources import Content

BLOCK = 1024 * 1024
SMALL = 512 * 1024
# What is being received lies here, under a name that no key begins with.
INCOMING = "incoming"
# Lies in the folder itself, where no key leads.
MARKER = "uploads.marker"
MARKER_TEXT = "Leave this here: without it, the volume of uploads counts as not mounted.\n"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is safely on disk, but not yet under its final name."""

    path: Path
    size: int
    sha256: str


class UploadFolder:
    """Keeps files so that none is ever half there: written aside, synced, then renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def receive(self, stream: Content, limit: int) -> StoredFile:
        """Write a stream to disk and sync it; raises `TooLarge` above `limit` bytes."""
        return offload(partial(self._receive, stream, limit))

    def spool(self) -> IO[bytes]:
        """Return a file for what arrives; it has no name, and is gone when it is closed.

        What is small stays in memory; the rest is on the disk of the uploads, since `/tmp` may be
        memory, too.
        """
        folder = self.root / INCOMING
        self._make(folder)
        return cast(IO[bytes], SpooledTemporaryFile(SMALL, dir=str(folder)))

    def is_marked(self) -> bool:
        """Return whether this is the folder itself, and not where its volume is to be mounted."""
        return (self.root / MARKER).is_file()

    def mark(self) -> None:
        """Leave the file that tells so; it may be there already."""
        self._make(self.root)
        with open(self.root / MARKER, "w", encoding="utf-8", opener=_private) as file:
            file.write(MARKER_TEXT)

    def keep(self, stored: StoredFile, key: str) -> None:
        """Give a received file its final name, durably."""
        offload(partial(self._keep, stored, key))

    def _receive(self, stream: Content, limit: int) -> StoredFile:
        folder = self.root / INCOMING
        self._make(folder)
        path = folder / uuid.uuid4().hex
        digest, size = hashlib.sha256(), 0
        try:
            with open(path, "xb", opener=_private) as file:
                while block := stream.read(BLOCK):
                    size += len(block)
                    if size > limit:
                        raise TooLarge(
                            f"The file is larger than {limit} bytes. Upload a smaller one."
                        )
                    digest.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            if size == 0:
                raise InvalidInput("The file is empty. Upload one with content.", pointer="#/file")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return StoredFile(path, size, digest.hexdigest())

    def _keep(self, stored: StoredFile, key: str) -> None:
        target = self.path(key)
        self._make(target.parent)
        stored.path.rename(target)
        _sync(target.parent)
        # In there the owner's folder may be new, made by somebody who has not come so far.
        _sync(target.parent.parent)

    def share(self, key: str, other: str) -> bool:
        """Let a kept file be the same bytes on disk as another of the same content, if that works.

        Each has a name of its own for them, and they go with the last. Where the other is gone or
        the disk has no hard links, the file stays as it is.
        """
        return offload(partial(self._share, self.path(key), self.path(other)))

    def _share(self, path: Path, other: Path) -> bool:
        aside = self.root / INCOMING / uuid.uuid4().hex
        try:
            os.link(other, aside)
            # A walk for files without a row takes what is old, and this one's row is not there yet.
            os.utime(aside)
            if aside.stat().st_size != path.stat().st_size:
                return False
            aside.rename(path)
            _sync(path.parent)
        except OSError:
            return False
        finally:
            # If both were one already, renaming has done nothing.
            aside.unlink(missing_ok=True)
        return True

    def link(self, places: Mapping[str, str]) -> None:
        """Keep files under further keys, each with the key of the file whose bytes it has.

        Raises `FileNotFoundError` if one of these is gone. Where the disk has no hard links, the
        bytes are copied.
        """
        offload(partial(self._link_all, places))

    def _link_all(self, places: Mapping[str, str]) -> None:
        self._make(self.root / INCOMING)
        for key, other in places.items():
            self._make(self.path(key).parent)
            self._link(self.path(key), self.path(other))
        for folder in {self.path(key).parent for key in places}:
            _sync(folder)
            _sync(folder.parent)

    def _link(self, path: Path, other: Path) -> None:
        aside = self.root / INCOMING / uuid.uuid4().hex
        try:
            os.link(other, aside)
            # As in `_share`: its row is not there yet.
            os.utime(aside)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(other, aside)
            os.chmod(aside, 0o600)
            with open(aside, "rb") as file:
                os.fsync(file.fileno())
        aside.rename(path)

    def path(self, key: str) -> Path:
        """Return where the file of this key lies; keys are made by the server, never by users."""
        return self.root / key

    def remove(self, key: str) -> None:
        """Delete a file; one that is gone already is fine."""
        self.path(key).unlink(missing_ok=True)

    def remove_all(self, folder: str, names: Collection[str]) -> None:
        """Delete every file in a folder that has one of these names, up to the first dot.

        So has each version of a document's file. The folder is read once, however many there are.
        """
        for name in _names(self.path(folder)):
            if name.partition(".")[0] in names:
                (self.path(folder) / name).unlink(missing_ok=True)

    def remove_folder(self, key: str) -> None:
        """Delete a folder with all files in it; one that is gone already is fine."""
        if self.path(key).exists():
            shutil.rmtree(self.path(key))

    def keys(self, *, older_than: float) -> Iterator[str]:
        """Yield the keys of files last written so many seconds ago, also of those half received.

        Each folder is read when the walk comes to it, and what disappears meanwhile is left out.
        """
        for folder in _names(self.root):
            for name in _names(self.root / folder):
                with suppress(FileNotFoundError):
                    status = (self.root / folder / name).lstat()
                    if S_ISREG(status.st_mode) and status.st_mtime < time.time() - older_than:
                        yield f"{folder}/{name}"

    def _make(self, folder: Path) -> None:
        """Make a folder that is closed to other users, and so each above it up to the root."""
        if folder != self.root:
            self._make(folder.parent)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync(path: Path) -> None:
    """Make what a folder says of its files outlast a loss of power."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    """Open a file that, whatever the umask says, other users of the machine cannot read."""
    return os.open(path, flags, mode=0o600)
