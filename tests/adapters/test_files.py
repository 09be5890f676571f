"""The folder of uploads."""

import io
import os
import stat
import subprocess
import sys
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


SLOW_DISK = """
from gevent import monkey

monkey.patch_all()

import io, os, sys, time
from pathlib import Path

import gevent

from assistant.adapters.files import UploadFolder

SECONDS = 0.6
os.fsync = lambda _: monkey.get_original("time", "sleep")(SECONDS)
longest = 0.0


def look() -> None:
    global longest
    while True:
        began = time.monotonic()
        gevent.sleep(0.01)
        longest = max(longest, time.monotonic() - began)


gevent.spawn(look)
gevent.sleep(0.05)
began = time.monotonic()
folder = UploadFolder(Path(sys.argv[1]))
folder.keep(folder.receive(io.BytesIO(b"kept"), limit=10), "owner/document")
assert time.monotonic() - began > SECONDS
gevent.sleep(0.05)
assert longest < SECONDS * 0.8, longest
"""


def test_a_slow_disk_holds_up_no_other_request(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW_DISK, str(tmp_path)], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()


def kept(folder: UploadFolder, key: str, content: bytes) -> Path:
    folder.keep(folder.receive(io.BytesIO(content), limit=100), key)
    return folder.path(key)


def test_files_of_the_same_bytes_share_them_until_the_last_name_goes(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    first, second = kept(folder, "owner/first", b"same"), kept(folder, "owner/second", b"same")
    os.utime(first, (0, 0))
    assert folder.share("owner/second", "owner/first")
    assert folder.share("owner/second", "owner/first"), "they are one already"
    assert first.stat().st_ino == second.stat().st_ino
    assert list(folder.keys(older_than=60)) == [], "a walk for strays leaves what is just linked"
    folder.remove("owner/first")
    assert second.read_bytes() == b"same"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [second]


@pytest.mark.parametrize("other", ["owner/gone", "owner/broken"])
def test_a_file_stays_by_itself_where_the_other_is_not_whole(tmp_path: Path, other: str) -> None:
    folder = UploadFolder(tmp_path)
    kept(folder, "owner/broken", b"sa")
    mine = kept(folder, "owner/mine", b"same")
    assert not folder.share("owner/mine", other)
    assert mine.read_bytes() == b"same"
    assert not list((tmp_path / "incoming").iterdir())


@pytest.mark.parametrize("linked", [True, False])
def test_a_file_gets_further_names_for_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    if not linked:
        monkeypatch.setattr(os, "link", refuse)
    folder = UploadFolder(tmp_path)
    kept(folder, "owner.files/first", b"bytes")
    folder.link({"owner/second": "owner.files/first", "owner/third": "owner.files/first"})
    folder.remove("owner.files/first")
    for key in ("owner/second", "owner/third"):
        assert folder.path(key).read_bytes() == b"bytes"
        assert stat.S_IMODE(folder.path(key).stat().st_mode) == 0o600
    assert list((tmp_path / "incoming").iterdir()) == []
    with pytest.raises(FileNotFoundError):
        folder.link({"owner/fourth": "owner.files/first"})
