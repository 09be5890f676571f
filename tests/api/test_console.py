"""The console as it is served: what the browser may do with it, how large it is, and its words."""

import gzip
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import vendored

FOLDER = Path(__file__).parents[2] / "assistant/console"
OWN = [path for path in sorted(FOLDER.rglob("*.js")) if "vendor" not in path.parts]
WORDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("words/*.json"))}
MOST_LINES = 200
MOST_BYTES = 150_000


def files_of(page: str) -> list[str]:
    """Return what the page names."""
    return re.findall(r'(?:src|href)="(/app/[^"]+)"', page)


def test_a_browser_is_led_to_the_console_and_a_program_is_not(client: FlaskClient) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    led = client.get("/", headers={"Accept": browser})
    assert (led.status_code, led.headers["Location"]) == (302, "/app")
    for accept in ("*/*", "application/json", ""):
        told = client.get("/", headers={"Accept": accept})
        assert told.status_code == 200
        assert "/docs" in told.get_json()["message"]
    assert led.headers["Vary"] == told.headers["Vary"] == "Accept"


def test_the_page_and_all_that_it_names_are_small_and_lasting(client: FlaskClient) -> None:
    packed = {"Accept-Encoding": "gzip"}
    page = client.get("/app", headers=packed)
    assert page.headers["Cache-Control"] == "no-cache"
    text = gzip.decompress(page.data).decode()
    names = files_of(text)
    assert len(names) > 10
    sizes = {"/app": len(page.data)}
    for name in [*names, names[-1].rpartition("/")[0] + "/words/en.json"]:
        file = client.get(name, headers=packed)
        assert file.status_code == 200, name
        assert "immutable" in file.headers["Cache-Control"]
        assert file.headers["Content-Encoding"] == "gzip"
        sizes[name] = len(file.data)
    assert sum(sizes.values()) < MOST_BYTES, sizes
    # Every module is named, so that none is found only when another was read.
    modules = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")}
    assert {name.split("/", 3)[3] for name in names if name.endswith(".js")} == modules


def test_every_answer_is_strict(client: FlaskClient) -> None:
    page = client.get("/app")
    for place in ("/app", *files_of(page.text)):
        headers = client.get(place).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "https:" not in policy
        for rule in (
            *("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"),
            *("require-trusted-types-for 'script'", "trusted-types 'none'", "base-uri 'none'"),
        ):
            assert rule in policy.split("; ")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_what_is_unchanged_is_not_sent_again(client: FlaskClient) -> None:
    tag = client.get("/app").headers["ETag"]
    again = client.get("/app", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_without_gzip_it_comes_as_it_is(client: FlaskClient) -> None:
    page = client.get("/app", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in page.headers
    assert page.text.startswith("<!doctype html>")
    assert page.headers["Vary"] == "Accept-Encoding"


def test_the_files_of_another_release_are_not_kept(client: FlaskClient) -> None:
    file = client.get("/app/0123456789abcdef/main.js")
    assert (file.status_code, file.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "place",
    [
        *("../../config.py", "..%2f..%2fconfig.py", "vendor/marked.LICENSE", "index.html", "x.js"),
        *("chat", "vendor/..%5c..%5cconfig.py", "main.js%00.css"),
    ],
)
def test_nothing_else_is_served(client: FlaskClient, place: str) -> None:
    assert client.get(f"/app/version/{place}").status_code in (404, 308)


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    page = (FOLDER / "index.html").read_text()
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"\s(?:on\w+|style)=", page)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_module_says_what_it_is_for_and_makes_no_html(path: Path) -> None:
    source = path.read_text()
    assert source.startswith("// ")
    assert source.count("\n") <= MOST_LINES
    for name in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "srcdoc"):
        assert name not in source
    assert "dangerously" not in source
    assert "://" not in source.replace("http://www.w3.org", ""), "the address of another host"


def test_the_catalogues_have_equal_keys_and_equal_gaps() -> None:
    assert set(WORDS) == {"en", "zh"}
    gaps = {
        name: {key: sorted(re.findall(r"\{\w+\}", words)) for key, words in catalogue.items()}
        for name, catalogue in WORDS.items()
    }
    assert gaps["en"] == gaps["zh"]
    for catalogue in WORDS.values():
        assert list(catalogue) == sorted(catalogue)
        assert all(catalogue.values())


def test_every_word_that_is_said_is_in_the_catalogues() -> None:
    source = "\n".join(path.read_text() for path in OWN)
    said = set(re.findall(r"\bt\(\s*'([\w.]+)'", source))
    said |= {
        word
        for pair in re.findall(r"\bt\([^)`]*\? '([\w.]+)' : '([\w.]+)'", source)
        for word in pair
    }
    assert said <= set(WORDS["en"])
    # What is put together names its beginning.
    begun = tuple(
        re.findall(r"\bt\(`([\w.]+)\$", source) + re.findall(r"\bknown\('([\w.]+)'", source)
    )
    assert {key for key in WORDS["en"] if key not in said and not key.startswith(begun)} == set()


def test_the_libraries_are_those_that_the_manifest_names() -> None:
    kept = set()
    for package in vendored.packages():
        assert package["integrity"].startswith("sha512-")
        assert package["license"] in ("MIT", "Apache-2.0", "MPL-2.0")
        assert any(name.endswith(".LICENSE") for name in package["files"])
        if not package.get("only_for_tests"):
            assert vendored.wanted(package) == []
            kept |= set(package["files"])
    assert {path.name for path in vendored.FOLDER.iterdir()} == kept | {"manifest.json"}
