"""Pages: where the words of a slice stand, and pictures that a worker draws."""

import base64
import io
import json
import struct
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

import workers.pages
from assistant.adapters.cache import connect
from assistant.adapters.documents.png import SIGNATURE
from assistant.adapters.page_cache import Picture
from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters, settings
from assistant.models import DocumentPage, DocumentText
from assistant.services import jobs
from tests.adapters.pdfs import Page, build, chinese, shown
from tests.conftest import User
from tests.factories import assert_problem, indexed, job, upload

FERRY = build(
    shown(72, 700, "The ferry leaves at noon."), shown(72, 700, "It returns in the evening.")
)


@pytest.fixture
def pages_worker(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Draw pages as a worker would until the test ends; give the messages that came."""
    seen: list[dict[str, Any]] = []
    url, ended = settings.redis_url, threading.Event()

    def work() -> None:
        with connect(url, read_timeout=30) as client:
            while not ended.is_set():
                if (found := client.brpop(["pages"], timeout=1)) is None:
                    continue
                message = json.loads(found[1])
                seen.append(message)
                arguments, *_ = json.loads(base64.b64decode(message["body"]))
                workers.pages.draw(*arguments)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield seen
    ended.set()
    thread.join(30)
    assert not thread.is_alive()


def place(user: User, document_id: str, number: int = 1, **query: Any) -> dict[str, Any]:
    response = user.get(f"/documents/{document_id}/pages/{number}", query_string=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def slice_of(user: User, document_id: str, words: str) -> dict[str, int]:
    text = user.get(f"/documents/{document_id}/text").get_json()["text"]
    start = text.index(words)
    return {"start": start, "end": start + len(words)}


def image(user: User, url: str, **headers: str) -> Any:
    return user.client.get(url, headers={**user.headers, **headers})


def dots(png: bytes) -> tuple[int, int, list[bytes]]:
    """Return width, height and rows of a picture; its colours only, checked as a viewer would."""
    assert png.startswith(SIGNATURE)
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 2)
    begin = png.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", png[begin - 8 : begin - 4])
    rows = zlib.decompress(png[begin : begin + length])
    step = 1 + 3 * width
    assert len(rows) == step * height
    return width, height, [rows[i * step + 1 : (i + 1) * step] for i in range(height)]


def ink(rows: list[bytes], box: dict[str, float], scale: float) -> int:
    """Count the dark dots within a box."""
    left, right = round(box["left"] * scale), round(box["right"] * scale)
    top, bottom = round(box["top"] * scale), round(box["bottom"] * scale)
    return sum(row[3 * x] < 128 for row in rows[top:bottom] for x in range(left, right))


def test_the_words_of_a_slice_have_their_boxes(user: User) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    wanted = slice_of(user, document_id, "leaves at")
    found = place(user, document_id, **wanted)
    assert (found["width"], found["height"]) == (595, 842)
    first, second = found["boxes"]
    assert (first["start"], second["end"]) == (wanted["start"], wanted["end"])
    assert 72 < first["left"] < first["right"] < second["left"] < second["right"] < 300
    assert first["top"] < 842 - 700 < first["bottom"] < first["top"] + 20
    # What stands on another page has none here.
    assert place(user, document_id, 2, **wanted)["boxes"] == []
    assert len(place(user, document_id, 2)["boxes"]) == 5


def test_part_of_a_line_of_chinese_has_part_of_its_box(user: User) -> None:
    document_id = indexed(user, build(chinese(72, 700, "渡轮中午离开码头", 10)), "ferry.pdf")
    wanted = slice_of(user, document_id, "中午")
    (box,) = place(user, document_id, **wanted)["boxes"]
    assert box["left"] == pytest.approx(92, abs=1)
    assert box["right"] == pytest.approx(112, abs=1)
    assert (box["start"], box["end"]) == (wanted["start"], wanted["end"])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_there_is_ink_where_a_word_is_said_to_stand(
    user: User, pages_worker: list[Any], rotation: int
) -> None:
    entries = f"/MediaBox [0 0 600 800] /CropBox [50 100 450 700] /Rotate {rotation}"
    page = Page(shown(72, 600, "Departure") + shown(300, 200, "noon"), entries)
    document_id = indexed(user, build(page), "turned.pdf")
    found = place(user, document_id, **slice_of(user, document_id, "noon"))
    size = (400, 600) if rotation % 180 == 0 else (600, 400)
    assert (found["width"], found["height"]) == size
    response = image(user, f"{found['image_url']}&dpi=144")
    assert response.status_code == 200, response.text
    assert response.mimetype == "image/png"
    width, height, rows = dots(response.data)
    assert (width, height) == (2 * size[0], 2 * size[1])
    (box,) = found["boxes"]
    (other,) = place(user, document_id, **slice_of(user, document_id, "Departure"))["boxes"]
    whole = {"left": 0, "top": 0, "right": size[0], "bottom": size[1]}
    assert ink(rows, box, 2) > 50
    assert ink(rows, box, 2) + ink(rows, other, 2) == ink(rows, whole, 2)


def test_a_picture_is_drawn_once_and_kept(user: User, pages_worker: list[Any]) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    url = place(user, document_id)["image_url"]
    first, second = image(user, url), image(user, url)
    assert first.data == second.data
    assert len(pages_worker) == 1
    assert image(user, url, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert "document_id" not in pages_worker[0]["headers"]["argsrepr"]


def test_an_old_generation_is_shown_from_its_own_file(user: User, pages_worker: list[Any]) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    old = place(user, document_id)
    newer = build(Page(shown(72, 300, "No ferry."), "/MediaBox [0 0 300 400]"))
    form = {"file": (io.BytesIO(newer), "ferry.pdf")}
    replaced = user.put(f"/documents/{document_id}", data=form).get_json()
    jobs.run(replaced["id"])
    assert job(user, replaced["id"])["state"] == "succeeded"
    assert place(user, document_id)["width"] == 300
    assert place(user, document_id, generation=1) == old
    width, height, _ = dots(image(user, f"{old['image_url']}&dpi=72").data)
    assert (width, height) == (595, 842)


def test_deleting_a_document_removes_its_pictures(user: User, pages_worker: list[Any]) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    assert image(user, place(user, document_id)["image_url"]).status_code == 200
    picture = Picture(uuid.UUID(user.id), uuid.UUID(document_id), 1, 1, 144)
    assert adapters.page_cache.path(picture).is_file()
    deletion = user.delete(f"/documents/{document_id}").get_json()
    assert_problem(user.get(f"/documents/{document_id}/pages/1"), 404)
    assert_problem(user.get(f"/documents/{document_id}/pages/1/image"), 404)
    jobs.run(deletion["id"])
    assert job(user, deletion["id"])["state"] == "succeeded"
    assert not adapters.page_cache.path(picture).exists()


def test_a_deletion_during_the_drawing_leaves_no_picture(
    user: User, pages_worker: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    url, draw = place(user, document_id)["image_url"], adapters.page_artist.draw

    def draw_late(*arguments: Any) -> bytes:
        drawn = draw(*arguments)
        assert user.delete(f"/documents/{document_id}").status_code == 202
        return drawn

    monkeypatch.setattr(adapters.page_artist, "draw", draw_late)
    assert_problem(image(user, url), 404)
    picture = Picture(uuid.UUID(user.id), uuid.UUID(document_id), 1, 1, 144)
    assert not adapters.page_cache.path(picture).exists()


def test_what_has_no_pages_has_none(user: User) -> None:
    document_id = indexed(user, "No pages here.")
    for path in ("1", "1/image"):
        response = user.get(f"/documents/{document_id}/pages/{path}")
        assert_problem(response, 404)
        assert "format" in response.get_json()["detail"]


@pytest.mark.parametrize("number", [0, 3, 2**31, 10**30])
def test_there_is_no_page_behind_the_last(user: User, number: int) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    assert_problem(user.get(f"/documents/{document_id}/pages/{number}"), 404)
    assert_problem(user.get(f"/documents/{document_id}/pages/{number}/image"), 404)


def test_what_was_read_before_is_to_be_indexed_again(user: User) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    with transaction(SYSTEM) as session:
        mine = DocumentText.document_id == uuid.UUID(document_id)
        session.execute(delete(DocumentPage).where(DocumentPage.document_id == document_id))
        session.execute(update(DocumentText).where(mine).values(storage_key=None, media_type=None))
    response = user.get(f"/documents/{document_id}/pages/1")
    assert_problem(response, 409)
    assert "indexed again" in response.get_json()["detail"]


def test_what_is_not_read_yet_says_so(user: User) -> None:
    document_id = upload(user, FERRY, "ferry.pdf")["document_id"]
    assert_problem(user.get(f"/documents/{document_id}/pages/1"), 409)
    assert_problem(
        user.get(f"/documents/{document_id}/pages/1", query_string={"generation": 5}), 404
    )


@pytest.mark.parametrize("query", [{"dpi": 100}, {"dpi": "many"}, {"scale": 2}, {"generation": 0}])
def test_a_picture_that_is_not_offered_is_refused(user: User, query: dict[str, Any]) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    assert_problem(user.get(f"/documents/{document_id}/pages/1/image", query_string=query), 422)


def test_no_worker_is_a_503(
    user: User, another_app: Callable[..., Flask], timed: Callable[..., Any]
) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    client = another_app(page_timeout=0.2).test_client()
    url = f"/api/v1/documents/{document_id}/pages/1/image"
    response = timed(lambda: client.get(url, headers=user.headers), 2.0)
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert "pages" in response.get_json()["detail"]


def test_a_file_that_is_gone_is_said_to_be(user: User, pages_worker: list[Any]) -> None:
    document_id = indexed(user, FERRY, "ferry.pdf")
    adapters.files.remove(f"{user.id}/{document_id}")
    response = user.get(f"/documents/{document_id}/pages/1/image")
    assert_problem(response, 404)
    assert "gone" in response.get_json()["detail"]
