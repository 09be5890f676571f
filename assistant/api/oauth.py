"""What OAuth2 (RFC 6749) has requests for tokens look like, and their errors."""

import json
import re

from flask import Request, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from assistant.errors import UnsupportedGrant
from assistant.problems import MEDIA_TYPE

PASSWORD, REFRESH = "password", "refresh_token"
GRANTS = (PASSWORD, REFRESH)
ENDPOINTS = ("auth.create_token", "auth.refresh")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

# What RFC 6749 calls it, by the status; there is none for one that may pass but among those of
# the authorization endpoint.
ERRORS = {401: "invalid_grant", 429: "temporarily_unavailable", 503: "temporarily_unavailable"}
# What an `error_description` may have beside ASCII letters and signs.
UNSAYABLE = re.compile(r"[^ !#-\[\]-~]")


def location(asked: Request) -> str:
    """Return where the body's members are, for a parser; raises `UnsupportedMediaType`."""
    if asked.is_json:
        return "json"
    has_body = asked.content_length or "Transfer-Encoding" in asked.headers
    if has_body and asked.mimetype not in FORMS:
        raise UnsupportedMediaType(
            "Send a form, with `Content-Type: application/x-www-form-urlencoded`, or JSON."
        )
    return "form"


def demand_grant(grant: str | None) -> str:
    """Return the grant that is asked for; raises `UnsupportedGrant` for an unknown one."""
    if not grant:
        return PASSWORD
    if grant not in GRANTS:
        raise UnsupportedGrant(f"There is no such grant here. Use one of: {', '.join(GRANTS)}.")
    return grant


def name_error(response: Response) -> Response:
    """Say beside a problem's members what clients of OAuth2 look for."""
    if request.endpoint in ENDPOINTS and response.mimetype == MEDIA_TYPE:
        problem = json.loads(response.get_data())
        status = response.status_code
        word = "server_error" if status >= 500 else "invalid_request"
        if status == UnsupportedGrant.status and problem.get("code") == UnsupportedGrant.code:
            word = UnsupportedGrant.code
        problem["error"] = ERRORS.get(status, word)
        problem["error_description"] = UNSAYABLE.sub("'", problem["detail"])
        response.set_data(json.dumps(problem))
    return response
