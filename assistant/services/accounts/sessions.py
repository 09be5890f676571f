"""Sign-ins: tokens that can be revoked, and refresh tokens that work once."""

import base64
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Transaction
from uuid_utils.compat import uuid7

from assistant.adapters.passwords import UNKNOWN_USER, Asker, hash_password, verify_password
from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidCredentials
from assistant.extensions import settings
from assistant.models import Action, Session, User
from assistant.names import folded
from assistant.services import audit
from assistant.services.accounts import access_tokens, names, throttle
from assistant.services.accounts.caller import Caller
from assistant.services.accounts.session_cache import forget
from assistant.strangers import strangers_transaction

# A client whose answer got lost may use its last refresh token again for this long.
GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh hands out."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _hand_out(user_id: uuid.UUID, session_id: uuid.UUID, refresh_token: str) -> Tokens:
    access_token, seconds = access_tokens.issue(user_id, session_id)
    return Tokens(access_token, refresh_token, seconds)


def sign_in(
    username: str,
    password: str,
    user_agent: str | None = None,
    sender: str | None = None,
    address: str | None = None,
) -> Tokens:
    """Check a password and start a session; raises `InvalidCredentials`.

    Whoever tries much, under one name or from one `sender`, waits behind others, and whoever fails
    often is not let in for a while (`RateLimited`). The `address` is the sender, if it is known to
    be the client and no proxy.
    """
    asker = Asker(folded(username), sender)
    with strangers_transaction(SYSTEM) as session:
        user = names.find(session, username)
        counters = throttle.counters_of(session, username, user, sender, address)
    # The password is checked with no transaction open, and also for a name that does not exist.
    kept = user.password_hash if user else UNKNOWN_USER
    with throttle.trying(counters):
        verdict = verify_password(kept, password, asker)
    if user is None or not verdict.right or not user.is_active:
        with strangers_transaction(SYSTEM) as session:
            audit.note(session, Action.SIGN_IN_FAILED, user.id if user else None)
        raise InvalidCredentials("The username or the password is wrong.")
    new_hash = hash_password(password, asker) if verdict.outdated else None
    with transaction(SYSTEM) as session:
        if is_still := _has_still(session, user):
            tokens = _open(session, user.id, user_agent)
            throttle.clear(session, counters)
            throttle.remember(session, user.id, address or sender)
            if new_hash:
                mine = update(User).where(User.id == user.id)
                session.execute(mine.values(password_hash=new_hash))
    if not is_still:
        return sign_in(username, password, user_agent, sender, address)
    return tokens


def _has_still(session: Transaction, user: User) -> bool:
    """Return whether a user still has the hash that was looked at, and keep it for this moment.

    Or whoever is signing in with a password while it is changed would outlast the change.
    """
    mine = select(User.password_hash).where(User.id == user.id)
    return session.scalar(mine.with_for_update(key_share=True)) == user.password_hash


def _open(session: Transaction, user_id: uuid.UUID, user_agent: str | None) -> Tokens:
    """Begin a session within a transaction of the system."""
    session_id = uuid7()
    refresh_token = _refresh_token(session_id, secrets.token_bytes(32))
    opened = Session(
        id=session_id,
        owner_id=user_id,
        refresh_hash=_digest(refresh_token),
        user_agent=(user_agent or "")[:256] or None,
        expires_at=datetime.now(UTC) + timedelta(days=settings.refresh_token_expire_days),
    )
    session.add(opened)
    audit.note(session, Action.SIGNED_IN, user_id, actor_id=user_id, session_id=str(session_id))
    return _hand_out(user_id, session_id, refresh_token)


