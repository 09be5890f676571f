"""Long conversations and many of them: a page costs what it shows, a deletion few statements."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from assistant.database import SYSTEM, db, transaction
from assistant.extensions import cache
from assistant.models import Conversation, Message
from assistant.services.conversations import branches, conversations, messages
from assistant.services.jobs import cache as job_cache
from assistant.services.paging import Page
from tests.services.factories import sql

PLANT = """
INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status, content,
    citations, options)
SELECT md5(:salt || n)::uuid, :owner, :conversation, md5(:salt || (n - 1))::uuid, n,
    'user', 'succeeded', 'Message ' || n, '[]', '{}'
FROM generate_series(2, :count) AS n ORDER BY n
"""
ROOT = """
INSERT INTO messages (id, owner_id, conversation_id, position, role, status, content, citations,
    options)
VALUES (md5(:salt || 1)::uuid, :owner, :conversation, 1, 'user', 'succeeded', '', '[]', '{}')
"""
JOBS = """
INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state, version,
    attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at, dispatches,
    progress_stage, progress_done, event_number, conversation_id, message_id, result, finished_at)
SELECT gen_random_uuid(), owner_id, 'messages.reply', 'replies', 5, '{}', 1, 'succeeded', 4,
    1, 0, 6, 0, 0, now(), 1, 'done', 1, 1, conversation_id, id, '{}', now()
