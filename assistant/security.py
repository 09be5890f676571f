"""Who may call what: every endpoint says so with `@allow`, or the application does not start."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from flask import Flask, g, request

from assistant import refresh_cookie
from assistant.config import Settings
from assistant.errors import InsufficientScope, InvalidCredentials, InvalidToken, PermissionDenied
from assistant.extensions import jwt
from assistant.middleware import client_address, vouch
from assistant.models import Role, Scope
from assistant.services import jobs
from assistant.services.accounts import (
    access_tokens,
    key_cache,
    key_text,
    request_limits,
    session_cache,
    sessions,
    tickets,
    users,
)
from assistant.services.accounts.caller import Caller
from assistant.services.jobs import SharedRead, job_table

# Whoever watches over the application asks often, and is not to be told a wrong thing; a browser
# fetches some sixty files of the console at once.
UNCOUNTED = ("health", "console")

P = ParamSpec("P")
R = TypeVar("R")

# Views that Flask and flask-smorest add by themselves; all of them are open.
OPEN_ENDPOINTS = frozenset({"static", "api-docs.openapi_json", "api-docs.openapi_swagger_ui"})


def init_app(app: Flask, settings: Settings) -> None:
    """Set up tokens: one algorithm, an issuer, an audience."""
    app.config.update(
        JWT_SECRET_KEY=next(iter(settings.signing_keys), None),
        JWT_ALGORITHM=access_tokens.ALGORITHM,
        JWT_ENCODE_ISSUER=access_tokens.NAME,
        JWT_ENCODE_AUDIENCE=access_tokens.NAME,
    )
    jwt.init_app(app)


class Access(NamedTuple):
    """Who may call an endpoint; see `allow`."""

    scope: Scope
    role: Role | None
    public: bool
    with_job: bool
    ticket: bool
    signed_in: bool
    by_cookie: bool


def allow(
    *,
    scope: str = Scope.READ,
    role: Role | None = None,
    public: bool = False,
    with_job: bool = False,
    ticket: bool = False,
    signed_in: bool = False,
    by_cookie: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say who may call an endpoint.

    `scope` is what a program's key must carry, `role` what the user must be; `public` lets
    everybody in. `with_job` reads the job of the path in the same round trip as the session, for
    `shared_read`. `ticket` lets in who has a ticket for the job of the path. `signed_in` takes no
    key at all: what could lock its user out, or what makes or changes somebody for good; where that
    depends on who or what it is about, the view calls `demand_session`. `by_cookie` lets in who has
    no access token that is good, and the cookie of a refresh token.
    """
    access = Access(Scope(scope), role, public, with_job, ticket, signed_in, by_cookie)

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not public:
                _let_in(access, cast("uuid.UUID | None", kwargs.get("job_id")))
            elif request.blueprint not in UNCOUNTED:
                count_request(client_address())
            return view(*args, **kwargs)

        documented = cast(Any, guarded)
        documented.access = access
        docs = dict(getattr(view, "_apidoc", {}))
        docs["manual_doc"] = {**docs.get("manual_doc", {}), "security": _requirement(access)}
        documented._apidoc = docs
        return guarded

    return decorate


def _let_in(access: Access, job_id: uuid.UUID | None) -> None:
    """Keep who makes this request, and the job of the path, or raise what is wrong."""
    try:
        g.caller = _identify(access, job_id)
    except InvalidCredentials:
        count_request(client_address())
        raise
    vouch()
    count_request(client_address(), g.caller)
    demand_scope(access.scope)
    if access.signed_in:
        demand_session()
    if access.role is not None:
        users.demand_role(g.caller.user_id, access.role)


def _identify(access: Access, job_id: uuid.UUID | None) -> Caller:
    if access.ticket and "ticket" in request.args:
        return tickets.redeem(request.args["ticket"], cast(uuid.UUID, job_id))
    g.job = SharedRead(cast(uuid.UUID, job_id)) if access.with_job else None
    try:
        return authenticate(_bearer(), g.job)
    except InvalidCredentials:
        # Also of who sends an access token that has ended.
        token = refresh_cookie.sent() if access.by_cookie else None
        if token is None:
            raise
    return sessions.holder_of(token)


def count_request(address: str | None, by: Caller | None = None) -> None:
    """Count a request, or what is like one; raises `RateLimited` if it is one too many."""
    key_id = by.key.id if by is not None and by.key is not None else None
    g.counted = request_limits.count(by.user_id if by is not None else None, key_id, address)
    if g.counted is not None and g.counted.refused:
        raise request_limits.refusal(g.counted)


def _requirement(access: Access) -> list[dict[str, list[str]]]:
    if access.public:
        return []
    signed_in: list[dict[str, list[str]]] = [{"password": []}, {"bearer": []}]
    if not access.signed_in:
        signed_in.append({"key": [access.scope.value]})
    return [*signed_in, {"ticket": []}] if access.ticket else signed_in


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidCredentials("Send an access token or an API key as `Authorization: Bearer …`.")
    return token.strip()


def authenticate(token: str, job: SharedRead | None = None) -> Caller:
    """Return whose access token or key this is, if it is good now; raises `InvalidCredentials`.

    The `job` that is asked for is read along with the session.
    """
    try:
        if key_text.looks_like_one(token):
            return key_cache.authenticate(key_text.digest_of(token), job)
        user_id, session_id = access_tokens.read(token)
        return session_cache.authenticate(user_id, session_id, job)
    except InvalidCredentials as error:
        raise InvalidToken(error.detail) from None


def demand_again(job_id: uuid.UUID) -> None:
    """Raise `InvalidCredentials` if the session or key has ended since the request began.

    What may read only this job still may; a key has to be for reading.
    """
    g.caller = authenticate(_bearer(), SharedRead(job_id))
    demand_scope(Scope.READ)


def demand_scope(scope: Scope, of: Caller | None = None) -> None:
    """Raise `InsufficientScope` if the caller is a program whose key is not for this."""
    key = (of or caller()).key
    if key is not None and scope not in key.scopes:
        raise InsufficientScope(
            f"This API key lacks the scope {scope.value}. Use one that has it, or make one with "
            "POST /api-keys."
        )


def demand_scope_of(job_id: uuid.UUID) -> None:
    """Raise `InsufficientScope` if a key is not for what a job of the caller's does."""
    if caller().key is not None:
        demand_scope(job_table().kind_of(jobs.get(caller_id(), job_id)).scope)


def demand_session() -> None:
    """Raise `PermissionDenied` if the caller is a program with a key."""
    if caller().key is not None:
        raise PermissionDenied("No API key may do this. Sign in, and use an access token.")


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
