"""Whoever sends wrong passwords waits, each time longer; PostgreSQL counts, and nobody else.

What is counted goes by what was typed, whether or not there is such a user, so that nothing tells
them apart. Where an account has signed in from an address before, the two are counted apart from
everybody else, so that nobody elsewhere can keep its owner out.
"""

import hmac
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, RateLimited
from assistant.extensions import settings
from assistant.models import KnownAddress, SignInCount, User
from assistant.names import folded
from assistant.services.accounts.request_limits import place_of
from assistant.strangers import strangers_transaction

# So many failures cost nothing; then it is a second, and twice as long with each further one.
FREE, FREE_OF_ADDRESS = 5, 20
FIRST_SECONDS = 1
LONGEST_SECONDS = 900
# Where nobody's address is known, an account's owner waits together with whoever attacks it.
LONGEST_TOGETHER_SECONDS = 30
# One failure is forgotten in so many seconds. Many people may share an address.
FORGET_SECONDS, FORGET_OF_ADDRESS_SECONDS = 900, 60


class Counter(NamedTuple):
    """One thing that is counted."""

    key: bytes
    free: int = FREE
    longest: int = LONGEST_SECONDS
    forget: int = FORGET_SECONDS
    # Whoever has an account of their own shall not clear the count of their address with it.
    cleared: bool = True


_DELAY = """make_interval(secs => CASE WHEN ceil(c.failures) < :free THEN 0
    ELSE least(:longest, :first * power(2, least(ceil(c.failures) - :free, 30))) END)"""
# It counts before the password is looked at, so that many at once are not all let through. Who has
# to wait is not counted.
_COUNT = text(f"""
INSERT INTO sign_in_counts AS c (key, failures, counted_at) VALUES (:key, 1, now())
ON CONFLICT (key) DO UPDATE SET counted_at = now(), failures = 1 + greatest(
    0, c.failures - extract(epoch FROM now() - c.counted_at)::float / :forget)
WHERE c.counted_at + {_DELAY} <= now()
RETURNING true""")
_WAIT = text(f"""
SELECT extract(epoch FROM c.counted_at + {_DELAY} - now())::float
FROM sign_in_counts AS c WHERE key = :key""")
_TAKE_BACK = text("""
UPDATE sign_in_counts SET failures = greatest(0, failures - 1) WHERE key = :key""")


def counters_of(
    session: Session, typed: str, user: User | None, sender: str | None, address: str | None
) -> list[Counter]:
    """Return what a sign-in with this name from this address counts under.

    `address` is None where it is not known whose it is, the client's or a proxy's; the `sender` is
    then still told apart from others, which helps where there is no proxy.
    """
    name = folded(typed)
    longest = LONGEST_SECONDS if address else LONGEST_TOGETHER_SECONDS
    if sender is None:
        return [Counter(_hash("name", name), longest=longest)]
    place = place_of(address or sender)
    known = select(KnownAddress.owner_id).where(
        KnownAddress.owner_id == (user.id if user else uuid.UUID(int=0)),
        KnownAddress.address_hash == _hash("address", place),
    )
    if session.scalar(known) is not None:
        return [Counter(_hash("pair", name, place), longest=longest)]
    if address is None:
        return [Counter(_hash("name", name), longest=longest)]
    everybody = Counter(
        *(_hash("address", place), FREE_OF_ADDRESS, LONGEST_SECONDS, FORGET_OF_ADDRESS_SECONDS),
        cleared=False,
    )
    return [Counter(_hash("name", name)), everybody]


def counter_of_owner(user_id: uuid.UUID) -> Counter:
    """Return what it counts under when somebody who is signed in has to show the password."""
    return Counter(_hash("owner", str(user_id)), longest=LONGEST_TOGETHER_SECONDS)


@contextmanager
def trying(counters: Sequence[Counter]) -> Iterator[None]:
    """Count a try, which does not count if it breaks off; raises `RateLimited`."""
    with strangers_transaction(SYSTEM) as session:
        for counter in counters:
            _count(session, counter)
    try:
        yield
    except AssistantError:
        with transaction(SYSTEM) as session:
            _take_back(session, counters)
        raise


def clear(session: Session, counters: Sequence[Counter]) -> None:
    """Forget what was counted, since the password was right, within a transaction of the system."""
    mine = [counter.key for counter in counters if counter.cleared]
    session.execute(delete(SignInCount).where(SignInCount.key.in_(mine)))
    _take_back(session, [counter for counter in counters if not counter.cleared])


def clear_user(session: Session, user: User, sender: str | None) -> None:
    """Forget what was done under a user's name, by strangers or from where the user sits.

    It is within a transaction of the system.
    """
    names = [folded(name) for name in (user.username, user.email)]
    keys = [_hash("name", name) for name in names]
    if sender is not None:
        keys += [_hash("pair", name, place_of(sender)) for name in names]
    session.execute(delete(SignInCount).where(SignInCount.key.in_(keys)))


def remember(session: Session, user_id: uuid.UUID, address: str | None) -> None:
    """Note whence a user has signed in, within a transaction."""
    if address is None:
        return
    place = {"owner_id": user_id, "address_hash": _hash("address", place_of(address))}
    new = insert(KnownAddress).values(**place, last_used_at=func.now())
    keys = [KnownAddress.owner_id, KnownAddress.address_hash]
    used = {"last_used_at": func.now()}
    session.execute(new.on_conflict_do_update(index_elements=keys, set_=used))


def _count(session: Session, counter: Counter) -> None:
    bounds: dict[str, Any] = {
        **{"key": counter.key, "free": counter.free},
        **{"first": FIRST_SECONDS, "longest": counter.longest},
    }
    if session.scalar(_COUNT, {**bounds, "forget": counter.forget}):
        return
    wait = max(1, round(session.scalar(_WAIT, bounds) or 0))
    raise RateLimited(
        f"Too many wrong passwords. Wait {wait} seconds before the next try. If you have forgotten "
        "yours, an administrator can make you a link for a new one.",
        retry_after=wait,
    )


def _take_back(session: Session, counters: Sequence[Counter]) -> None:
    # One after the other, in the order in which they are counted, so that nobody waits in a circle.
    for counter in counters:
        session.execute(_TAKE_BACK, {"key": counter.key})


def _hash(*what: str) -> bytes:
    """Return a keyed hash: some type a password where the name belongs."""
    assert settings.secret_key is not None
    key = settings.secret_key.get_secret_value().encode()
    return hmac.digest(key, "\0".join(what).encode(), "sha256")