FROM messages WHERE conversation_id = :conversation AND position > :count
"""


def plant(owner: uuid.UUID, count: int) -> tuple[Conversation, list[uuid.UUID]]:
    """Make a conversation of so many messages in a line; return it with their ids."""
    made = conversations.create(owner)
    about = {"salt": str(made.id), "owner": owner, "conversation": made.id}
    sql(ROOT, **about)
    sql(PLANT, **about, count=count)
    rows = sql("SELECT id FROM messages WHERE conversation_id = :id ORDER BY position", id=made.id)
    set_end(made.id, rows[-1].id, count)
    return conversations.get(owner, made.id), [row.id for row in rows]


def set_end(conversation_id: uuid.UUID, end: uuid.UUID, last: int) -> None:
    sql(
        "UPDATE conversations SET current_message_id = :end, last_position = :last WHERE id = :id",
        end=end,
        last=last,
        id=conversation_id,
    )


def add(conversation: Conversation, parent: uuid.UUID | None, position: int) -> uuid.UUID:
    """Add a message below another one."""
    one = uuid.uuid4()
    sql(
        "INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status,"
        " content, citations, options)"
        " VALUES (:id, :owner, :c, :parent, :position, 'user', 'succeeded', '', '[]', '{}')",
        id=one,
        owner=conversation.owner_id,
        c=conversation.id,
        parent=parent,
        position=position,
    )
    return one


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        heard.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


def pages(heard: list[tuple[str, Any]], owner: uuid.UUID) -> int:
    """Return how many pages of the database these statements touch."""
    total = 0
    with db.engine.connect() as connection:
        act_as = "SELECT set_config('assistant.owner', %(owner)s, false)"
        connection.exec_driver_sql(act_as, {"owner": str(owner)})
        for statement, values in heard:
            if not statement.lstrip().startswith(("SELECT", "WITH")) or "set_config" in statement:
                continue
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            [[[found]]] = connection.exec_driver_sql(explained, values)
            total += found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"]
        connection.rollback()
    return total


def test_a_page_costs_the_same_wherever_it_is(owner: uuid.UUID) -> None:
    conversation, ids = plant(owner, 5000)
    sql("ANALYZE messages")
    for at in (0, 1, 2500, 4890):
        with statements() as heard:
            found = messages.list_(owner, conversation.id, Page(limit=100, after=ids[at]))
        assert [message.id for message in found] == ids[at + 1 : at + 102]
        assert pages(heard, owner) < 1500, at
    with statements() as heard:
        found = messages.list_(owner, conversation.id, Page(limit=100))
    assert [message.id for message in found] == ids[:101]
    assert pages(heard, owner) < 1500


def test_pages_follow_the_branch_past_all_others(owner: uuid.UUID) -> None:
    conversation, ids = plant(owner, 60)
    # Behind its middle many other replies were made, and then it went on.
    others = [add(conversation, ids[30], position) for position in range(61, 400)]
    branch = [*ids[:31]]
    for position in range(400, 460):
        branch.append(add(conversation, branch[-1], position))
    set_end(conversation.id, branch[-1], 459)
    for limit in (1, 7, 100):
        seen: list[uuid.UUID] = []
        last = None
        while True:
            page = Page(limit=limit, after=last)
            found = messages.list_(owner, conversation.id, page)
            seen += [message.id for message in found[:limit]]
            if len(found) <= limit:
                break
            last = found[limit - 1].id
        assert seen == branch
    # Behind a message of another branch comes what was written later on this one.
    found = messages.list_(owner, conversation.id, Page(limit=3, after=others[100]))
    assert [message.id for message in found] == branch[31:35]
    found = messages.list_(owner, conversation.id, Page(limit=3, skip=29))
    assert [message.id for message in found] == branch[29:33]


@pytest.mark.parametrize("placed", [0, 1, 40, 100])
def test_what_earlier_releases_wrote_is_found_too(owner: uuid.UUID, placed: int) -> None:
    """Their messages know no way up but their parent; a migration places those of long ones."""
    conversation, ids = plant(owner, 100)
    sql(
        "UPDATE messages SET depth = NULL, jump_id = NULL"
        " WHERE conversation_id = :c AND position > :placed",
        c=conversation.id,
        placed=placed,
    )
    for position in range(101, 160):
        ids.append(add(conversation, ids[-1], position))
    set_end(conversation.id, ids[-1], 159)

    def all_pages() -> list[uuid.UUID]:
        steps = range(0, 159, 10)
        found = [
            messages.list_(owner, conversation.id, Page(limit=10, after=ids[n - 1] if n else None))
            for n in steps
        ]
        return [message.id for page in found for message in page[:10]]

    assert all_pages() == ids
    behind: int | None = 0
    while behind is not None:
        [[behind]] = sql("SELECT place_messages(:c, :b, 7)", c=conversation.id, b=behind)
    assert (
        sql(
            "SELECT 1 FROM messages WHERE conversation_id = :c AND depth IS NULL", c=conversation.id
        )
        == []
    )
    assert all_pages() == ids


def test_ways_up_are_as_the_arithmetic_has_them(owner: uuid.UUID) -> None:
    conversation, ids = plant(owner, 300)
    rows = sql(
        "SELECT id, depth, jump_id FROM messages WHERE conversation_id = :c ORDER BY position",
        c=conversation.id,
    )
    depths = {row.id: row.depth for row in rows}
    assert [row.depth for row in rows] == list(range(300))
    assert [depths[row.jump_id] for row in rows[:9]] == [0, 0, 1, 0, 3, 4, 3, 0, 7]
    with transaction(owner) as session:
        for position in (1, 2, 150, 299, 300, 500):
            found = branches._ancestor(session, conversation, ids[-1], position)
            assert found == ids[min(position, 300) - 1]


def test_deleting_a_long_conversation_takes_few_statements_and_writes_no_copies(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, _ = plant(owner, 1200)
    sql(JOBS, conversation=conversation.id, count=0)
    [[job_id]] = sql("SELECT id FROM jobs WHERE conversation_id = :c LIMIT 1", c=conversation.id)
    asked: list[Any] = []
    ask = cache.ask_all

    def count(*works: Any) -> Any:
        asked.append(works)
        return ask(*works)

    monkeypatch.setattr(cache, "ask_all", count)
    with statements() as heard:
        conversations.delete(owner, conversation.id)
    assert len(heard) < 15
    assert len(asked) <= 4
    left = sql("SELECT 1 FROM messages WHERE conversation_id = :c", c=conversation.id)
    assert left == []
    copy = job_cache.read_copy(job_id)
    assert copy is not None
    assert dict(zip(job_cache.COPY, copy, strict=True))["body"] == b""


def test_an_older_copy_does_not_come_back(owner: uuid.UUID) -> None:
    conversation, _ = plant(owner, 3)
    sql(JOBS, conversation=conversation.id, count=2)
    [[job_id]] = sql("SELECT id FROM jobs WHERE conversation_id = :c", c=conversation.id)
    conversations.delete(owner, conversation.id)
    late = (job_cache.key_of(job_id), 4, str(owner), b"secret", 2**41, 1)
    job_cache.put(late)
    copy = job_cache.read_copy(job_id)
    assert copy is not None
    assert b"secret" not in copy


def found_by(owner: uuid.UUID, q: str, limit: int = 100, skip: int = 0) -> list[list[uuid.UUID]]:
    """Return the pages of a search to its end."""
    pages_, page, until = [], Page(limit=limit, skip=skip), None
    while True:
        found = conversations.search(owner, page, q, active_until=until)
        pages_.append([each.id for each in found.conversations])
        if found.last is None:
            return pages_
        page = Page(limit=limit, after=found.last.id, skip=found.skip)
        until = found.last.last_activity_at


def test_a_search_reads_a_bounded_part_for_each_page(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "CONVERSATIONS", 4)
    monkeypatch.setattr(conversations, "MESSAGES", 30)
    made = [plant(owner, 2)[0].id for _ in range(8)]
    long = plant(owner, 100)[0].id
    newest = plant(owner, 2)[0].id
    sql(
        "UPDATE conversations SET title = 'A whale' WHERE id = ANY(:ids)",
        ids=[made[0], made[5], long],
    )
    assert found_by(owner, "whale") == [[long], [made[5]], [made[0]]]
    assert found_by(owner, "whale", limit=1) == [[long], [made[5]], [made[0]]]
    assert [one for page in found_by(owner, "whale", skip=1) for one in page] == [made[5], made[0]]
    assert [one for page in found_by(owner, "Message 77") for one in page] == [long]
    assert found_by(owner, "nothing of that kind") == [[], [], []]
    assert [one for page in found_by(owner, "Message 2") for one in page] == [
        *(newest, long, *reversed(made)),
    ]


def test_a_search_without_a_hit_stops(owner: uuid.UUID) -> None:
    for _ in range(5):
        plant(owner, 300)
    sql("ANALYZE messages, conversations")

    def cost() -> int:
        with statements() as heard:
            assert conversations.search(owner, Page(), "no such word").conversations == []
        return pages(heard, owner)

    whole = cost()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "MESSAGES", 300)
        assert cost() < whole / 2


def test_nobody_finds_what_others_have(owner: uuid.UUID) -> None:
    conversation, _ = plant(owner, 2)
    with transaction(SYSTEM) as session:
        assert session.scalar(text("SELECT count(*) FROM conversations")) > 0
        assert session.get(Message, conversation.current_message_id) is not None
    assert found_by(uuid.uuid4(), "Message") == [[]]
