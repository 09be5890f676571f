"""Unpacking the code of an earlier commit, and saying so where it is not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.beside.checkout import NoSuchCommit, check_out

PROJECT = Path(__file__).parents[2]
UNKNOWN = "0" * 40
IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with two commits, of which the second changed a file."""
    folder = tmp_path / "project"
    folder.mkdir()
    _git(folder, "init", "--quiet")
    for text in ("earlier", "now"):
        (folder / "code.py").write_text(text)
        _git(folder, "add", "code.py")
        _git(folder, *IDENTITY, "commit", "--quiet", "--message", text)
    return folder


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, timeout=30)


def test_earlier_code_is_unpacked_and_the_code_of_now_stays(project: Path, tmp_path: Path) -> None:
    earlier = check_out("HEAD~1", tmp_path / "earlier", project)
    assert (earlier / "code.py").read_text() == "earlier"
    assert (project / "code.py").read_text() == "now"


def test_what_a_shallow_history_does_not_have_is_said(project: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    _git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project}", str(shallow))
    with pytest.raises(NoSuchCommit, match="git fetch --unshallow"):
        check_out("HEAD~1", tmp_path / "earlier", shallow)


def test_without_a_repository_that_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(NoSuchCommit, match="does not have the commit"):
        check_out("HEAD", tmp_path / "earlier", tmp_path)


def test_a_run_that_shows_nothing_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.beside"],
        cwd=PROJECT,
        env={**os.environ, "OLD": UNKNOWN},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SKIPPED, and nothing was shown. The history here")
