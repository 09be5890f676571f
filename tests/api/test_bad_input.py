"""Every kind of bad input, and the status that it gets."""

import codecs
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.adapters.files import GIF, OLE
from tests.conftest import PASSWORD, User
from tests.factories import ask, assert_problem

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LATIN_JSON = "application/json; charset=iso-8859-1"
MULTIPART = "multipart/form-data; boundary="
PART = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    b"The text.\r\n--b--\r\n"
)
NESTED = (
    b'--b\r\nContent-Disposition: form-data; name="file"\r\n'
    b"Content-Type: multipart/mixed; boundary=c\r\n\r\n"
    b'--c\r\nContent-Disposition: file; filename="a.txt"\r\n\r\nThe text.\r\n--c--\r\n--b--\r\n'
)
FOREIGN = "00000000-0000-7000-8000-000000000000"
Send = Callable[[User], TestResponse]


def post(path: str, **body: Any) -> Send:
    """Send JSON, also such that Python's client would refuse to write."""
    return lambda user: user.post(path, data=json.dumps(body), content_type=JSON)


def raw(path: str, data: str | bytes, content_type: str = JSON) -> Send:
    return lambda user: user.post(path, data=data, content_type=content_type)


def get(path: str) -> Send:
    return lambda user: user.get(path)


def file(name: str, content: bytes = b"text", **form: Any) -> Send:
    return lambda user: user.upload(name, content, **form)


def form(**fields: Any) -> Send:
    return lambda user: user.post("/documents", data=fields, content_type="multipart/form-data")


def question(**more: Any) -> Send:
    return post("/messages", **{"content": "Why?", **more})


