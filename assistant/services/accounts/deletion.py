"""Deleting a user with everything that is theirs."""

import uuid
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, table_of, transaction, when_committed
from assistant.errors import Conflict, TransientError
from assistant.extensions import adapters
from assistant.models import (
    Action,
    Collection,
    Conversation,
    ConversationItem,
    Document,
    Embedding,
    Evaluation,
    ItemConversation,
    Job,
    KnownAddress,
    Message,
    OneTimeToken,
    Response,
    ResponseEvent,
    Role,
    UploadedFile,
    UsageDay,
    User,
)
from assistant.models import Session as SignIn
from assistant.services import audit, idempotency, jobs, upload_folder
from assistant.services.accounts import (
    administration,
    api_keys,
    key_cache,
    session_cache,
    sessions,
    users,
)
from assistant.services.accounts.caller import Caller
from assistant.services.documents import index_removal, removal
from assistant.services.documents.erasure import Counts, Erasure, rows_gone
from assistant.services.jobs import Run, kinds
from assistant.services.stores import files

# What one transaction removes at most, so that none is slow.
BATCH = 500
# A conversation may have tens of thousands.
MESSAGES = 5000
# An evaluation has as many as 2000 outcomes, which go with it.
FEW = 10
COUNTED = (
    *("documents", "chunks", "vectors_deleted", "vectors_remaining", "embeddings"),
    *("collections", "conversations", "messages", "evaluations", "jobs", "sessions"),
    *("api_keys", "uploaded_files"),
    *("responses", "response_events", "item_conversations", "conversation_items"),
)
# What goes in portions before the rows on which it hangs.
PARTS: dict[Any, tuple[Any, Any]] = {
    ResponseEvent: (ResponseEvent.response_id, Response),
    ConversationItem: (ConversationItem.conversation_id, ItemConversation),
}
# No hash looks like this, so no password is right.
UNUSABLE = "!"


def delete(caller: Caller, user_id: uuid.UUID, retry_of: uuid.UUID | None = None) -> Job:
    """Shut a user out at once, stop what runs for them, and promise to remove everything.

    The job belongs to whoever asks for it. Users who delete themselves go on reading it, and
    nothing else, with the token that they asked with.
    """
    job_id = uuid7()
    with transaction(SYSTEM) as session:
        administration.keep_an_administrator(session, user_id)
        user = administration.find(session, user_id, lock=True)
        if administration.is_leaving(session, user_id):
            raise Conflict("This user is being deleted already.")
        user.is_active = False
        ended = sessions.end_all(session, user_id)
        keys = api_keys.digests_of(session, user_id)
        if caller.user_id == user_id:
            session_cache.confine(session, caller.session_id, job_id)
        audit.note(session, Action.USER_DELETED, user_id)
        job = _accept(session, job_id, caller.user_id, user_id, retry_of)
    when_committed(partial(_shut_out, caller, user_id, ended, keys, job_id))
    jobs.announce(job)
    return job


def _shut_out(
    caller: Caller,
    user_id: uuid.UUID,
    ended: list[uuid.UUID],
    keys: list[bytes],
    job_id: uuid.UUID,
) -> None:
    # Not the one that has just been confined: its token would read nothing if this process died.
    if caller.user_id == user_id:
        session_cache.show_confined(caller.session_id)
    session_cache.forget([each for each in ended if each != caller.session_id])
    key_cache.forget(keys)
    with transaction(SYSTEM) as session:
        # Not with what was committed: workers lock jobs first, and would wait for each other.
        cancelled = jobs.cancel_all(session, *_open_with(user_id), Job.id != job_id)
    jobs.follow_up(cancelled)


