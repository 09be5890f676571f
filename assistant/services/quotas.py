"""What a user may have and use up: documents, stored bytes and a model's tokens.

What is not set for a user is as the settings say, and zero is no limit. Tokens are reserved by the
row of an open job, in the transaction that accepts it, and used up by what attempts write of
themselves; both are summed by functions of the database. So nothing has to be given back, whatever
dies (docs/adr/0030).
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError, QuotaExceeded, TokensSpent
from assistant.extensions import settings
from assistant.models import Document, File, User

TOKENS = {"tokens_per_day": "day", "tokens_per_month": "month"}
TITLE = "Quota exceeded"
# As many as a column takes; nobody has so many.
MOST_WANTED = 2**31 - 1


class Limits(NamedTuple):
    """What one user may have; 0 is no limit."""

    open_jobs: int
    documents: int
    stored_bytes: int
    tokens_per_day: int
    tokens_per_month: int


class Stored(NamedTuple):
    """What a user has of documents; the bytes of one content count once."""

    documents: int
    bytes: int


def usual() -> Limits:
    """Return what users may have of whom nothing else is said."""
    return Limits(
        settings.max_open_jobs_per_owner,
        settings.max_documents_per_owner,
        settings.max_stored_bytes_per_owner,
        settings.max_tokens_per_day,
        settings.max_tokens_per_month,
    )


def limits_of(session: Session, owner_id: uuid.UUID) -> Limits:
    """Return what a user may have."""
    own = session.scalar(select(User.limits).where(User.id == owner_id)) or {}
    return usual()._replace(**{name: own[name] for name in Limits._fields if name in own})


def stored(session: Session, owner_id: uuid.UUID) -> Stored:
    """Return what a user has, newer files that wait for their job included."""
    waiting = Document.replacement["size"].astext.cast(File.size.type)
    row = session.execute(
        select(func.count().filter(Document.is_live), func.sum(waiting)).where(
            Document.owner_id == owner_id
        )
    ).one()
    size = session.scalar(select(func.sum(File.size)).where(File.owner_id == owner_id))
    return Stored(row[0], int(size or 0) + int(row[1] or 0))


def demand_storage(session: Session, owner_id: uuid.UUID) -> None:
    """Raise `QuotaExceeded` if a user has too much with what this transaction has written.

    Until its end others wait who write for the same user, so that no two take the last place.
    """
    limits = limits_of(session, owner_id)
    if not limits.documents and not limits.stored_bytes:
        return
    lock = text("SELECT pg_advisory_xact_lock(hashtext('storage'), hashtext(CAST(:who AS text)))")
    session.execute(lock, {"who": str(owner_id)})
    has = stored(session, owner_id)
    if limits.documents and has.documents > limits.documents:
        raise QuotaExceeded(
            f"You may have {limits.documents} documents, attachments of mails included. Delete "
            "some that you do not need, or ask an administrator for more."
        )
    if limits.stored_bytes and has.bytes > limits.stored_bytes:
        raise QuotaExceeded(
            f"Your files may take {limits.stored_bytes} bytes, and with this one they would take "
            f"{has.bytes}. Delete documents that you do not need, or ask an administrator for more."
        )


_OVERSPENT = text("SELECT tokens_overspent(:who, :tokens_per_day, :tokens_per_month)")
_FIGURES = text("""
    SELECT tokens_reserved(:who) AS reserved,
        tokens_spent(:who, 'day') AS day, tokens_spent(:who, 'month') AS month
