"""Where converted models lie, and how each comes to be there once.

A folder is written under another name, synced, and renamed when it is whole. Its name says what it
was made from: the model's files and the versions of the libraries. In it lies a file of figures for
each kind of processor that it was tried on.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import assistant
from assistant.adapters.converted.figures import Figure
from assistant.adapters.embedding import locate

ROOT = Path(assistant.__file__).resolve().parent.parent
PROGRAM = "assistant.adapters.converted.convert"
# How the name of a folder begins that is not whole.
PARTIAL = ".part-"
# Changes with what this package writes.
FORMAT = 1
LIBRARIES = ("openvino", "torch", "transformers", "sentence-transformers", "tokenizers")
# A large model takes minutes, and so does one that has to be fetched first.
LONGEST_SECONDS = 900.0
LOOK_SECONDS = 0.1
# Larger files are weights: that they were not changed is told by size and time.
SMALL_BYTES = 4 * 1024**2


class NotConverted(Exception):
    """There is no converted model, for a reason that may pass; the words are for the log."""


def prepare(models: Path, name: str) -> Path:
    """Return the folder of a model that was tried on this processor, made first if need be.

    Of several processes that ask at once one makes it, and the others wait. Raises `NotConverted`.
    """
    if (folder := find(models, name)) is not None:
        return folder
    if find_spec("openvino") is None:
        raise NotConverted("openvino is not installed")
    try:
        with _alone(models):
            if find(models, name) is None:
                _clear(models)
                try:
                    _convert(models, name)
                finally:
                    _clear(models)
    except OSError as error:
        raise NotConverted(f"{models} cannot be written to: {error.strerror or error}") from error
    if (folder := find(models, name)) is None:
        raise NotConverted("what was converted is gone, or the model's files changed meanwhile")
    return folder


def find(models: Path, name: str) -> Path | None:
    """Return the folder of a converted model, if there is one with figures of this processor."""
    folder = folder_of(models, name)
    return folder if folder and (folder / figures_file()).is_file() else None


def folder_of(models: Path, name: str) -> Path | None:
    """Return where the converted model has to lie; none if the model itself is not here yet."""
    source = locate(name) or _fetched(name)
    if source is None:
        return None
    said = hashlib.sha256(json.dumps([FORMAT, _versions()]).encode())
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.relative_to(source).parts[0].startswith("."):
            status = path.stat()
            said.update(f"{path.relative_to(source)} {status.st_size}".encode())
            small = status.st_size <= SMALL_BYTES
            said.update(path.read_bytes() if small else str(int(status.st_mtime)).encode())
    word = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")[-60:]
    return models / f"{word}-{said.hexdigest()[:16]}"


def figures_file() -> str:
    """Return the name of the file with the figures of this kind of processor."""
    lines = [platform.machine()]
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines.append(platform.processor())
    else:
        # Of each the first: all cores are alike.
        for label in ("model name", "flags", "Features"):
            lines += [line for line in info if line.startswith(label)][:1]
    return f"figures-{hashlib.sha256(repr(lines).encode()).hexdigest()[:16]}.json"


def read_figures(folder: Path) -> dict[str, Figure]:
    """Return how the backends did on this kind of processor."""
    said = json.loads((folder / figures_file()).read_text(encoding="utf-8"))
    return {name: Figure(**figure) for name, figure in said.items()}


def write_figures(folder: Path, figures: dict[str, Figure]) -> None:
    """Keep how the backends did, never half of it."""
    said = json.dumps({name: asdict(figure) for name, figure in figures.items()}, indent=1)
    aside = folder / f".{figures_file()}"
    with aside.open("w", encoding="utf-8") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(folder / figures_file())


def _versions() -> list[str]:
    found = []
    for library in LIBRARIES:
        try:
            found.append(version(library))
        except PackageNotFoundError:
            found.append("")
    return found


def _fetched(name: str) -> Path | None:
    """Return where the Hugging Face hub's cache has a model; asks nobody."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    home = Path(os.environ.get("HF_HOME") or caches / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    for full in (name, f"sentence-transformers/{name}"):
        folder = cache / f"models--{full.replace('/', '--')}"
        try:
            commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if (folder / "snapshots" / commit).is_dir():
            return folder / "snapshots" / commit
    return None


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """Hold the lock on the folder, which is let go by the system if this process dies."""
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".lock").open("ab") as file:
        give_up = time.monotonic() + LONGEST_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise NotConverted("another process takes too long to convert it") from None
                time.sleep(LOOK_SECONDS)
        yield


def _clear(models: Path) -> None:
    """Remove what others left that ended in the middle; whoever holds the lock is alone."""
    for left in models.glob(f"{PARTIAL}*"):
        shutil.rmtree(left, ignore_errors=True)


def _convert(models: Path, name: str) -> None:
    """Convert and measure in a process of its own, since both need torch; then it is gone."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-m", PROGRAM, str(models), name],
            # It ends when this closes, which also happens when this process dies.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            code = process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise NotConverted("converting it takes too long") from None
        said.seek(0)
        last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
    if code:
        raise NotConverted(f"converting it ended with {code}: {last or 'no words'}")
