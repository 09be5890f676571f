"""What was promised of deletions: nothing of what was deleted is left, and nothing else is gone."""

import signal
from collections.abc import Iterable, Iterator

from assistant.models.collection import index_of
from benchmarks.drill.audit import TERMINAL
from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import UPKEEP_SECONDS, Ending
from benchmarks.drill.owners import Owner
from benchmarks.drill.promise import Promise
from benchmarks.drill.victims import find, until
from benchmarks.drill.wishes import OWNERS, Kind

OWNED = """
    SELECT table_name FROM information_schema.columns
    WHERE column_name = 'owner_id' AND table_schema = current_schema() ORDER BY table_name
"""
COUNT = (
    "SELECT owner_id, count(*) FROM {table} WHERE owner_id = ANY(CAST(:ids AS uuid[])) GROUP BY 1"
)
PRESENT = "SELECT id FROM {table} WHERE id = ANY(CAST(:ids AS uuid[]))"
# The job that deleted a user can be read with the token that asked for it.
TOMBSTONE = ("jobs", "sessions")
NAMED = """
    SELECT id FROM users
    WHERE id = ANY(CAST(:ids AS uuid[])) AND (deleted_at IS NULL OR username NOT LIKE 'deleted:%')
"""
# Why a job about a document fails that nobody could cancel any more.
DELETED = ("document_deleted", "collection_deleted")
PROMISED = """
    SELECT coalesce(arguments ->> 'collection_id', arguments ->> 'user_id') AS what,
        array_agg(state) AS states
    FROM jobs WHERE kind IN ('collections.delete', 'users.delete') GROUP BY 1
"""
CHANGES = """
    SELECT job_id, array_agg(state ORDER BY number) AS states
    FROM drill_audit WHERE what = 'job' AND state <> before GROUP BY job_id
"""


def going(drill: Drill) -> set[str]:
    """Return the jobs about documents in collections that were deleted."""
    collections, wishes = _collections(drill), drill.wishes.by_number
    return {
        job
        for number, job in drill.clients.jobs.items()
        if wishes[number].kind is Kind.UPLOAD and wishes[number].collection in collections
    }


def _collections(drill: Drill) -> set[str]:
    return {wish.collection for wish in drill.wishes.of_kind(Kind.COLLECTION)}


def _users(drill: Drill) -> list[Owner]:
    return [drill.clients.owners[wish.owner] for wish in drill.wishes.of_kind(Kind.USER)]


def left(drill: Drill, ending: Ending) -> Promise:
    """Of what was deleted, by one job each, nothing is in PostgreSQL, in Chroma, or on the disk."""
    collections, users = _collections(drill), [owner.id for owner in _users(drill)]
    documents = _documents(ending, going(drill))
    broken = [f"collection {found}" for found in _present(drill, "collections", collections)]
    broken += [f"document {found}" for found in _present(drill, "documents", documents)]
    broken += [*_rows_of(drill, users), *_files_of(drill, users, documents), *_indexes(drill)]
    ends = {row.what: row.states for row in drill.stage.books.rows(PROMISED)}
    broken += [
        f"{what} was deleted by jobs that ended {ends.get(what)}"
        for what in (*collections, *users)
        if ends.get(what) != ["succeeded"]
    ]
    figure = f"{len(broken)} of {len(collections)} collections, with {len(documents)} documents, "
    figure += f"and {len(users)} users"
    return Promise("left of what was deleted", figure, broken)


def _documents(ending: Ending, jobs: Iterable[str]) -> set[str]:
    return {str(ending.jobs[job].document_id) for job in jobs if job in ending.jobs}


def _present(drill: Drill, table: str, ids: Iterable[str]) -> set[str]:
    rows = drill.stage.books.rows(PRESENT.format(table=table), ids=list(ids))
    return {str(row.id) for row in rows}


def _rows_of(drill: Drill, users: list[str]) -> Iterator[str]:
    books = drill.stage.books
    yield from (f"user {row.id} has a name" for row in books.rows(NAMED, ids=users))
    found = {
        (table, str(owner)): rows
        for [table] in books.rows(OWNED)
        for owner, rows in books.rows(COUNT.format(table=table), ids=users)
    }
    for table, user in {*found, *((table, user) for table in TOMBSTONE for user in users)}:
        rows = found.get((table, user), 0)
        # The attempts are those of the job that stays.
        if table != "job_attempts" and rows != (table in TOMBSTONE):
            yield f"{rows} rows of {user} in {table}"


def _files_of(drill: Drill, users: list[str], documents: set[str]) -> Iterator[str]:
    for path in drill.stage.application.settings.uploads.rglob("*"):
        if path.is_file() and (path.parent.name in users or path.name[:36] in documents):
            yield f"file {path.parent.name}/{path.name}"


def _indexes(drill: Drill) -> list[str]:
    """Return the indexes of collections that are gone.

    A worker that thawed late may have made one again. The sweeper looks for them when it starts,
    and then every ten minutes.
    """
    if _strays(drill) and (sweeper := find(drill.stage, "sweeper")):
        sweeper.signal(signal.SIGTERM)
        until(lambda: not _strays(drill), UPKEEP_SECONDS)
    return [f"index {name}" for name in _strays(drill)]


def _strays(drill: Drill) -> list[str]:
    indexes = {name: found[0] for name in drill.stage.indexes() if (found := index_of(name))}
    known = _present(drill, "collections", map(str, indexes.values()))
    return [name for name, collection in indexes.items() if str(collection) not in known]


def parted(drill: Drill, ending: Ending) -> Promise:
    """What ran for a deleted user has ended, once, before it went with its owner."""
    changes = {str(row.job_id): row.states for row in drill.stage.books.rows(CHANGES)}
    # Also those of which the client was never told.
    gone = (drill.clients.parting | changes.keys()) - ending.jobs.keys()
    broken, cancelled = [], 0
    for job in gone:
        states = changes.get(job, [])
        ends = [state for state in states if state in TERMINAL]
        cancelled += ends == ["cancelled"]
        if len(ends) != 1 or states[-1] not in TERMINAL:
            broken.append(f"{job}: {states}")
    if _users(drill) and not cancelled:
        broken.append("nothing was at work for any of them")
    figure = f"{len(broken)} of {len(gone)}, of which {cancelled} were cancelled"
    return Promise("jobs of deleted users without an end", figure, broken)


def unharmed(drill: Drill, ending: Ending) -> Promise:
    """What nobody has asked to delete is still there."""
    clients, wishes = drill.clients, drill.wishes.by_number
    owners = clients.owners[:OWNERS]
    uploads = {job for n, job in clients.jobs.items() if wishes[n].kind is Kind.UPLOAD}
    documents = {owner.document for owner in owners} | _documents(ending, uploads - going(drill))
    wanted = {
        "users": {owner.id for owner in owners},
        "conversations": {each for owner in owners for each in owner.conversations},
        "collections": {each for owner in owners for each in owner.collections}
        - _collections(drill),
        "documents": documents - clients.doomed,
    }
    missing = [
        f"{table}: {each}"
        for table, ids in wanted.items()
        for each in ids - _present(drill, table, ids)
    ]
    figure = f"{len(missing)} of {sum(map(len, wanted.values()))} rows"
    return Promise("gone of what was not deleted", figure, missing)
