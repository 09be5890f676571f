"""The refresh token as a cookie that no script of a page can read, for browsers that ask for it.

It goes to two paths only, and with nothing that a page of another site sends. Which page a request
comes from is checked all the same, by its `Origin`, which browsers send with every POST.
"""

from flask import Response, after_this_request, current_app, request

from assistant import addresses
from assistant.errors import PermissionDenied

NAME = "refresh_token"
PATHS = ("/api/v1/auth/refresh", "/api/v1/auth/logout")
DAY = 24 * 3600


def sent() -> str | None:
    """Return the token that came in the cookie, if any; raises `PermissionDenied` as below."""
    token = request.cookies.get(NAME)
    if token:
        demand_our_page()
    return token or None


def demand_our_page() -> None:
    """Raise `PermissionDenied` unless a page of ours, or one that is allowed, sends this."""
    origin = request.headers.get("Origin", "")
    scheme, _, host = origin.partition("://")
    schemes = ("https",) if request.is_secure else ("http", "https")
    is_ours = host == request.host and scheme in schemes
    # A proxy may have changed the host of the request.
    is_ours = is_ours or origin == _public_origin()
    if not is_ours and origin not in current_app.extensions["settings"].allowed_origins:
        raise PermissionDenied(
            "With the cookie of a refresh token this answers pages of this host only, of that in "
            "PUBLIC_URL, and those of ALLOWED_ORIGINS, by the header Origin. Programs send the "
            "token in the body."
        )


def give(token: str) -> None:
    """Let the answer to this request set the cookie."""
    days: int = current_app.extensions["settings"].refresh_token_expire_days

    @after_this_request
    def add(response: Response) -> Response:
        for path in PATHS:
            response.set_cookie(
                *(NAME, token),
                max_age=days * DAY,
                path=path,
                secure=_is_for_https(),
                httponly=True,
                samesite="Strict",
            )
        return response


def take_back() -> None:
    """Let the answer to this request remove the cookie, if there is one."""
    if not request.cookies.get(NAME):
        return

    @after_this_request
    def remove(response: Response) -> Response:
        for path in PATHS:
            response.delete_cookie(
                NAME, path=path, secure=_is_for_https(), httponly=True, samesite="Strict"
            )
        return response


def _is_for_https() -> bool:
    """Return whether clients come by HTTPS, though a proxy may not tell by what they came."""
    return request.is_secure or (_public_origin() or "").startswith("https://")


def _public_origin() -> str | None:
    return addresses.origin(current_app.extensions["settings"].public_url)
