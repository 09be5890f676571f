"""Access tokens: each names the key that signed it, so that keys can be changed in passing."""

import hashlib
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from flask_jwt_extended import create_access_token
from jwt import (
    ExpiredSignatureError,
    InvalidSignatureError,
    PyJWS,
    PyJWTError,
    decode,
    get_unverified_header,
)

from assistant.errors import InvalidCredentials
from assistant.extensions import settings

NAME = "assistant"
ALGORITHM = "HS256"
REQUIRED_CLAIMS = ("exp", "iat", "jti", "iss", "aud", "sub", "sid")
_signatures = PyJWS()


def issue(user_id: uuid.UUID, session_id: uuid.UUID) -> tuple[str, int]:
    """Return a token for a session, and for how many seconds it is good."""
    lifetime = timedelta(minutes=settings.access_token_expire_minutes)
    token = create_access_token(
        identity=str(user_id),
        expires_delta=lifetime,
        additional_claims={"sid": str(session_id)},
        additional_headers={"kid": key_id(settings.signing_keys[0])},
    )
    return token, int(lifetime.total_seconds())


def read(token: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the user and the session of a token; raises `InvalidCredentials`."""
    user_id, session_id, expires_at = _claims_of(token, tuple(settings.signing_keys))
    if time.time() >= expires_at:
        raise _expired()
    return user_id, session_id


@lru_cache(maxsize=8)
def key_id(key: str) -> str:
    """Return the name of a key, which says nothing of it."""
    return hashlib.sha256(f"key id of {key}".encode()).hexdigest()[:16]


@lru_cache(maxsize=8192)
def _claims_of(token: str, keys: tuple[str, ...]) -> tuple[uuid.UUID, uuid.UUID, float]:
    """Check a token and return its user, session and end; every bad one is 401.

    A signature does not change, so a token is checked once in each process for the same `keys`.
    Its end and its session are looked at in every request.
    """
    try:
        claims = decode(
            token,
            _key_of(token, keys),
            algorithms=[ALGORITHM],
            issuer=NAME,
            audience=NAME,
            options={"require": [*REQUIRED_CLAIMS]},
        )
        lacking = any(claims[name] in (None, "") for name in REQUIRED_CLAIMS)
        if lacking or claims["type"] != "access":
            raise ValueError
        return uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]), float(claims["exp"])
    except ExpiredSignatureError:
        raise _expired() from None
    except (PyJWTError, KeyError, TypeError, ValueError, AttributeError):
        raise InvalidCredentials("The access token is not valid. Sign in again.") from None


def _key_of(token: str, keys: tuple[str, ...]) -> str:
    """Return the one of our keys that signed a token, or raise `ValueError`.

    A token of a release before this one names none.
    """
    named = get_unverified_header(token).get("kid")
    for key in keys:
        if named is None:
            with suppress(InvalidSignatureError):
                _signatures.decode(token, key, algorithms=[ALGORITHM])
                return key
        elif key_id(key) == named:
            return key
    raise ValueError


def _expired() -> InvalidCredentials:
    return InvalidCredentials("The access token has expired. Refresh it or sign in again.")