def _ending_with(user_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Choose the jobs of a user, but not what an administrator has promised of other users."""
    whose = Job.arguments["user_id"].astext
    promised = (Job.kind == kinds.DELETE_USER.name) & (whose != str(user_id))
    return Job.owner_id == user_id, ~(promised & Job.is_open)


def _open_with(user_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return jobs.open_of(user_id), *_ending_with(user_id)


def _accept(
    session: Session,
    job_id: uuid.UUID,
    owner_id: uuid.UUID,
    user_id: uuid.UUID,
    retry_of: uuid.UUID | None,
) -> Job:
    last = select(func.max(Job.sequence_number)).where(Job.sequence_key == user_id)
    return jobs.accept(
        session,
        job_id=job_id,
        owner_id=owner_id,
        kind=kinds.DELETE_USER,
        sequence_key=user_id,
        sequence_number=(session.scalar(last) or 0) + 1,
        arguments={"user_id": str(user_id)},
        retry_of=retry_of,
    )


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to remove what a failed or cancelled job left."""
    # Who was an administrator when the job was made need not be one any more.
    users.demand_role(owner_id, Role.ADMIN)
    return delete(Caller(owner_id), uuid.UUID(old.arguments["user_id"]), old.id)


def erase(run: Run) -> dict[str, Any]:
    """Remove everything of a user but a nameless row, and return a receipt.

    It acts for the system, since the job may be an administrator's. Each part removes what it
    still finds, so an attempt after a crash goes on where the last one stopped.
    """
    user_id = uuid.UUID(run.job.arguments["user_id"])
    erasure = Erasure(run, SYSTEM, *COUNTED)
    erasure.wait_until_quiet(*_open_with(user_id))
    mine = Document.owner_id == user_id
    erasure.move_if_long(mine)
    index_removal.remove(erasure, Collection.owner_id == user_id)
    upload_folder.demand()
    for folder in (str(user_id), files.folder_of(user_id)):
        adapters.files.remove_folder(folder)
    adapters.page_cache.remove_owner(user_id)
    removal.remove(erasure, mine, indexed=False)
    index_removal.remove_rest(erasure, Collection.owner_id == user_id)
    erasure.step("collections", partial(_collections, user_id))
    for part in PARTS:
        some = partial(_parts, part, user_id)
        while any(erasure.step(part.__tablename__, some).values()):
            erasure.take_turns()
    owned = (Conversation, Embedding, Evaluation, Response, ItemConversation, UploadedFile)
    for model in owned:
        some = partial(_rows, model, user_id)
        while any(erasure.step(model.__tablename__, some).values()):
            erasure.take_turns()
    while erasure.step("jobs", lambda session: _jobs(session, run.job.id, user_id))["jobs"]:
        erasure.take_turns()
    erasure.step("account", lambda session: _tombstone(session, run.job.id, user_id))
    return erasure.receipt


def _collections(user_id: uuid.UUID, session: Session) -> Counts:
    gone = session.execute(delete_rows(Collection).where(Collection.owner_id == user_id))
    return {"collections": rows_gone(gone)}


def _parts(model: Any, user_id: uuid.UUID, session: Session) -> Counts:
    """Remove some of the many rows that hang on others."""
    hangs_on, whole = PARTS[model]
    key = tuple(table_of(model).primary_key.columns)
    theirs = select(whole.id).where(whole.owner_id == user_id)
    some = select(*key).where(hangs_on.in_(theirs)).limit(MESSAGES)
    gone = session.execute(delete_rows(table_of(model)).where(tuple_(*key).in_(some)))
    return {str(model.__tablename__): rows_gone(gone)}


def _rows(model: Any, user_id: uuid.UUID, session: Session) -> Counts:
    """Remove some rows of a table, and of conversations some of their messages first."""
    most = FEW if model is Evaluation else BATCH
    ids = session.scalars(select(model.id).where(model.owner_id == user_id).limit(most)).all()
    counts = {}
    if model is Conversation:
        said = select(Message.id).where(Message.conversation_id.in_(ids)).limit(MESSAGES)
        written = delete_rows(Message).where(Message.id.in_(session.scalars(said).all()))
        counts["messages"] = rows_gone(session.execute(written))
        if counts["messages"] == MESSAGES:
            return counts
    gone = session.execute(delete_rows(model).where(model.id.in_(ids)))
    return {**counts, str(model.__tablename__): rows_gone(gone)}


def _jobs(session: Session, job_id: uuid.UUID, user_id: uuid.UUID) -> Counts:
    mine = select(Job.id).where(*_ending_with(user_id), Job.id != job_id).limit(BATCH)
    ids = session.scalars(mine).all()
    # Before the rows go: afterwards nobody would know which copies there are.
    if ids and not jobs.forget_copies(ids):
        raise TransientError(
            "Redis is away, and still shows jobs of this user.", code="redis_away", counted=False
        )
    return {"jobs": rows_gone(session.execute(delete_rows(Job).where(Job.id.in_(ids))))}


def _tombstone(session: Session, job_id: uuid.UUID, user_id: uuid.UUID) -> Counts:
    """Leave a row without a name, and the session that may read the job."""
    idempotency.forget_user(session, user_id)
    for model in (KnownAddress, OneTimeToken, UsageDay):
        session.execute(delete_rows(model).where(model.owner_id == user_id))
    keys = api_keys.remove_all(session, user_id)
    # A process of the release before, which shut the user out, knew of no keys.
    key_cache.forget(keys)
    session.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            # No name and no address can be like these: nobody can be in the way of a deletion.
            username=f"deleted:{user_id}",
            name_key=None,
            name_look=None,
            name_keyed=None,
            name_rules=None,
            email=f"deleted:{user_id}",
            password_hash=UNUSABLE,
            role=Role.USER.value,
            limits={},
            is_active=False,
            deleted_at=func.now(),
        )
    )
    reads_job = SignIn.job_id.is_not_distinct_from(job_id)
    session.execute(
        update(SignIn)
        .where(SignIn.owner_id == user_id, reads_job)
        .values(user_agent=None, previous_hash=None)
    )
    gone = session.execute(delete_rows(SignIn).where(SignIn.owner_id == user_id, ~reads_job))
    return {"sessions": rows_gone(gone), "api_keys": len(keys)}
