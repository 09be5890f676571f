"""Pictures of pages: within a bound, the ones that were looked at last, and none too many."""

import os
import time
import uuid
from pathlib import Path

import pytest

from assistant.adapters.page_cache import PageCache, Picture

OWNER, DOCUMENT = uuid.uuid4(), uuid.uuid4()


def picture(number: int, document_id: uuid.UUID = DOCUMENT) -> Picture:
    return Picture(OWNER, document_id, 1, number, 144)


def age(cache: PageCache, one: Picture, seconds: float) -> None:
    os.utime(cache.path(one), (time.time() - seconds, time.time() - seconds))


def size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_what_was_looked_at_longest_ago_gives_way(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, 1000)
    for number in range(5):
        cache.keep(picture(number), b"x" * 150)
        age(cache, picture(number), 100 - number)
    assert cache.find(picture(0)) is not None
    for number in range(5, 40):
        cache.keep(picture(number), b"x" * 150)
        age(cache, picture(number), 50 - number)
        assert size(tmp_path) <= 1000
    assert cache.find(picture(0)) is not None, "it was looked at last"
    assert cache.find(picture(1)) is None
    assert cache.find(picture(39)) == cache.path(picture(39))


def test_what_earlier_processes_left_counts(tmp_path: Path) -> None:
    for number in range(20):
        PageCache(tmp_path, 10_000).keep(picture(number), b"x" * 400)
    PageCache(tmp_path, 1000).keep(picture(20), b"x" * 400)
    assert size(tmp_path) <= 1000


def test_of_a_document_all_go_and_of_others_none(tmp_path: Path) -> None:
    cache, other = PageCache(tmp_path, 1000), uuid.uuid4()
    for number in (1, 2):
        cache.keep(picture(number), b"x")
        cache.keep(picture(number, other), b"x")
    cache.remove_documents(OWNER, [DOCUMENT])
    assert set(cache.pictures()) == {picture(1, other), picture(2, other)}
    cache.remove_owner(OWNER)
    cache.remove_owner(uuid.uuid4())
    assert list(cache.pictures()) == []


def test_a_picture_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = PageCache(tmp_path, 1000)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fail)
        with pytest.raises(OSError, match="full"):
            cache.keep(picture(1), b"x")
    assert cache.find(picture(1)) is None
    assert size(tmp_path) == 0


def test_only_its_user_reads_it(tmp_path: Path) -> None:
    cache = PageCache(tmp_path / "pages", 1000)
    cache.keep(picture(1), b"x")
    path = cache.path(picture(1))
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
