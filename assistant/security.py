"""Who may call what: every endpoint says so with `@allow`, or the application does not start."""

import time
import uuid
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Literal, ParamSpec, TypeVar, cast

from flask import Flask, current_app, g, request
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import ExpiredSignatureError, PyJWTError, decode

from assistant.config import Settings
from assistant.errors import InvalidCredentials
from assistant.extensions import jwt
from assistant.middleware import vouch
from assistant.models import Role
from assistant.services.accounts import session_cache, tickets, users
from assistant.services.accounts.session_cache import Caller
from assistant.services.jobs import SharedRead

P = ParamSpec("P")
R = TypeVar("R")
Scope = Literal["read", "write", "admin"]

NAME = "assistant"
REQUIRED_CLAIMS = ("exp", "iat", "jti", "iss", "aud", "sub", "sid")
# Views that Flask and flask-smorest add by themselves; all of them are open.
OPEN_ENDPOINTS = frozenset({"static", "api-docs.openapi_json", "api-docs.openapi_swagger_ui"})


def init_app(app: Flask, settings: Settings) -> None:
    """Set up tokens: one algorithm, an issuer, an audience."""
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


def allow(
    *,
    scope: Scope = "read",
    role: Role | None = None,
    public: bool = False,
    with_job: bool = False,
    ticket: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say who may call an endpoint.

    `scope` is what a program's key must carry, `role` what the user must be; `public` lets
    everybody in. `with_job` reads the job of the path in the same round trip as the session, for
    `shared_read`. `ticket` lets in who has a ticket for the job of the path.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if ticket and "ticket" in request.args:
                of_job = cast(uuid.UUID, kwargs["job_id"])
                g.caller = tickets.redeem(request.args["ticket"], of_job)
                vouch()
            elif not public:
                g.job = SharedRead(cast(uuid.UUID, kwargs["job_id"])) if with_job else None
                g.caller = authenticate(_bearer(), g.job)
                vouch()
                if role is not None:
                    users.demand_role(g.caller.user_id, role)
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


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidCredentials("Send an access token as `Authorization: Bearer …`.")
    return token.strip()


def authenticate(token: str, job: SharedRead | None = None) -> Caller:
    """Return whose access token this is, if it is good now; raises `InvalidCredentials`.

    The `job` that is asked for is read along with the session.
    """
    user_id, session_id, expires_at = _claims_of(token, current_app.config["JWT_SECRET_KEY"])
    if time.time() >= expires_at:
        raise InvalidCredentials("The access token has expired. Refresh it or sign in again.")
    return session_cache.authenticate(user_id, session_id, job)


def demand_again(job_id: uuid.UUID) -> None:
    """Raise `InvalidCredentials` if the session has ended since the request began.

    What may read only this job still may.
    """
    authenticate(_bearer(), SharedRead(job_id))


@lru_cache(maxsize=8192)
def _claims_of(token: str, key: str) -> tuple[uuid.UUID, uuid.UUID, float]:
    """Check a token and return its user, session and end; every bad one is 401.

    A signature does not change, so a token is checked once in each process for each `key`. Its
    end and its session are checked at every request.
    """
    try:
        decode_token(token)
        # The library fills in what is missing of an id and a type.
        claims = decode(token, options={"verify_signature": False})
        lacking = any(claims[name] in (None, "") for name in REQUIRED_CLAIMS)
        if lacking or claims["type"] != "access":
            raise ValueError
        return uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]), float(claims["exp"])
    except ExpiredSignatureError:
        raise InvalidCredentials(
            "The access token has expired. Refresh it or sign in again."
        ) from None
    except (PyJWTError, JWTExtendedException, KeyError, TypeError, ValueError, AttributeError):
        raise InvalidCredentials("The access token is not valid. Sign in again.") from None


def caller() -> Caller:
    """Return who makes this request."""
    return cast(Caller, g.caller)


def caller_id() -> uuid.UUID:
    """Return the id of the user who makes this request."""
    return caller().user_id


def shared_read() -> SharedRead:
    """Return the job of the path, at an endpoint that is allowed `with_job`."""
    return cast(SharedRead, g.job)


def check_endpoints(app: Flask) -> None:
    """Refuse to start with an endpoint that does not say who may call it."""
    undeclared = [
        name
        for name, view in app.view_functions.items()
        if name not in OPEN_ENDPOINTS and not hasattr(view, "access")
    ]
    if undeclared:
        raise RuntimeError(f"These endpoints lack @allow: {', '.join(sorted(undeclared))}")