""")


def bounds() -> dict[str, int]:
    """Return the usual limits of tokens under the names of a promise."""
    return {name: getattr(usual(), name) for name in TOKENS}


def overspent(session: Session, owner_id: uuid.UUID) -> PermanentError | None:
    """Return why work that uses up tokens has to end, if it has."""
    which = session.scalar(_OVERSPENT, {"who": owner_id, **bounds()})
    if which is None:
        return None
    most = getattr(limits_of(session, owner_id), which)
    return PermanentError(
        f"The {most} tokens that you may use in a {TOKENS[which]} are used up; what there was by "
        f"then is kept. {_when(which)}",
        code=QuotaExceeded.code,
        title=TITLE,
    )


_REFUSAL = text("SELECT tokens_refusal(:who, :wanted, :tokens_per_day, :tokens_per_month)")


def demand_tokens(owner_id: uuid.UUID, wanted: int, pause: float) -> None:
    """Raise `TokensSpent` unless a user may use up so many more tokens; see `tokens_refused`."""
    with transaction(owner_id) as session:
        asked = {"who": owner_id, "wanted": min(max(wanted, 1), MOST_WANTED), **bounds()}
        which = session.scalar(_REFUSAL, asked)
        if which is not None:
            raise tokens_refused(session, owner_id, which, pause)


_COUNT = text("""
    INSERT INTO usage_days AS known (owner_id, day, model, key_id, attempts,
        prompt_tokens, completion_tokens, estimated_tokens)
    VALUES (:who, (now() AT TIME ZONE 'utc')::date, left(:model, 128), :key_id, 1,
        :prompt, :said, :estimated)
    ON CONFLICT (owner_id, day, model, key_id) DO UPDATE SET
        attempts = known.attempts + 1,
        prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = known.completion_tokens + excluded.completion_tokens,
        estimated_tokens = known.estimated_tokens + excluded.estimated_tokens
""")


def count(session: Session, **used: Any) -> None:
    """Write down what was used up by something that is no job.

    It is of `who`, with a `model` and a `key_id`: tokens of the `prompt`, tokens that were `said`,
    and those of both that are `estimated`.
    """
    session.execute(_COUNT, used)


def figures(session: Session, owner_id: uuid.UUID) -> dict[str, int]:
    """Return the tokens that a user has used this day and month, and those that are reserved."""
    return dict(session.execute(_FIGURES, {"who": owner_id}).one()._mapping)


def tokens_refused(session: Session, owner_id: uuid.UUID, which: str, pause: float) -> TokensSpent:
    """Return what to say to somebody whose question may need more tokens than are left.

    In so many seconds of `pause` some jobs that are open may have ended.
    """
    most, known = getattr(limits_of(session, owner_id), which), figures(session, owner_id)
    used, reserved = known[TOKENS[which]], known["reserved"]
    words = (
        f"You may use {most} tokens in a {TOKENS[which]}: {used} are used, {reserved} are reserved "
        "for jobs that are open, and this may need more than is left."
    )
    if reserved and used < most:
        return TokensSpent(f"{words} Wait for some to end.", retry_after=pause)
    return TokensSpent(f"{words} {_when(which)}", retry_after=_seconds_left(which))


def _when(which: str) -> str:
    last = "midnight" if TOKENS[which] == "day" else "the end of the month"
    return f"Wait until {last} (UTC), or ask an administrator for more."


def ends_at(which: str) -> datetime:
    """Return when the day or month ends of which a limit is."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if TOKENS[which] == "day":
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _seconds_left(which: str) -> float:
    return (ends_at(which) - datetime.now(UTC)).total_seconds()


def report(session: Session, owner_id: uuid.UUID, open_jobs: int) -> dict[str, Any]:
    """Return of each limit what it is, what there is of it, and when it begins anew."""
    limits, has = limits_of(session, owner_id), stored(session, owner_id)
    known = figures(session, owner_id)
    used = {
        **{"open_jobs": open_jobs, "documents": has.documents, "stored_bytes": has.bytes},
        **{name: known[span] for name, span in TOKENS.items()},
    }
    return {
        name: {
            "limit": getattr(limits, name) or None,
            "used": used[name],
            "reserved": known["reserved"] if name in TOKENS else 0,
            "resets_at": ends_at(name) if name in TOKENS else None,
        }
        for name in Limits._fields
    }