def registration(**more: Any) -> Send:
    body = {"username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}
    return post("/auth/register", **{**body, **more})


def two_files(user: User) -> TestResponse:
    files = [(io.BytesIO(b"one"), "one.txt"), (io.BytesIO(b"two"), "two.txt")]
    return form(file=files)(user)


BAD = {
    "broken JSON": (400, raw("/messages", '{"content":')),
    "broken UTF-8": (400, raw("/messages", b'{"content": "\xff"}')),
    "broken JSON at sign-in": (400, raw("/auth/token", "{")),
    "JSON nested without end": (400, raw("/messages", "[" * 100_000 + "]" * 100_000)),
    "a number without end": (400, raw("/messages", '{"content": %s}' % ("9" * 5000))),
    "another type than JSON": (415, raw("/messages", '{"content": "x"}', "text/plain")),
    "a form for JSON": (415, raw("/conversations", "title=x", FORM)),
    "an array": (422, raw("/messages", "[]")),
    "null": (422, raw("/messages", "null")),
    "a number": (422, raw("/messages", "5")),
    "no body": (422, lambda user: user.post("/messages")),
    "an empty body": (422, raw("/messages", "")),
    "an unknown field": (422, question(mood="good")),
    "an unknown field with a surrogate": (422, question(**{"\ud800": 1})),
    "an unknown query parameter": (422, get("/jobs?sate=failed")),
    "an unknown form field": (422, file("a.txt", title="x")),
    "a role chosen by oneself": (422, registration(role="admin")),
    "a question that is too long": (422, question(content="x" * 100_001)),
    "a title that is too long": (422, post("/conversations", title="x" * 201)),
    "a blank question": (422, question(content=" \n ")),
    "a blank title": (422, post("/conversations", title=" ")),
    "NUL in a question": (422, question(content="a\0b")),
    "NUL in a title": (422, post("/conversations", title="a\0b")),
    "NUL in a search": (422, post("/search", query="a\0b")),
    "NUL at sign-in": (422, post("/auth/token", username="a\0b", password=PASSWORD)),
    "a surrogate in a question": (422, question(content="\ud800")),
    "a surrogate in a model's name": (422, question(model="\udfff")),
    "a surrogate in an address": (422, registration(email="a@\ud800.org")),
    "a surrogate in a password": (422, registration(password=PASSWORD + "\ud800")),
    "a control character in an address": (422, registration(email='"a\x01"@example.org')),
    "two lines in an address": (422, registration(email="a@example.org\nb@example.org")),
    "an address that is none": (422, registration(email="example.org")),
    "a name with a space": (422, registration(username="new comer")),
    "a name like somebody's address": (422, registration(username="victim@example.org")),
    "a password of 11 characters": (422, registration(password="x" * 11)),
    "a password of 129 characters": (422, registration(password="x" * 129)),
    "a number for a string": (422, question(content=5)),
    "a string for a temperature": (422, question(temperature="0.5")),
    "a boolean for a temperature": (422, question(temperature=True)),
    "NaN": (422, question(temperature=float("nan"))),
    "infinity": (422, question(temperature=float("inf"))),
    "a temperature beyond doubles": (422, raw("/messages", '{"content":"x","temperature":1e999}')),
    "a temperature of 2.1": (422, question(temperature=2.1)),
    "a string for a count": (422, question(max_tokens="5")),
    "a fraction for a count": (422, question(max_tokens=5.5)),
    "zero tokens": (422, question(max_tokens=0)),
    "yes for true": (422, question(use_documents="yes")),
    "one for true": (422, question(use_documents=1)),
    "a bad id in a body": (422, question(conversation_id="x")),
    "a number for an id": (422, question(conversation_id=5)),
    "a string for a list of ids": (422, question(document_ids=FOREIGN)),
    "a bad id in a list": (422, post("/search", query="x", document_ids=["x"])),
    "101 ids": (422, question(document_ids=[FOREIGN] * 101)),
    "a bad id in a form": (422, file("a.txt", collection_id="x")),
    "a bad id in a query": (422, get("/messages?conversation_id=x")),
    "no conversation named": (422, get("/messages")),
    "a bad place in a list": (422, get("/documents?after=x")),
    "limit 0": (422, get("/jobs?limit=0")),
    "limit 101": (422, get("/documents?limit=101")),
    "limit x": (422, get("/conversations?limit=x")),
    "limit 1_0": (422, get("/conversations?limit=1_0")),
    "limit in other digits": (422, get("/jobs?limit=%D9%A3")),
    "an empty limit": (422, get("/jobs?limit=")),
    "a limit of 5000 digits": (422, get(f"/jobs?limit={'9' * 5000}")),
    "a negative skip": (422, get("/jobs?skip=-1")),
    "a state that is none": (422, get("/jobs?state=done")),
    "a negative offset": (422, get(f"/documents/{FOREIGN}/text?start=-1")),
    "an end before the start": (422, get(f"/documents/{FOREIGN}/text?start=5&end=4")),
    "an offset beyond integers": (422, get(f"/documents/{FOREIGN}/text?start={2**31}")),
    "an empty file": (422, file("a.txt", b"")),
    "no file": (422, form()),
    "text for a file": (422, form(file="text")),
    "two files": (422, two_files),
    "a file without a name": (422, file("")),
    "a file named ..": (422, file("..")),
    "JSON for an upload": (415, post("/documents", file="text")),
    "a form that is no multipart for an upload": (415, raw("/documents", "file=text", FORM)),
    "a multipart form without a boundary": (400, raw("/documents", PART, "multipart/form-data")),
    "another boundary than the body's": (400, raw("/documents", PART, MULTIPART + "other")),
    "an empty boundary": (400, raw("/documents", PART, MULTIPART)),
    "a boundary that is not ASCII": (400, raw("/documents", PART, MULTIPART + "ä")),
    "a multipart form cut short": (400, raw("/documents", PART[:-20], MULTIPART + "b")),
    "a part without a head": (400, raw("/documents", b"--b\r\n\r\nx\r\n--b--", MULTIPART + "b")),
    "a part without a name": (
        422,
        raw("/documents", PART.replace(b"name=", b"x="), MULTIPART + "b"),
    ),
    "a form within a form": (422, raw("/documents", NESTED, MULTIPART + "b")),
    "a form that is not UTF-8": (400, raw("/auth/token", b"username=\xff", FORM)),
    "UTF-16": (400, raw("/messages", '{"content": "x"}'.encode("utf-16"))),
    "UTF-16 without a mark": (400, raw("/messages", '{"content": "x"}'.encode("utf-16-le"))),
    "Latin-1": (400, raw("/messages", '{"content": "ä"}'.encode("latin-1"), LATIN_JSON)),
    "a byte-order mark alone": (422, raw("/messages", codecs.BOM_UTF8)),
    "a bad id in a path": (404, get("/jobs/x")),
    "an id without dashes in a path": (404, get(f"/documents/{FOREIGN.replace('-', '')}")),
    "NUL in a path": (404, get("/conversations/%00")),
    "a path that does not exist": (404, get("/nothing")),
    "nobody's document in a question": (404, question(document_ids=[FOREIGN])),
    "nobody's collection in an upload": (404, file("a.txt", collection_id=FOREIGN)),
    "nobody's conversation as a place": (404, get(f"/conversations?after={FOREIGN}")),
    "a wrong method": (405, lambda user: user.delete("/jobs")),
    "a method that nobody knows": (405, lambda user: user._call("BREW", "/messages")),
    "too much JSON": (413, question(content="x" * 1_100_000)),
    "too much of a form": (413, raw("/auth/token", "username=" + "x" * 1_100_000, FORM)),
    "a file that is too large": (413, lambda user: too_large(user, 1)),
    "a file that is far too large": (413, lambda user: too_large(user, 1 << 20)),
    "an unknown type": (415, file("program.exe")),
    "no type": (415, file("README")),
    "text that says it is PDF": (415, file("a.pdf")),
    "a picture that says it is text": (415, file("a.txt", GIF)),
    "an archive that says it is DOCX": (415, file("a.docx", b"PK\x05\x06" + b"\0" * 18)),
    "a file of old Word": (415, file("a.doc", OLE + "WordDocument".encode("utf-16-le"))),
    "an endless extension": (415, file("a." + "x" * 400)),
}


def too_large(user: User, more: int) -> TestResponse:
    limit: int = user.client.application.extensions["settings"].max_file_size
    return user.upload("a.txt", b"x" * (limit + more))


@pytest.mark.parametrize(("status", "send"), BAD.values(), ids=BAD.keys())
def test_bad_input_gets_its_status(user: User, status: int, send: Send) -> None:
    response = send(user)
    assert_problem(response, status)
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(
    "more",
    [
        {"username": "{}", "email": "another@example.org"},
        {"username": "another", "email": "{}@example.org"},
    ],
)
@pytest.mark.parametrize("change", [str, str.upper])
def test_a_taken_name_or_address_is_a_conflict(
    user: User, more: dict[str, str], change: Callable[[str], str]
) -> None:
    taken = {name: change(value.format(user.username)) for name, value in more.items()}
    assert_problem(registration(**taken)(user), 409)


def test_a_message_of_another_conversation_is_no_place_to_go_on_from(user: User) -> None:
    first, second = ask(user), ask(user)
    for place in ("after", "before"):
        query = f"conversation_id={first['conversation_id']}&{place}={second['message_id']}"
        assert_problem(user.get(f"/messages?{query}"), 404)


def test_mistakes_are_pointed_to_and_not_without_end(user: User) -> None:
    body = assert_problem(question(**{"a/b~c": 1})(user), 422)
    assert [error["pointer"] for error in body["errors"]] == ["#/a~1b~0c"]
    body = assert_problem(question(document_ids=["x"] * 10_000)(user), 422)
    assert 0 < len(body["errors"]) <= 20
    body = assert_problem(user.get("/jobs?limit=many&a/b=1"), 422)
    assert {error["parameter"] for error in body["errors"]} == {"limit", "a/b"}


@pytest.mark.parametrize("coding", ["gzip", "br, GZip"])
@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/messages", JSON, b'{"content": "x"}'),
        ("/auth/token", FORM, b"username=x&password=y"),
        ("/documents", MULTIPART + "b", PART),
    ],
)
def test_an_encoded_body_is_refused_by_the_name_of_its_coding(
    user: User, coding: str, path: str, content_type: str, body: bytes
) -> None:
    headers = {"Content-Encoding": coding}
    response = user.post(path, data=gzip.compress(body), content_type=content_type, headers=headers)
    assert coding in assert_problem(response, 415)["detail"]
    assert response.headers["Accept-Encoding"] == "identity"


