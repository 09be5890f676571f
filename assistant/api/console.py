"""Serve the console: a client in the browser that uses the API as any other client does."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request
from markupsafe import escape

from assistant.extensions import settings
from assistant.security import allow

blp = Blueprint("console", __name__, url_prefix="/app")

FOLDER = Path(__file__).parents[1] / "console"
PAGE = "index.html"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}
# Scripts are files from here and nothing else, whatever a message or a file's name says; pages of
# documents are pictures that were fetched with the access token, so they are blobs.
POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:"),
        *("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        *("require-trusted-types-for 'script'", "trusted-types 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    # A browser looks up the hosts of links before anybody follows one, which tells their names.
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class File:
    """What is sent of a file, as it is and compressed."""

    body: bytes
    packed: bytes
    media_type: str
    tag: str


@dataclass(frozen=True, slots=True)
class Console:
    """All files by their names; `version` is another one if any of them is."""

    files: dict[str, File]
    version: str


@cache
def console(name: str) -> Console:
    """Read all files, once; `name` is what the page is called."""
    paths = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in TYPES]
    bodies = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}
    digest = hashlib.sha256()
    for place, body in bodies.items():
        digest.update(place.encode() + b"\0" + hashlib.sha256(body).digest())
    version = digest.hexdigest()[:16]
    bodies[PAGE] = _filled(bodies[PAGE].decode(), name, version, list(bodies)).encode()
    return Console({place: _file(place, body) for place, body in bodies.items()}, version)


def _filled(page: str, name: str, version: str, places: list[str]) -> str:
    """Name the version in the page, and all modules, so that none waits for another."""
    modules = "\n".join(
        f'<link rel="modulepreload" href="/app/{version}/{place}">'
        for place in places
        if place.endswith(".js")
    )
    page = page.replace("<!-- modules -->", modules).replace("{version}", version)
    return page.replace("{name}", str(escape(name)))


def _file(place: str, body: bytes) -> File:
    packed = gzip.compress(body, mtime=0)
    tag = hashlib.sha256(body).hexdigest()[:32]
    return File(body, packed, TYPES[Path(place).suffix], tag)


@blp.get("")
@allow(public=True)
def page() -> Response:
    """Return the page, which asks for the rest."""
    found = console(settings.app_name)
    return _answer(found.files[PAGE], "no-cache")


@blp.get("/<version>/<path:place>")
@allow(public=True)
def file(version: str, place: str) -> Response:
    """Return a file of the console; under its own version it never changes."""
    found = console(settings.app_name)
    if place not in found.files or place == PAGE:
        abort(404)
    lasting = version == found.version
    # While releases work beside each other, a page of one asks the other for its files.
    return _answer(found.files[place], "public, max-age=31536000, immutable" if lasting else None)


def _answer(sent: File, caching: str | None) -> Response:
    packs = request.accept_encodings.quality("gzip") > 0
    response = Response(
        sent.packed if packs else sent.body, content_type=f"{sent.media_type}; charset=utf-8"
    )
    response.headers.update(HEADERS)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = caching or "no-store"
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(sent.tag, weak=True)
    response.make_conditional(request)
    return response
