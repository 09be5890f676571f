"""Endpoints for registering, signing in, renewing tokens and signing out."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import request

from assistant import refresh_cookie
from assistant.api import oauth
from assistant.api.arguments import StrictBlueprint, parser
from assistant.api.idempotency import idempotent, nobody
from assistant.errors import InvalidInput
from assistant.extensions import settings
from assistant.middleware import client_address, sender_address
from assistant.models import User
from assistant.schemas.auth import (
    AuthOptionsSchema,
    GrantSchema,
    PasswordByLinkSchema,
    RefreshSchema,
    RegistrationSchema,
    TokenRequestSchema,
    TokensSchema,
    UserSchema,
)
from assistant.security import allow, caller, caller_id
from assistant.services.accounts import invitations, password_links, sessions, users
from assistant.services.accounts.sessions import Tokens

blp = StrictBlueprint("auth", __name__, url_prefix="/auth", description="Sign-in and tokens")
blp.after_request(oauth.name_error)

PASSWORD_GRANT = "With `password`: the grant `password`, which is meant if none is named"
REFRESH_GRANT = "With the grant `refresh_token`: the last one that came"
# JSON is taken too, but only the form is documented: with two kinds of body for one operation,
# openapi-python-client writes a module that cannot be imported (its issue 1451).
TOKEN_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "username": {"type": "string", "description": PASSWORD_GRANT},
                        "password": {"type": "string", "format": "password"},
                        "grant_type": {"type": "string", "enum": list(oauth.GRANTS)},
                        "refresh_token": {"type": "string", "description": REFRESH_GRANT},
                        "cookie": {
                            "type": "boolean",
                            "description": "Give the refresh token as a cookie, for browsers",
                        },
                    },
                }
            }
        },
    },
    "responses": {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 422: HTTPStatus(422).name},
}

# A form is taken too, and for the same reason not documented: /auth/token takes one for this.
REFRESH_REQUEST = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": RefreshSchema}},
    },
    "responses": {422: HTTPStatus(422).name},
}


@blp.post("/register")
@allow(public=True)
@blp.arguments(RegistrationSchema)
@idempotent(nobody, prepare=lambda user: invitations.prepare(user, sender_address()))
@blp.response(201, UserSchema)
@blp.alt_response(403, "FORBIDDEN")
def register(user: dict[str, Any]) -> User:
    """Create a user.

    Where registration is by invitation, the `invitation` works once.
    """
    return users.register(**user)


@blp.get("/options")
@allow(public=True)
@blp.response(200, AuthOptionsSchema)
def get_auth_options() -> dict[str, Any]:
    """Say who may register, and how people sign in."""
    return {"registration": settings.registration, "passwords": True}


@blp.post("/password")
@allow(public=True)
@blp.arguments(PasswordByLinkSchema)
@blp.response(204)
@blp.alt_response(403, "FORBIDDEN")
def set_forgotten_password(body: dict[str, str]) -> None:
    """Set a new password with what an administrator's link brought; it works once.

    It ends all sessions of the user, and revokes all API keys.
    """
    password_links.use(body["token"], body["password"], sender_address())


@blp.post("/token")
@allow(public=True)
@blp.doc(**TOKEN_REQUEST)
@blp.response(200, TokensSchema)
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
@blp.alt_response(429, "TOO_MANY_REQUESTS")
def create_token() -> dict[str, Any]:
    """Sign in with a username (or e-mail address) and a password, or renew with a refresh token.

    Takes a form, as OAuth2's grants `password` and `refresh_token` have it, or the same members as
    JSON. With `cookie` the refresh token comes only as a cookie, which no script can read, for the
    refresh and logout paths. What an error says in `error` is RFC 6749's word for it.
    """
    grant = oauth.demand_grant(_form_or_json(GrantSchema)["grant_type"])
    if grant == oauth.REFRESH:
        return _renewed(_form_or_json(RefreshSchema).get("refresh_token"))
    given = _form_or_json(TokenRequestSchema)
    in_cookie = given.pop("cookie")
    if in_cookie:
        refresh_cookie.demand_our_page()
    tokens = sessions.sign_in(
        **given,
        user_agent=request.headers.get("User-Agent"),
        sender=sender_address(),
        address=client_address(),
    )
    return _handed_out(tokens, in_cookie=in_cookie)


@blp.post("/refresh")
@allow(public=True)
@blp.doc(**REFRESH_REQUEST)
@blp.response(200, TokensSchema)
@blp.alt_response(401, "UNAUTHORIZED")
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def refresh() -> dict[str, Any]:
    """Change a refresh token for a new pair; each one works once.

    One that came as a cookie is answered with one.
    """
    token = _form_or_json(RefreshSchema).get("refresh_token")
    in_cookie = refresh_cookie.sent() if token is None else None
    if in_cookie is not None:
        return _handed_out(sessions.refresh(in_cookie), in_cookie=True)
    return _renewed(token)


def _renewed(token: str | None) -> dict[str, Any]:
    if token is None:
        raise InvalidInput("Missing data for required field.", pointer="/refresh_token")
    return _handed_out(sessions.refresh(token), in_cookie=False)


def _handed_out(tokens: Tokens, *, in_cookie: bool) -> dict[str, Any]:
    body = asdict(tokens)
    if in_cookie:
        refresh_cookie.give(body.pop("refresh_token"))
    return body


@blp.post("/logout")
@allow(scope="write", signed_in=True, by_cookie=True)
@blp.response(204)
def logout() -> None:
    """End this session; its tokens are worthless at once.

    Without an access token that is good, the cookie of a refresh token says which session it is.
    """
    refresh_cookie.take_back()
    sessions.sign_out(caller())


@blp.get("/me")
@allow()
@blp.response(200, UserSchema)
def me() -> User:
    """Return who you are."""
    return users.get(caller_id())


def _form_or_json(schema: type) -> dict[str, Any]:
    location = oauth.location(request)
    found: dict[str, Any] = parser.parse(schema, request, location=location)
    return found
