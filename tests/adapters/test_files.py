"""The folder of uploads."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.adapters import files
from assistant.adapters.files import UploadFolder


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_uploads_are_closed_to_other_users_whatever_the_umask(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path / "data" / "uploads")
    folder.keep(folder.receive(io.BytesIO(b"kept"), limit=10), "owner/document/1")
    waiting = folder.receive(io.BytesIO(b"waiting"), limit=10)
    modes = {
        str(path.relative_to(folder.root)): stat.S_IMODE(path.stat().st_mode)
        for path in [folder.root, *folder.root.rglob("*")]
    }
    assert modes == {
        **dict.fromkeys([".", "incoming", "owner", "owner/document"], 0o700),
        **dict.fromkeys([f"incoming/{waiting.path.name}", "owner/document/1"], 0o600),
    }


def test_a_kept_file_and_its_new_folder_outlast_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "_sync", synced.append)
    folder = UploadFolder(tmp_path)
    folder.keep(folder.receive(io.BytesIO(b"kept"), limit=10), "owner/document")
    assert synced == [tmp_path / "owner", tmp_path]
