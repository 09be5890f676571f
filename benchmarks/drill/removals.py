"""Collections and users that are deleted, with all that is theirs, whatever breaks meanwhile."""

from benchmarks.drill.deaths import crash_at
from benchmarks.drill.drill import Drill
from benchmarks.drill.owners import COLLECTIONS
from benchmarks.drill.scale import POINTS
from benchmarks.drill.victims import until
from benchmarks.drill.wishes import ANEW, OWNERS, Kind, Wish

[POINT] = POINTS["removals"]
# The lines of each document; the last one takes so long that it is in work when the rest is there.
LINES = (20, 20, 200)
FILLED_SECONDS = 60.0
# Longer than it takes to fill a collection, so that there is something to cancel.
LASTING = 20.0
QUESTIONS = 4
FILLED = """
    SELECT count(*) FILTER (WHERE status = 'ready') AS ready,
        count(*) FILTER (WHERE status IN ('queued', 'running')) AS open
    FROM documents WHERE collection_id = :collection
"""


def collection(drill: Drill, number: int) -> bool:
    """Delete a collection of which some is searchable and some is being indexed."""
    shelf, owner = divmod(len(drill.wishes.of_kind(Kind.COLLECTION)), OWNERS)
    if shelf == COLLECTIONS:
        return False
    what = drill.clients.owners[owner].collections[shelf]
    with drill.indexing_at_stake:
        if not _filled(drill, owner, what):
            return False
    return _remove(drill, number, Kind.COLLECTION, owner, what)


def user(drill: Drill, number: int) -> bool:
    """Delete a user for whom replies are written and documents indexed, and who asks for more."""
    owner = OWNERS + len(drill.wishes.of_kind(Kind.USER))
    if owner >= len(drill.clients.owners):
        return False
    what = drill.clients.owners[owner].collections[0]
    with drill.indexing_at_stake:
        for conversation in (0, 0, 1):
            _ask(drill, owner, LASTING, conversation)
        if not _filled(drill, owner, what):
            return False
    for _ in range(QUESTIONS):
        _ask(drill, owner, 1.0, ANEW)
    return _remove(drill, number, Kind.USER, owner, what)


def _ask(drill: Drill, owner: int, seconds: float, conversation: int) -> None:
    wish = drill.wishes.next(Kind.REPLY, seconds, owner=owner, conversation=conversation)
    drill.clients.send(wish)


def _filled(drill: Drill, owner: int, collection_id: str) -> bool:
    """Upload documents; return whether some are ready, and in time, while others are not."""
    for lines in LINES:
        wish = drill.wishes.next(Kind.UPLOAD, owner=owner, collection=collection_id, lines=lines)
        drill.clients.send(wish)

    def begun() -> bool:
        [now] = drill.stage.books.rows(FILLED, collection=collection_id)
        return bool(now.ready and now.open) or now.ready >= len(LINES)

    return until(lambda: begun() or drill.over(), FILLED_SECONDS) and not drill.over()


def _remove(drill: Drill, number: int, kind: Kind, owner: int, collection_id: str) -> bool:
    """Ask for it to be deleted, and let whoever does so die in the middle."""
    wish: Wish = drill.wishes.next(kind, owner=owner, collection=collection_id)
    return crash_at(drill, POINT, number, wish)