def test_json_is_taken_with_a_byte_order_mark_and_with_no_coding(user: User) -> None:
    body = codecs.BOM_UTF8 + '{"content": "Wo ist mein Füller?"}'.encode()
    headers = {"Content-Encoding": "identity", "Idempotency-Key": "marked"}
    for _ in range(2):
        response = user.post("/messages", data=body, content_type=JSON, headers=headers)
        assert response.status_code == 202, response.text


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="Menü.txt"'.encode("latin-1"), "Menü.txt"),
        ('filename="Menü.txt"'.encode(), "Menü.txt"),
        (b"filename*=UTF-8''Men%C3%BC.txt", "Menü.txt"),
        (b"filename*=iso-8859-1''Men%FC.txt", "Menü.txt"),
        (b"filename=\"x.txt\"; filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
    ],
)
def test_a_files_name_is_read_however_it_is_written(
    user: User, disposition: bytes, name: str
) -> None:
    body = PART.replace(b'filename="a.txt"', disposition)
    response = user.post("/documents", data=body, content_type=MULTIPART + "b")
    assert response.status_code == 202, response.text
    document = user.get(f"/documents/{response.get_json()['document_id']}").get_json()
    assert document["filename"] == name


def test_a_bad_value_is_never_repeated_in_the_answer(user: User) -> None:
    secret = "hunter2-hunt"[:11]
    assert secret not in registration(password=secret)(user).text


def test_an_uncaught_error_shows_nothing_of_itself(app: Flask, user: User) -> None:
    def fail() -> None:
        raise RuntimeError("the inner secret")

    fail.access = {"public": True}  # type: ignore[attr-defined]
    original = app.view_functions["health.health"]
    app.view_functions["health.health"] = fail
    try:
        response = user.client.get("/health")
    finally:
        app.view_functions["health.health"] = original
    assert_problem(response, 500)
    assert "secret" not in response.text


def test_http_errors_say_what_to_do_in_our_words(user: User) -> None:
    def said(response: TestResponse) -> str:
        return str(response.get_json()["detail"])

    nothing = "There is nothing at this path; /docs lists what there is."
    assert said(user.get("/nowhere")) == nothing
    assert said(user.client.get("/nowhere/else")) == nothing
    assert said(user.delete("/jobs")) == "This path does not take DELETE, but GET."
    long = user.post("/messages", json={"content": "x" * 1_100_000})
    assert said(long) == "The body of this request may have at most 1048576 bytes."
    assert said(too_large(user, 1 << 20)).startswith("A file may have at most 10485760 bytes. ")
