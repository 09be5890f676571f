"""A database that has filled up: rows of one owner, written by SQL, and no statistics of chance."""

import struct
import uuid

from assistant.extensions import settings
from assistant.terms import VERSION
from tests.services.factories import make_owner, sql

TABLES = (
    *("documents", "document_texts", "embeddings", "chunks", "lexical_texts"),
    *("conversations", "messages", "jobs", "files"),
)
CHUNKS_EACH = 10
# Conversations that one statement writes.
AT_ONCE = 4000

_DOCUMENTS = """
WITH made AS MATERIALIZED (
    SELECT n, gen_random_uuid() AS id FROM generate_series(1, :documents) AS n
), documents AS (
    INSERT INTO documents (id, owner_id, collection_id, filename, media_type, size, sha256,
        storage_key, status, chunk_count, generation, last_generation, job_count)
    SELECT id, :owner, :collection, n || '.txt', 'text/plain', 100, md5(id::text), id::text,
        'ready', :each, 1, 1, 1
    FROM made RETURNING id
), texts AS (
    INSERT INTO document_texts (document_id, generation, owner_id, text, page_starts,
        reader_version, splitter_version, storage_key, media_type)
    SELECT id, 1, :owner, 'Text', '{}', 1000, 1000, id::text, 'text/plain' FROM documents
), vectors AS (
    INSERT INTO embeddings (id, owner_id, model, text_hash, vector)
    SELECT gen_random_uuid(), :owner, :encoder, sha256((id::text || n)::bytea), :vector
    FROM documents, generate_series(0, :each - 1) AS n RETURNING id, text_hash
)
INSERT INTO chunks (document_id, generation, ordinal, owner_id, embedding_id, start, "end", text)
SELECT documents.id, 1, n, :owner, vectors.id, 0, 100, repeat('Some words. ', 40)
FROM documents CROSS JOIN generate_series(0, :each - 1) AS n
JOIN vectors ON text_hash = sha256((documents.id::text || n)::bytea)
"""
_LEXICAL = """
INSERT INTO lexical_texts (owner_id, document_id, generation, ordinal, chunk_count, terms_version)
SELECT owner_id, id, 1, 0, chunk_count, :version FROM documents WHERE owner_id = :owner
"""
_TALK = """
WITH made AS MATERIALIZED (
    SELECT n, gen_random_uuid() AS conversation, gen_random_uuid() AS asked,
        gen_random_uuid() AS reply, gen_random_uuid() AS job
    FROM generate_series(:first, :last) AS n
), talks AS (
    INSERT INTO conversations (id, owner_id, title, last_position, current_message_id,
        last_activity_at)
    SELECT conversation, :owner, 'Planted', 2, reply, now() - n * interval '1 min' FROM made
), jobs AS (
    INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state,
        version, attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at,
        dispatches, progress_stage, progress_done, event_number, conversation_id, message_id,
        sequence_key, sequence_number, result, started_at, finished_at)
    SELECT job, :owner, 'messages.reply', 'replies', 5, '{}', 1, 'succeeded', 4, 1, 0, 6, 0, 0,
        now(), 1, 'done', 1, 1, conversation, reply, conversation, 2, '{}', now(),
        now() - n * interval '1 min'
    FROM made
)
INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status, content,
    citations, options, job_id)
SELECT asked, :owner, conversation, NULL::uuid, 1, 'user', 'succeeded', repeat('Why? ', 20),
    '[]'::jsonb, '{}'::jsonb, NULL::uuid
FROM made
UNION ALL
SELECT reply, :owner, conversation, asked, 2, 'assistant', 'succeeded', repeat('So. ', 50),
    '[]', '{}', job
FROM made
"""


def fill(documents: int, conversations: int) -> uuid.UUID:
    """Write so many documents of ten chunks, and conversations of a question and a reply."""
    owner = make_owner()
    [[collection]] = sql("SELECT id FROM collections WHERE owner_id = :o", o=owner)
    sql(
        _DOCUMENTS,
        owner=owner,
        collection=collection,
        documents=documents,
        each=CHUNKS_EACH,
        encoder=settings.encoder,
        vector=struct.pack("<384f", *([384**-0.5] * 384)),
    )
    sql(_LEXICAL, owner=owner, version=VERSION)
    talk(owner, conversations)
    return owner


def talk(owner: uuid.UUID, conversations: int) -> None:
    """Write so many conversations of a question and a reply, each with the job that made it."""
    for first in range(1, conversations + 1, AT_ONCE):
        sql(_TALK, owner=owner, first=first, last=min(first + AT_ONCE - 1, conversations))
    sql(f"ANALYZE {', '.join(TABLES)}")


def clear(owner: uuid.UUID) -> None:
    """Take all of it away again."""
    for table in ("jobs", "messages", "conversations", "chunks", "document_texts"):
        sql(f"DELETE FROM {table} WHERE owner_id = :o", o=owner)
    sql("DELETE FROM documents WHERE owner_id = :o", o=owner)
    sql("DELETE FROM embeddings WHERE owner_id = :o", o=owner)
