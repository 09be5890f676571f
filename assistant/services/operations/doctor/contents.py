"""What is stored that an operator should know of: collections, chunks and usernames."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.extensions import settings
from assistant.models import Collection, Document, User
from assistant.names import alike
from assistant.services.operations.doctor.finding import Finding, ok, warn
from assistant.services.renewal import indexes

MOST_NAMES = 10


def check_contents(session: Session) -> list[Finding]:
    """Look for what searches leave out or cannot find, and for names that look alike."""
    return [*_collections(session), *_chunks(session), *_names(session)]


def _collections(session: Session) -> list[Finding]:
    """Say how far the collections are that today's encoder has to index anew."""
    left = indexes.figures(session)
    if not left["collections_left"]:
        return []
    query = select(Collection.embedding_model).where(*indexes.of_another()).distinct()
    before = session.scalars(query.limit(MOST_NAMES)).all()
    failed = session.scalar(indexes.failed())
    advice = (
        f"Until then they are searched with {' and '.join(before)}, so keep that within reach. See "
        "how far it is: flask stats"
    )
    if failed is not None:
        advice = f"The last try failed, and is repeated every hour: {failed} {advice}"
    return [
        warn(
            "collections",
            f"{left['collections_left']} with {left['documents_left']} documents are still to be "
            f"indexed with {settings.encoder}.",
            advice,
        )
    ]


def _chunks(session: Session) -> list[Finding]:
    """Say what the embedding model reads of a chunk, and which documents have longer ones.

    Only of what can be searched, which is what this model has embedded; and made anew, which is
    not what belongs to somebody disabled.
    """
    row = session.execute(
        select(func.count().filter(Document.fitted_to.is_(None)), func.max(Document.fitted_to))
        .join(Collection, Collection.id == Document.collection_id)
        .join(User, User.id == Document.owner_id)
        .where(Document.generation > 0, Document.is_live, User.is_active)
        .where(Collection.embedding_model == settings.encoder)
    ).one()
    before, window = row
    if before:
        return [
            warn(
                "chunks",
                f"{before} documents were cut by an earlier release, without regard to how much "
                "the embedding model reads: parts of them may never be found.",
                "They are cut again by themselves, a few at a time. At once: "
                "flask documents reindex --all",
            )
        ]
    if window is None:
        return []
    return [
        ok(
            "chunks",
            f"They end after {window} tokens, which is what the embedding model reads, also where "
            "chunk_tokens would let them be longer.",
        )
    ]


def _names(session: Session) -> list[Finding]:
    names = select(User.username).where(User.is_live).order_by(User.created_at)
    found = alike(session.scalars(names))
    if not found:
        return []
    listed = [" and ".join(map(_unmistakable, group)) for group in found[:MOST_NAMES]]
    more = f"; and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return [
        warn(
            "usernames",
            f"From before look-alikes were refused: {'; '.join(listed)}{more}.",
            "Each signs in by its exact spelling. Find out who is who (flask users show NAME), and "
            "rename one of each (PATCH /users/{id}).",
        )
    ]


def _unmistakable(name: str) -> str:
    return name if name.isascii() else f"{name} ({ascii(name)[1:-1]})"
