"""Whose the data folder is, where root runs this."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from assistant.local.errors import LocalRunError

# Root writes in these, and follows what lies there. PostgreSQL's folder is PostgreSQL's.
FOLDERS = ("secrets", "run", "log", "valkey", "chroma")
OURS = (*FOLDERS, "postgres", "uploads")
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def demand_own(path: Path) -> None:
    """Raise `LocalRunError` if others own the folder or what root uses in it, or can write there.

    A symbolic link that others have put there would let root write or give away what they choose.
    Once the folder is root's, and only root writes to it, nobody changes what was seen here. Who
    owns the folders above is not asked: root runs the programs that lie there, too.
    """
    for used in _used(path):
        found = used.lstat()
        if found.st_uid != 0 and not _is_cluster(used, path):
            raise LocalRunError(
                f"{used} belongs to user {found.st_uid}, and this run is root's: what others have "
                "put there could have root write elsewhere. Run this as that user, or set DATA_DIR "
                f"to another folder. If you know all of it: chown --no-dereference root {used}"
            )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & WRITABLE_BY_OTHERS:
        raise LocalRunError(
            f"Others can write to {path} (mode {mode:04o}), and this run is root's: what they put "
            "there could have root write elsewhere. Set DATA_DIR to another folder, or, if you "
            f"know all that is in it: chmod go-w {path}"
        )


def _used(path: Path) -> Iterator[Path]:
    """Yield the folder, where a link to it leads, what lies in it that is ours, and all of that."""
    yield path
    yield path.resolve()
    for entry in sorted(path.iterdir()):
        if entry.is_file() or entry.is_symlink() or entry.name in OURS:
            yield entry
    for name in FOLDERS:
        for folder, folders, files in os.walk(path / name):
            yield from (Path(folder, entry) for entry in (*folders, *files))


def _is_cluster(used: Path, path: Path) -> bool:
    """Return whether this is PostgreSQL's folder itself, which is handed over if need be."""
    return used == path / "postgres" and not used.is_symlink()
