"""Questions and jobs that are accepted in one call, by functions that are planned once."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A promise is an object, so that a release which knows more of it can run beside one which knows
# less. Without an `owner_limit` a job is never too much.
ACCEPT_JOB = """
CREATE FUNCTION accept_job(promise jsonb) RETURNS TABLE (refusal text, job jobs)
LANGUAGE plpgsql AS $$
DECLARE
    given record;
BEGIN
    SELECT * INTO given FROM jsonb_to_record(promise) AS named (
        id uuid, owner_id uuid, kind text, queue text, priority int, arguments jsonb,
        payload_version int, max_failures int, deadline_seconds float8,
        sequence_key uuid, sequence_number bigint,
        conversation_id uuid, message_id uuid, document_id uuid, retry_of uuid,
        owner_limit int, "limit" int, limited text[], room int, served int);
    IF given.owner_limit IS NOT NULL THEN
        refusal := open_jobs_refusal(
            given.owner_id, given.owner_limit, given."limit", given.limited);
        IF refusal IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    RETURN QUERY INSERT INTO jobs AS new (
        id, owner_id, kind, queue, priority, arguments, payload_version, max_failures,
        deadline_at, sequence_key, sequence_number,
        conversation_id, message_id, document_id, retry_of,
        state, version, attempt, failures, lease_losses, quarantine_losses, dispatches,
        progress_stage, progress_done, event_number, dispatched_at)
    VALUES (
        given.id, given.owner_id, given.kind, given.queue, given.priority, given.arguments,
        given.payload_version, given.max_failures,
        now() + make_interval(secs => given.deadline_seconds),
        given.sequence_key, given.sequence_number,
        given.conversation_id, given.message_id, given.document_id, given.retry_of,
        'queued', 1, 0, 0, 0, 0, 0, 'queued', 0, 0,
        CASE WHEN queue_has_room(given.queue, given.room, given.sequence_key, given.owner_id,
            given.served) THEN now() END)
    RETURNING NULL::text, new;
END $$;
"""

# The conversation's row stays locked until the commit: positions, and the jobs of a conversation,
# are given in one order. The lock is the weaker one: a worker that writes a reply looks at the key
# of this row, and waiting for each other they would deadlock. The first question begins a
# conversation, of an owner who is not being deleted. What is refused has written nothing, since
# whoever calls this as a transaction of its own cannot take it back. A question that may have been
# asked before, by a call whose answer was lost, is asked `again`.
ASK_QUESTION = """
CREATE FUNCTION ask_question(question jsonb, promise jsonb, again boolean)
RETURNS TABLE (refusal text, job jobs) LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    accepted record;
    parent uuid;
    last int := 0;
    busy text := 'queue';
BEGIN
    SELECT * INTO asked FROM jsonb_to_record(question) AS named (
        id uuid, owner_id uuid, conversation_id uuid, begins boolean, beside uuid,
        is_beside boolean, makes_way boolean, content text, title text, untitled text,
        reply_id uuid, options jsonb);
    PERFORM set_config('assistant.owner', asked.owner_id::text, true);
    IF asked.begins THEN
        PERFORM FROM users WHERE id = asked.owner_id AND is_active FOR SHARE;
    ELSE
        SELECT CASE WHEN asked.is_beside THEN asked.beside ELSE current_message_id END,
            last_position, when_busy
        INTO parent, last, busy FROM conversations
        WHERE id = asked.conversation_id AND owner_id = asked.owner_id FOR NO KEY UPDATE;
    END IF;
    IF NOT FOUND THEN
        refusal := 'gone';
        RETURN NEXT;
        RETURN;
    END IF;
    IF again THEN
        RETURN QUERY SELECT NULL::text, jobs FROM jobs WHERE id = (promise->>'id')::uuid;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    IF busy <> 'queue' AND asked.makes_way IS NOT TRUE AND EXISTS (
        SELECT FROM jobs
        WHERE sequence_key = asked.conversation_id AND state IN ('queued', 'running')
    ) THEN
        refusal := busy;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT * INTO accepted FROM accept_job(
        promise || jsonb_build_object('sequence_number', last + 2));
    refusal := accepted.refusal;
    job := accepted.job;
    RETURN NEXT;
    IF refusal IS NOT NULL THEN
        RETURN;
    END IF;
    IF asked.begins THEN
        INSERT INTO conversations (id, owner_id, title, last_position, current_message_id)
        VALUES (asked.conversation_id, asked.owner_id, asked.title, 2, asked.reply_id);
    ELSE
        UPDATE conversations SET
            last_position = last + 2,
            current_message_id = asked.reply_id,
            last_activity_at = now(),
            updated_at = now(),
            title = CASE WHEN last = 0 AND conversations.title = asked.untitled
                THEN asked.title ELSE conversations.title END
        WHERE id = asked.conversation_id;
    END IF;
    INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status,
        content, citations, options, job_id)
    VALUES (asked.id, asked.owner_id, asked.conversation_id, parent,
        last + 1, 'user', 'succeeded', asked.content, '[]', '{}', NULL),
        (asked.reply_id, asked.owner_id, asked.conversation_id, asked.id,
        last + 2, 'assistant', 'queued', '', '[]', asked.options,
        (promise->>'id')::uuid);
END $$;
"""


def upgrade() -> None:
    """Apply the change."""
    op.execute(ACCEPT_JOB)
    op.execute(ASK_QUESTION)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP FUNCTION ask_question(jsonb, jsonb, boolean)")
    op.execute("DROP FUNCTION accept_job(jsonb)")
