"""The audit log: who signed in, failed to, and changed or deleted what, and whence.

An entry is written in the transaction of what it is about, so that there is one exactly if that
happened. A trigger refuses to change or remove any; see the migration.
"""

import ipaddress
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import g, has_request_context
from sqlalchemy import CursorResult, func, insert, or_, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, table_of, transaction
from assistant.middleware import client_address
from assistant.models import Action, AuditEvent, User
from assistant.models.audit_event import WHOLE_ADDRESS
from assistant.services.paging import Page, page_of

# As the trigger has it.
SHORTENED_AFTER = timedelta(days=30)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with the names that its ids have now, if they are those of users."""

    event: AuditEvent
    actor: str | None
    subject: str | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)


def note(
    session: Session,
    action: Action,
    subject_id: uuid.UUID | None = None,
    *,
    actor_id: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Write that something is done, within the transaction that does it.

    The actor is whoever makes the request, unless it says more.
    """
    caller = g.get("caller") if has_request_context() else None
    entry = {
        "id": uuid7(),
        "at": datetime.now(UTC),
        "action": action.value,
        "actor_id": actor_id or (caller.user_id if caller else None),
        "key_id": caller.key.id if caller and caller.key else None,
        "subject_id": subject_id,
        "address": _address(),
        "details": details,
    }
    # Whoever writes it may not read it, so nothing is returned.
    session.execute(insert(table_of(AuditEvent)).inline(), [entry])


def _address() -> str | None:
    given = client_address() if has_request_context() else None
    try:
        return str(ipaddress.ip_address(given)) if given else None
    except ValueError:
        return None


def list_(page: Page, action: str | None = None, user_id: uuid.UUID | None = None) -> list[Entry]:
    """Return what happened, newest first: all, or what one user did or had done to them."""
    wanted = select(AuditEvent)
    if action is not None:
        wanted = wanted.where(AuditEvent.action == action)
    if user_id is not None:
        wanted = wanted.where(or_(AuditEvent.actor_id == user_id, AuditEvent.subject_id == user_id))
    with transaction(SYSTEM) as session:
        found = page_of(session, wanted, AuditEvent, page)
        names = _names(session, found)
    return [Entry(e, names.get(e.actor_id), names.get(e.subject_id)) for e in found]


def _names(session: Session, events: Sequence[AuditEvent]) -> dict[uuid.UUID | None, str]:
    ids = {event.actor_id for event in events} | {event.subject_id for event in events}
    users = session.execute(select(User.id, User.username).where(User.id.in_(ids), User.is_live))
    return {row.id: row.username for row in users}


def count(age: timedelta) -> int:
    """Return how many entries are older."""
    old = AuditEvent.at < datetime.now(UTC) - age
    with transaction(SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(AuditEvent).where(old)) or 0


def purge(age: timedelta) -> int:
    """Remove entries that are older, and return how many; that is an entry, too."""
    before = datetime.now(UTC) - age
    purged = 0
    while some := purge_some(before):
        purged += some
    return purged


def purge_some(before: datetime) -> int:
    """Remove some entries and say so in the same transaction, so that none goes without a trace."""
    old = select(AuditEvent.id).where(AuditEvent.at < before).order_by(AuditEvent.at).limit(BATCH)
    with transaction(SYSTEM) as session:
        # The trigger lets go what is older than this transaction says.
        said = func.set_config("assistant.audit_purged_before", before.isoformat(), True)
        session.execute(select(said))
        gone = session.execute(
            delete_rows(AuditEvent)
            .where(AuditEvent.id.in_(old.scalar_subquery()))
            .execution_options(synchronize_session=False)
        )
        assert isinstance(gone, CursorResult)
        if gone.rowcount:
            note(session, Action.PURGED, entries=gone.rowcount, before=before.isoformat())
    return gone.rowcount


def shorten_addresses() -> int:
    """Take the end off addresses that are a month old; return of how many entries."""
    shortened = 0
    while some := _shorten_some():
        shortened += some
    return shortened


def _shorten_some() -> int:
    old = select(AuditEvent.id).where(AuditEvent.at < func.now() - SHORTENED_AFTER, WHOLE_ADDRESS)
    with transaction(SYSTEM) as session:
        done = session.execute(
            update(AuditEvent)
            .where(AuditEvent.id.in_(old.limit(BATCH).scalar_subquery()))
            .values(address=func.shortened_address(AuditEvent.address))
            .execution_options(synchronize_session=False)
        )
    assert isinstance(done, CursorResult)
    return done.rowcount
