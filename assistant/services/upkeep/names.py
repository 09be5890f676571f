"""Keying the usernames that have no keys by the rules of now, so that no look-alike is taken."""

from collections import Counter

from sqlalchemy import exists, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from assistant.database import SYSTEM, transaction
from assistant.models import User
from assistant.names import RULES, key_of, look_of
from assistant.services.upkeep.pace import Pace

PACE_SECONDS = 60
USERS = 1000


class Names:
    """Keys some names a round: those of before, and those of processes of an earlier release.

    Whoever takes a name compares it with all that wait for this.
    """

    def __init__(self) -> None:
        self._pace = Pace(PACE_SECONDS)
        self._more = False

    def round(self) -> Counter[str]:
        """Key the next names, older ones first, and return how many were looked at."""
        if not self._more and not self._pace.due():
            return Counter()
        waiting = select(User).where(User.name_rules.is_distinct_from(RULES), User.is_live)
        with transaction(SYSTEM) as session:
            users = session.scalars(waiting.order_by(User.id).limit(USERS)).all()
        for user in users:
            _key(user)
        self._more = len(users) == USERS
        return +Counter(names_keyed=len(users))


def _key(user: User) -> None:
    """Give a name its keys; the second of two that are alike goes without."""
    other = aliased(User)
    key, look = key_of(user.username), look_of(user.username)
    is_alike = exists().where(
        other.id != user.id,
        other.name_keyed == other.username,
        or_(other.name_key == key, other.name_look == look),
    )
    mine = update(User).where(User.id == user.id, User.username == user.username)
    keys = {"name_key": key, "name_look": look, "name_keyed": user.username}
    try:
        with transaction(SYSTEM) as session:
            # One that a crash forgets is done again.
            session.execute(text("SET LOCAL synchronous_commit = off"))
            # It is not the user who has changed.
            same = {"name_rules": RULES, "updated_at": User.updated_at}
            session.execute(mine.values(**dict.fromkeys(keys), **same))
            session.execute(mine.where(~is_alike).values(**keys, **same))
    except IntegrityError:
        # Somebody has just taken a name like it. The next round sees that.
        return
