"""The code of an earlier commit, in a folder of its own."""

import io
import subprocess
import tarfile
from pathlib import Path

from assistant.local.stack import PROJECT

GIT_SECONDS = 60


class NoSuchCommit(Exception):
    """The history that is there does not reach back to a commit, or is not there at all."""


def check_out(commit: str, folder: Path, project: Path = PROJECT) -> Path:
    """Unpack the code of a commit into a new folder; raises `NoSuchCommit`.

    Nothing of the project's own files and branches changes.
    """
    try:
        unpacked = subprocess.run(
            ["git", "archive", "--format=tar", f"{commit}^{{commit}}"],
            cwd=project,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except FileNotFoundError:
        raise NoSuchCommit("git is not installed, so there is no earlier code to run.") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NoSuchCommit(
            f"The history here does not have the commit {commit} ({''.join(said)}). In a shallow "
            "clone, fetch the rest with: git fetch --unshallow"
        ) from None
    with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
