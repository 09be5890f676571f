"""Names and e-mail addresses: who has them, and who may take them."""

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict
from assistant.models import User
from assistant.names import (
    RULES,
    folded,
    is_reserved,
    is_reserved_address,
    key_of,
    look_of,
    spelled,
)


def find(session: Session, typed: str) -> User | None:
    """Return the user with this name or e-mail address, within a transaction.

    Spelling and case do not matter; but older names may differ in nothing else, and then it is the
    one that is written just so.
    """
    # An older name may have blanks at its ends.
    forms = typed, typed.strip(), spelled(typed)
    either = [func.lower(form) for form in forms]
    found = session.scalars(
        select(User).where(
            or_(
                func.lower(User.username).in_(either),
                func.lower(User.email).in_(either),
                (User.name_key == key_of(typed)) & (User.name_keyed == User.username),
            )
        )
    )

    def is_meant(user: User) -> bool:
        # To look like somebody is not to be somebody.
        return folded(typed) in (folded(user.username), folded(user.email))

    def closeness(user: User) -> tuple[bool, ...]:
        names = user.username, user.email
        lower = [name.lower() for name in names]
        return forms[0] in names, forms[1] in names, *(form.lower() in lower for form in forms)

    return max(filter(is_meant, found), key=closeness, default=None)


def taking(username: str, *, of: User | None = None) -> dict[str, str]:
    """Return the columns of a user who takes a name; raises `Conflict` if it looks like another.

    Two who do so at once are kept apart by indexes. These lack the names that were alike already,
    or were given by a process of the release before, and know others by the rules of then, so
    whoever has one of those is looked for here. The name that `of` has already may stay as it is.
    """
    if of is not None and username == of.username:
        return {}
    name = spelled(username)
    if is_reserved(name):
        raise Conflict("This username is reserved. Choose another one.")
    keys = {"name_key": key_of(name), "name_look": look_of(name)}
    unkeyed = select(User.username).where(
        or_(
            User.name_keyed.is_distinct_from(User.username),
            User.name_rules.is_distinct_from(RULES),
        ),
        User.is_live,
    )
    if of is not None:
        unkeyed = unkeyed.where(User.id != of.id)
    with transaction(SYSTEM) as session:
        others = session.scalars(unkeyed).all()
    for other in others:
        if folded(other) == folded(name):
            raise taken()
        if key_of(other) == keys["name_key"] or look_of(other) == keys["name_look"]:
            raise _alike()
    return {"username": name, "name_keyed": name, "name_rules": RULES, **keys}


def demand_free_address(email: str, *, of: User | None = None) -> None:
    """Raise `Conflict` for an e-mail address that only users who are gone have."""
    if is_reserved_address(email) and (of is None or email != of.email):
        raise Conflict("This e-mail address is reserved. Choose another one.")


def refusal(username: str, email: str) -> Conflict:
    """Return what to say to whoever could not be registered."""
    with transaction(SYSTEM) as session:
        if session.scalar(select(User.id).where(func.lower(User.email) == func.lower(email))):
            return taken("e-mail address")
        same = func.lower(User.username) == func.lower(spelled(username))
        if session.scalar(select(User.id).where(same)):
            return taken()
    return _alike()


def refused(error: IntegrityError) -> Conflict:
    """Return what to say of a name or an e-mail address that cannot be taken."""
    index = str(error.orig)
    if "uq_users_email" in index:
        return taken("e-mail address")
    return taken() if "uq_users_username" in index else _alike()


def taken(what: str = "username") -> Conflict:
    """Return what to say of what somebody has already."""
    return Conflict(f"This {what} is taken. Choose another one.")


def _alike() -> Conflict:
    return Conflict("This username looks like one that is taken. Choose another one.")
