"""Who may register: everybody, nobody, or whoever was invited."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound, PermissionDenied
from assistant.extensions import settings
from assistant.models import Action, OneTimeToken, Purpose
from assistant.services import audit
from assistant.services.accounts import one_time, users
from assistant.services.paging import Page, page_of
from assistant.strangers import strangers_transaction


def create(by: uuid.UUID | None, days: int) -> tuple[OneTimeToken, str]:
    """Make an invitation, and return it with its text; `by` is None at the command line."""
    with transaction(SYSTEM) as session:
        made, text = one_time.issue(session, Purpose.INVITATION, by, timedelta(days=days))
        audit.note(session, Action.INVITED, made.id)
    return made, text


def list_(page: Page) -> list[OneTimeToken]:
    """Return the invitations that can still be used, whoever made them, newest first."""
    wanted = select(OneTimeToken).where(
        OneTimeToken.purpose == Purpose.INVITATION, OneTimeToken.expires_at > func.now()
    )
    with transaction(SYSTEM) as session:
        return page_of(session, wanted, OneTimeToken, page)


def withdraw(invitation_id: uuid.UUID) -> None:
    """Let an invitation be worthless; raises `NotFound`."""
    unwanted = delete(OneTimeToken).where(
        OneTimeToken.id == invitation_id, OneTimeToken.purpose == Purpose.INVITATION
    )
    with transaction(SYSTEM) as session:
        if session.scalar(unwanted.returning(OneTimeToken.id)) is None:
            raise NotFound("There is no invitation with this id: it was used, or has expired.")
        audit.note(session, Action.UNINVITED, invitation_id)


def prepare(values: dict[str, Any], address: str | None) -> dict[str, Any]:
    """Return what `users.register` takes of whoever registers; raises `PermissionDenied`.

    Nothing is hashed for those who may not.
    """
    token = values.get("invitation")
    if settings.registration == "closed":
        raise PermissionDenied("Registration is closed here. Ask an administrator for an account.")
    if settings.registration == "open":
        token = None
    elif token is None:
        raise PermissionDenied(
            "Registration is by invitation. Ask an administrator for one, and send it as "
            "`invitation`."
        )
    else:
        with strangers_transaction(SYSTEM) as session:
            if not one_time.is_good(session, Purpose.INVITATION, token):
                raise _worthless()
    known = {name: value for name, value in values.items() if name != "invitation"}
    redeem = None if token is None else _Redeem(token)
    return {**users.with_hash(known, address), "first": redeem}


class _Redeem:
    """Uses an invitation up in the transaction of the registration."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, session: Session) -> None:
        if one_time.redeem(session, Purpose.INVITATION, self._token) is None:
            raise _worthless()


def _worthless() -> PermissionDenied:
    return PermissionDenied(
        "This invitation was used, has expired or was withdrawn. Ask an administrator for another."
    )
