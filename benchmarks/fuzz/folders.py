"""Whether anything was written to where nothing should be."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from assistant.adapters.files import MARKER
from assistant.config import Settings
from benchmarks.fuzz.made import MARK

# What servers and programs keep in the data folder, beside the uploads.
THEIRS = re.compile(r"(log|run|secrets|postgresql|postgres|valkey|redis|chroma)(/|$)")
NOT_LOOKED_AT = frozenset(
    ["__pycache__", ".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache"]
)
# The owner's folder, and in it the file of a document with a version.
KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f-]{36}[\w.-]*")
# Where names that leave their folder might lead, as far as one may look.
ESCAPES = ("/", "/tmp", "/var/tmp", "/etc", "/dev/shm", os.path.expanduser("~"))


class Folders:
    """The files around the stack as they are now, to be compared with what they are later."""

    def __init__(self, settings: Settings, temporary: Path, others: Iterable[str]) -> None:
        self._settings, self._temporary = settings, temporary
        self._others = [Path(other) for other in others if other != "/"]
        self._before = self._seen()

    def changed(self) -> list[str]:
        """Return what is new, gone or changed, and what has a name that tried to escape."""
        now = self._seen()
        names = {
            name for name in now.keys() | self._before if now.get(name) != self._before.get(name)
        }
        return sorted({*names, *self._strange_uploads(), *self._escaped()})

    def _seen(self) -> dict[str, tuple[int, float]]:
        data = self._settings.data_dir
        found = {str(path): state for path, state in _walk(data) if not self._is_theirs(path)}
        for folder in (self._temporary, *self._others):
            for path, state in _walk(folder):
                if data not in path.parents and path != data:
                    found[str(path)] = state
        return found

    def _is_theirs(self, path: Path) -> bool:
        below = path.relative_to(self._settings.data_dir).as_posix()
        return bool(THEIRS.match(below)) or self._settings.uploads in path.parents

    def _strange_uploads(self) -> Iterator[str]:
        for path, _ in _walk(self._settings.uploads):
            below = path.relative_to(self._settings.uploads).as_posix()
            if below != MARKER and not KEY.fullmatch(below):
                yield str(path)

    def _escaped(self) -> Iterator[str]:
        for folder in {*ESCAPES, *map(str, self._others)}:
            for name in os.listdir(folder):
                if MARK in name:
                    yield f"{folder}/{name}"


def _walk(folder: Path) -> Iterator[tuple[Path, tuple[int, float]]]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_LOOKED_AT]
        for name in names:
            path = Path(place) / name
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            yield path, (status.st_size, status.st_mtime)
