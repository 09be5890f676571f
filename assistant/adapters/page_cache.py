"""Pictures of pages, kept in a local folder as long as there is room."""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# How much of the room is left free when it was full, so that not every picture looks for more.
SLACK = 0.1
SUFFIX = ".png"


class Picture(NamedTuple):
    """What a picture shows: a page of one generation of a document, this fine."""

    owner_id: uuid.UUID
    document_id: uuid.UUID
    generation: int
    number: int
    dpi: int


class PageCache:
    """Pictures, of which those that were looked at longest ago give way; safe in threads."""

    def __init__(self, root: Path, most: int) -> None:
        self._root = root
        self._most = most
        # What this process has added since it last looked how much there is.
        self._added: int | None = None

    def path(self, picture: Picture) -> Path:
        """Return where a picture lies, or would."""
        names = map(str, picture[1:])
        return self._root / str(picture.owner_id) / f"{'.'.join(names)}{SUFFIX}"

    def find(self, picture: Picture) -> Path | None:
        """Return where a picture lies, if it is there, and note that it was looked at."""
        path = self.path(picture)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def keep(self, picture: Picture, data: bytes) -> None:
        """Add a picture, whole or not at all, and make room if there is too little."""
        path = self.path(picture)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # No picture's name, so that nobody takes it for one; left behind by a kill, it goes as the
        # oldest ones do.
        part = path.with_name(f"{picture.document_id}.{uuid.uuid4().hex}.part")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if self._added is None or self._added + len(data) > SLACK * self._most:
            self._make_room()
            self._added = 0
        self._added += len(data)

    def remove(self, picture: Picture) -> None:
        """Remove a picture; one that is gone already is fine."""
        self.path(picture).unlink(missing_ok=True)

    def remove_documents(self, owner_id: uuid.UUID, document_ids: Iterable[uuid.UUID]) -> None:
        """Remove all pictures of an owner's documents; the folder is read once."""
        names = set(map(str, document_ids))
        for path in (self._root / str(owner_id)).glob("*"):
            if path.name.partition(".")[0] in names:
                path.unlink(missing_ok=True)

    def remove_owner(self, owner_id: uuid.UUID) -> None:
        """Remove all pictures of an owner."""
        shutil.rmtree(self._root / str(owner_id), ignore_errors=True)

    def pictures(self) -> Iterator[Picture]:
        """Yield what there are pictures of."""
        for path in self._files():
            with suppress(ValueError, TypeError):
                document_id, *numbers = path.name.removesuffix(SUFFIX).split(".")
                ids = uuid.UUID(path.parent.name), uuid.UUID(document_id)
                yield Picture(*ids, *map(int, numbers))

    def _files(self) -> Iterator[Path]:
        for folder in self._root.glob("*"):
            yield from folder.glob("*")

    def _make_room(self) -> None:
        """Remove the oldest until a part of the room is free."""
        seen = []
        for path in self._files():
            with suppress(OSError):
                status = path.stat()
                seen.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in seen)
        for _, size, path in sorted(seen, key=lambda one: one[0]):
            if total <= (1 - SLACK) * self._most:
                return
            path.unlink(missing_ok=True)
            total -= size
