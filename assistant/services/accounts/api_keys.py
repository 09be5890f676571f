"""Keys for programs: made, listed and revoked."""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from assistant.models import Action, ApiKey, Role, Scope, User
from assistant.services import audit
from assistant.services.accounts import key_cache, key_text
from assistant.services.accounts.caller import Caller
from assistant.services.paging import Page, page_of

# A page of a list; who has more has lost sight of them.
MOST = 100


def create(
    caller: Caller, name: str, scopes: Collection[Scope], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key for the caller, and return it with its text, which nobody can read again.

    Raises `PermissionDenied` if it could do more than whoever asks for it, or for longer.
    """
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput("Give a moment that is still to come.", pointer="#/expires_at")
    _demand_rights(caller, scopes, expires_at)
    text = key_text.new()
    made = ApiKey(
        id=uuid7(),
        owner_id=caller.user_id,
        name=name,
        prefix=text[: key_text.SHOWN],
        digest=key_text.digest_of(text),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    with transaction(caller.user_id) as session:
        _demand_room(session, caller.user_id, scopes)
        session.add(made)
        session.flush()
        session.refresh(made)
        audit.note(
            *(session, Action.KEY_CREATED, caller.user_id),
            api_key_id=str(made.id),
            scopes=made.scopes,
        )
    return made, text


def _demand_rights(caller: Caller, scopes: Collection[Scope], expires_at: datetime | None) -> None:
    if caller.key is None:
        return
    if lacking := sorted(set(scopes) - caller.key.scopes):
        raise PermissionDenied(
            f"A key cannot make one that can do more: yours lacks {', '.join(lacking)}. Ask for "
            "less, or sign in."
        )
    ends = caller.key.expires_at
    if ends is not None and (expires_at is None or expires_at > ends):
        raise PermissionDenied(
            "A key cannot make one that lasts longer. Ask for one that expires at "
            f"{ends.isoformat()} or before, or sign in."
        )


def _demand_room(session: Session, user_id: uuid.UUID, scopes: Collection[Scope]) -> None:
    # Locked, so that two at once are counted, and nobody is shut out or demoted in between.
    user = session.scalars(
        select(User).where(User.id == user_id).with_for_update(key_share=True)
    ).one()
    if not user.is_active:
        raise Conflict("This user is shut out. Enable the account first.")
    if Scope.ADMIN in scopes and user.role != Role.ADMIN:
        raise PermissionDenied(
            "Only an administrator's key can have the scope admin. Leave it out."
        )
    mine = ApiKey.owner_id == user_id
    if (session.scalar(select(func.count()).where(mine)) or 0) < MOST:
        return
    # The expired ones make room: so there are never more rows than a page of the list.
    expired = delete(ApiKey).where(mine, ApiKey.expires_at <= func.now()).returning(ApiKey.id)
    if not session.scalars(expired).all():
        raise Conflict(f"There are {MOST} keys already. Revoke one first.")


def get(owner_id: uuid.UUID, key_id: uuid.UUID) -> ApiKey:
    """Return a key; raises `NotFound`."""
    with transaction(owner_id) as session:
        found = session.scalar(
            select(ApiKey).where(ApiKey.id == key_id, ApiKey.owner_id == owner_id)
        )
    if found is None:
        raise _not_there()
    return found


def list_(owner_id: uuid.UUID, page: Page) -> list[ApiKey]:
    """Return a user's keys, newest first."""
    with transaction(owner_id) as session:
        return page_of(session, select(ApiKey).where(ApiKey.owner_id == owner_id), ApiKey, page)


def revoke(caller: Caller | None, key_id: uuid.UUID) -> None:
    """Let a key be worthless at once, and forget it; raises `NotFound`.

    A key may revoke only itself, or a leaked one could shut out the others. Without a caller it may
    be anybody's, for the command line.
    """
    unwanted = delete(ApiKey).where(ApiKey.id == key_id)
    if caller is not None:
        if caller.key is not None and caller.key.id != get(caller.user_id, key_id).id:
            raise PermissionDenied("A key can revoke only itself. Sign in to revoke another one.")
        unwanted = unwanted.where(ApiKey.owner_id == caller.user_id)
    with transaction(SYSTEM if caller is None else caller.user_id) as session:
        gone = session.execute(unwanted.returning(ApiKey.digest, ApiKey.owner_id)).one_or_none()
        if gone is None:
            raise _not_there()
        audit.note(session, Action.KEY_REVOKED, gone.owner_id, api_key_id=str(key_id))
    key_cache.forget([gone.digest])


def digests_of(session: Session, user_id: uuid.UUID) -> list[bytes]:
    """Return what `key_cache.forget` takes for all keys of a user, within a transaction."""
    return list(session.scalars(select(ApiKey.digest).where(ApiKey.owner_id == user_id)))


def remove_all(session: Session, user_id: uuid.UUID) -> list[bytes]:
    """Remove all keys of a user within a transaction; then call `key_cache.forget` with them."""
    gone = delete(ApiKey).where(ApiKey.owner_id == user_id).returning(ApiKey.digest)
    return list(session.scalars(gone))


def _not_there() -> NotFound:
    return NotFound("There is no API key with this id. GET /api-keys lists yours.")
