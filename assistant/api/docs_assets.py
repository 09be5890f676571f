"""Serve the scripts and styles of the documentation page, so that it needs no internet."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

from assistant.security import allow

blp = Blueprint("pages", __name__)

FILES = Path(flask_swagger_ui.__file__).parent / "dist"


@blp.get("/docs/assets/<path:name>")
@allow(public=True)
def asset(name: str) -> Response:
    """Return a script or a style of Swagger UI."""
    response = send_from_directory(FILES, name, max_age=24 * 3600)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@blp.get("/favicon.ico")
@allow(public=True)
def favicon() -> Response:
    """Return the icon that browsers ask for beside every page."""
    return asset("favicon-32x32.png")
