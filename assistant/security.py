"""Who may call what: every endpoint says so with `@allow`, or the application does not start."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar, cast

from flask import Flask, g
from flask_jwt_extended import get_jwt, verify_jwt_in_request

from assistant.config import Settings
from assistant.errors import InvalidCredentials, PermissionDenied
from assistant.extensions import jwt
from assistant.models import Role
from assistant.services import sessions
from assistant.services.sessions import Caller

P = ParamSpec("P")
R = TypeVar("R")
Scope = Literal["read", "write", "admin"]

NAME = "assistant"
REQUIRED_CLAIMS = ("exp", "iat", "jti", "iss", "aud", "sub", "sid")
# Views that Flask and flask-smorest add by themselves; all of them are open.
OPEN_ENDPOINTS = frozenset({"static", "api-docs.openapi_json", "api-docs.openapi_swagger_ui"})


def init_app(app: Flask, settings: Settings) -> None:
    """Set up tokens: one algorithm, an issuer, an audience, and 401 for every bad credential."""
    secret = settings.secret_key
    app.config.update(
        JWT_SECRET_KEY=secret.get_secret_value() if secret else None,
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ENCODE_ISSUER=NAME,
        JWT_DECODE_ISSUER=NAME,
        JWT_ENCODE_AUDIENCE=NAME,
        JWT_DECODE_AUDIENCE=NAME,
    )
    jwt.init_app(app)
    jwt.unauthorized_loader(_refuse("Send an access token as `Authorization: Bearer …`."))
    jwt.invalid_token_loader(_refuse("The access token is not valid. Sign in again."))
    jwt.token_verification_failed_loader(_refuse("The access token is not valid. Sign in again."))
    jwt.expired_token_loader(_refuse("The access token has expired. Refresh it or sign in again."))


def _refuse(detail: str) -> Callable[..., NoReturn]:
    def loader(*_: Any) -> NoReturn:
        raise InvalidCredentials(detail)

    return loader


def allow(
    *, scope: Scope = "read", role: Role | None = None, public: bool = False, with_job: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say who may call an endpoint.

    `scope` is what a program's key must carry, `role` what the user must be; `public` lets
    everybody in. `with_job` reads the job of the path in the same round trip as the session, and
    leaves the copy in `g.job_copy`.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not public:
                job_id = cast(uuid.UUID | None, kwargs.get("job_id")) if with_job else None
                g.caller, g.job_copy = _authenticate(job_id)
                if role is not None and g.caller.role != role:
                    raise PermissionDenied("This is for administrators only.")
            return view(*args, **kwargs)

        documented = cast(Any, guarded)
        documented.access = {"scope": scope, "role": role, "public": public}
        docs = dict(getattr(view, "_apidoc", {}))
        docs["manual_doc"] = {**docs.get("manual_doc", {}), "security": _requirement(public)}
        documented._apidoc = docs
        return guarded

    return decorate


def _requirement(public: bool) -> list[dict[str, list[str]]]:
    return [] if public else [{"password": []}, {"bearer": []}]


def _authenticate(job_id: uuid.UUID | None) -> tuple[Caller, list[bytes | None] | None]:
    verify_jwt_in_request()
    claims = get_jwt()
    try:
        if any(claims[name] in (None, "") for name in REQUIRED_CLAIMS):
            raise ValueError
        user_id, session_id = uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidCredentials("The access token is not valid. Sign in again.") from None
    return sessions.authenticate(user_id, session_id, job_id)


def caller() -> Caller:
    """Return who makes this request."""
    return cast(Caller, g.caller)


def caller_id() -> uuid.UUID:
    """Return the id of the user who makes this request."""
    return caller().user_id


def check_endpoints(app: Flask) -> None:
    """Refuse to start with an endpoint that does not say who may call it."""
    undeclared = [
        name
        for name, view in app.view_functions.items()
        if name not in OPEN_ENDPOINTS and not hasattr(view, "access")
    ]
    if undeclared:
        raise RuntimeError(f"These endpoints lack @allow: {', '.join(sorted(undeclared))}")