def refresh(refresh_token: str) -> Tokens:
    """Change a refresh token for a new pair; raises `InvalidCredentials`.

    A token that was used before, however long ago, ends its whole session (RFC 9700). Only the
    last one may come again within a short grace, since its answer may have been lost, and then
    gets the same successor: whichever answer arrives, its token is good.
    """
    session_id = _session_of(refresh_token)
    digest, successors = _digest(refresh_token), _successors(session_id, refresh_token)
    new_token = successors[0]
    with transaction(SYSTEM) as session:
        found = _alive(session, session_id)
        if found is None:
            raise InvalidCredentials("The refresh token is wrong or expired. Sign in again.")
        is_last = found.previous_hash == digest and _in_grace(session, found)
        stolen = found.refresh_hash != digest and not is_last
        if stolen:
            found.revoked_at = func.now()
            audit.note(session, Action.REFRESH_REUSED, found.owner_id, session_id=str(session_id))
        elif is_last:
            # The key may have been changed since the answer that got lost.
            given = (token for token in successors if _digest(token) == found.refresh_hash)
            new_token = next(given, new_token)
        else:
            found.previous_hash, found.refresh_hash = digest, _digest(new_token)
            found.rotated_at = found.last_used_at = func.now()
    if stolen:
        forget([found.id])
        raise InvalidCredentials("The refresh token was used before. Sign in again.")
    return _hand_out(found.owner_id, found.id, new_token)


def holder_of(refresh_token: str) -> Caller:
    """Return who has signed in with what this token is of; raises `InvalidCredentials`."""
    session_id = _session_of(refresh_token)
    with transaction(SYSTEM) as session:
        found = _alive(session, session_id)
        known = found is not None and (
            found.refresh_hash == _digest(refresh_token)
            or (found.previous_hash == _digest(refresh_token) and _in_grace(session, found))
        )
        if found is None or not known:
            raise InvalidCredentials("The refresh token is wrong or expired. Sign in again.")
        return Caller(found.owner_id, session_id)


def _refresh_token(session_id: uuid.UUID, secret: bytes) -> str:
    """Write a token that names its session, so that an old one is known for what it is."""
    return base64.urlsafe_b64encode(session_id.bytes + secret).decode()


def _session_of(refresh_token: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(refresh_token)[:16])
    except ValueError:
        raise InvalidCredentials("The refresh token is not one. Sign in again.") from None


def _successors(session_id: uuid.UUID, refresh_token: str) -> list[str]:
    """Return what follows a token by the key of now, and by the one before."""
    return [
        _refresh_token(session_id, hmac.digest(key.encode(), refresh_token.encode(), "sha256"))
        for key in settings.signing_keys
    ]


def _alive(session: Transaction, session_id: uuid.UUID) -> Session | None:
    return session.scalar(
        select(Session)
        .join(User, User.id == Session.owner_id)
        .where(Session.id == session_id)
        .where(Session.revoked_at.is_(None), Session.expires_at > func.now(), User.is_active)
        .with_for_update(of=Session)
    )


def _in_grace(session: Transaction, found: Session) -> bool:
    limit = func.now() - timedelta(seconds=GRACE_SECONDS)
    return bool(session.scalar(select(Session.rotated_at > limit).where(Session.id == found.id)))


def sign_out(caller: Caller) -> None:
    """End the caller's session: its tokens are worthless from now on."""
    with transaction(caller.user_id) as session:
        session.execute(
            update(Session).where(Session.id == caller.session_id).values(revoked_at=func.now())
        )
        audit.note(session, Action.SIGNED_OUT, caller.user_id, session_id=str(caller.session_id))
    forget([caller.session_id])


def end_all(
    session: Transaction, user_id: uuid.UUID, *, but: uuid.UUID | None = None
) -> list[uuid.UUID]:
    """End every session of a user within a transaction; then call `forget` with what it returns.

    The session `but` goes on.
    """
    ending = update(Session).where(Session.owner_id == user_id, Session.revoked_at.is_(None))
    if but is not None:
        ending = ending.where(Session.id != but)
    return list(session.scalars(ending.values(revoked_at=func.now()).returning(Session.id)))
