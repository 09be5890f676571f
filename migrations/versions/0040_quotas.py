"""What each user may have and use up: limits of one's own, reserved tokens, and what was used."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# As for all tables whose rows belong to somebody.
PROTECT = """
ALTER TABLE usage_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_days FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON usage_days
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""

# As in 0024, and for the same reason.
ALONG_INDEXES = """
SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan SET jit = off
"""

# What an attempt has used up is in its row, written again and again while it works. Whatever
# changes there is added here in the same transaction, whichever release writes it: so what was used
# is known however an attempt ends, and nothing has to be counted once it has ended. What turns out
# to be less is taken off where it was counted: at the day on which the attempt began.
COUNT = """
CREATE FUNCTION count_usage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := coalesce(OLD.usage, '{}');
    used jsonb := NEW.usage;
BEGIN
    INSERT INTO usage_days AS known (owner_id, day, model, key_id, attempts,
        prompt_tokens, completion_tokens, estimated_tokens)
    VALUES (NEW.owner_id, (NEW.started_at AT TIME ZONE 'utc')::date,
        left(coalesce(before->>'model', used->>'model', ''), 128),
        coalesce((SELECT arguments->>'key_id' FROM jobs WHERE id = NEW.job_id),
            '00000000-0000-0000-0000-000000000000')::uuid,
        (OLD.usage IS NULL)::int,
        coalesce((used->>'prompt_tokens')::bigint, 0)
            - coalesce((before->>'prompt_tokens')::bigint, 0),
        coalesce((used->>'completion_tokens')::bigint, 0)
            - coalesce((before->>'completion_tokens')::bigint, 0),
        coalesce((used->>'estimated_tokens')::bigint, 0)
            - coalesce((before->>'estimated_tokens')::bigint, 0))
    ON CONFLICT (owner_id, day, model, key_id) DO UPDATE SET
        attempts = known.attempts + excluded.attempts,
        prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = known.completion_tokens + excluded.completion_tokens,
        estimated_tokens = known.estimated_tokens + excluded.estimated_tokens;
    RETURN NULL;
END $$;

CREATE TRIGGER count_usage AFTER UPDATE OF usage ON job_attempts FOR EACH ROW
WHEN (NEW.usage IS NOT NULL AND NEW.usage IS DISTINCT FROM OLD.usage)
EXECUTE FUNCTION count_usage();
"""

# What a job may need is a column of the open job: when that has ended, nothing is reserved, however
# it ended. It is counted where open jobs are looked for by their owner, as in `open_jobs_of`.
TOKENS = f"""
CREATE FUNCTION own_limit(who uuid, name text, usual bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce((SELECT limits->>name FROM users WHERE id = who)::bigint, usual, 0);
END $$;

CREATE FUNCTION tokens_reserved(who uuid) RETURNS bigint
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
BEGIN
    RETURN (
        SELECT coalesce(sum(reserved_tokens), 0) FROM open_jobs
        WHERE queue IN ('replies', 'indexing', 'long_indexing', 'search', 'pages', 'quarantine')
          AND standing IN ('new', 'ready', 'behind', 'paused', 'sent', 'running')
          AND owner_id = who);
END $$;

CREATE FUNCTION tokens_spent(who uuid, span text) RETURNS bigint
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
BEGIN
    RETURN (
        SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage_days
        WHERE owner_id = who AND day >= date_trunc(span, now() AT TIME ZONE 'utc')::date);
END $$;

-- Requests go one by one, so that no two take the last tokens. Each statement here sees what was
-- committed before it.
CREATE FUNCTION tokens_refusal(who uuid, wanted int, per_day bigint, per_month bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    reserved bigint;
BEGIN
    IF wanted <= 0 THEN
        RETURN NULL;
    END IF;
    per_day := own_limit(who, 'tokens_per_day', per_day);
    per_month := own_limit(who, 'tokens_per_month', per_month);
    IF per_day <= 0 AND per_month <= 0 THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tokens'), hashtext(who::text));
    reserved := tokens_reserved(who);
    IF per_day > 0 AND tokens_spent(who, 'day') + reserved + wanted > per_day THEN
        RETURN 'tokens_per_day';
    ELSIF per_month > 0 AND tokens_spent(who, 'month') + reserved + wanted > per_month THEN
        RETURN 'tokens_per_month';
    END IF;
    RETURN NULL;
END $$;

-- What is used up without anything that is reserved, for work that goes on.
CREATE FUNCTION tokens_overspent(who uuid, per_day bigint, per_month bigint) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    per_day := own_limit(who, 'tokens_per_day', per_day);
    per_month := own_limit(who, 'tokens_per_month', per_month);
    IF per_day > 0 AND tokens_spent(who, 'day') > per_day THEN
        RETURN 'tokens_per_day';
    ELSIF per_month > 0 AND tokens_spent(who, 'month') > per_month THEN
        RETURN 'tokens_per_month';
    END IF;
    RETURN NULL;
END $$;

-- The prompt's estimate and the longest answer. With documents the prompt is as long as may be;
-- else it is the question and what was said before, which the last reply has counted. Who names
-- nothing leaves it to the conversation.
CREATE FUNCTION tokens_needed(asked jsonb, conversation uuid, parent uuid) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    window_tokens int := (asked->>'window')::int;
    question int := (asked->>'question')::int;
    kept record;
    most int;
    budget int;
    said int;
BEGIN
    IF asked IS NULL THEN
        RETURN 0;
    END IF;
    SELECT max_tokens, model, octet_length(system_prompt) / 2 AS system INTO kept
    FROM conversations WHERE id = conversation;
    IF (asked->>'from_documents')::boolean
        AND coalesce(asked->>'model', kept.model, asked->>'usual_model') = 'extractive'
    THEN
        RETURN 0;
    END IF;
    most := coalesce((asked->>'max_tokens')::int, kept.max_tokens, (asked->>'usual_max')::int);
    budget := greatest(window_tokens - most, window_tokens / 4);
    IF NOT (asked->>'from_documents')::boolean THEN
        said := coalesce(kept.system, 0);
        IF parent IS NOT NULL THEN
            said := coalesce((
                SELECT prompt_tokens + completion_tokens FROM messages WHERE id = parent), budget);
        END IF;
        budget := greatest(question, least(budget, question + said));
    END IF;
    RETURN budget + most;
END $$;
"""

# As in 0024, but for what is reserved.
KEEP = """
CREATE OR REPLACE FUNCTION keep_open_job(job jobs) RETURNS void
LANGUAGE plpgsql {along} AS $$
DECLARE
    stands text;
BEGIN
    IF job.state NOT IN ('queued', 'running') THEN
        PERFORM end_open_job(job.id);
        RETURN;
    END IF;
    stands := CASE
        WHEN job.state = 'running' THEN 'running'
        WHEN job.dispatched_at IS NOT NULL THEN 'sent'
        WHEN job.run_after > now() THEN 'paused'
        WHEN nothing_before(job.sequence_key, job.sequence_number) THEN 'ready'
        ELSE 'new' END;
    INSERT INTO open_jobs (id, owner_id, sequence_key, sequence_number, run_after, deadline_at,
        started_at, priority, payload_version, queue, kind, standing{column})
    VALUES (job.id, job.owner_id, job.sequence_key, job.sequence_number, job.run_after,
        job.deadline_at, job.started_at, job.priority, job.payload_version, job.queue, job.kind,
        stands{value})
    ON CONFLICT (id) DO UPDATE SET run_after = excluded.run_after,
        deadline_at = excluded.deadline_at, started_at = excluded.started_at,
        priority = excluded.priority, payload_version = excluded.payload_version,
        queue = excluded.queue, standing = excluded.standing;
END $$;
"""

# As in 0010. A process of the release before says nothing of tokens, of the places that it asks
# for, and of by how much the owner's limit is multiplied.
ACCEPT_JOB = """
CREATE OR REPLACE FUNCTION accept_job(promise jsonb) RETURNS TABLE (refusal text, job jobs)
LANGUAGE plpgsql AS $$
DECLARE
    given record;
    needed int;
BEGIN
    SELECT * INTO given FROM jsonb_to_record(promise) AS named (
        id uuid, owner_id uuid, kind text, queue text, priority int, arguments jsonb,
        payload_version int, max_failures int, deadline_seconds float8,
        sequence_key uuid, sequence_number bigint,
        conversation_id uuid, message_id uuid, document_id uuid, retry_of uuid,
        owner_limit int, "limit" int, limited text[], room int, served int,
        factor int, places int, reserved_tokens int, tokens jsonb, "after" uuid,
        tokens_per_day bigint, tokens_per_month bigint);
    needed := coalesce(given.reserved_tokens,
        tokens_needed(given.tokens, given.conversation_id, given."after"));
    IF given.owner_limit IS NOT NULL THEN
        refusal := open_jobs_refusal(
            given.owner_id,
            own_open_jobs(given.owner_id, given.owner_limit, given.factor, given.places),
            given."limit", given.limited);
        IF refusal IS NULL THEN
            refusal := tokens_refusal(
                given.owner_id, needed, given.tokens_per_day, given.tokens_per_month);
        END IF;
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
        progress_stage, progress_done, event_number, reserved_tokens, dispatched_at)
    VALUES (
        given.id, given.owner_id, given.kind, given.queue, given.priority, given.arguments,
        given.payload_version, given.max_failures,
        now() + make_interval(secs => given.deadline_seconds),
        given.sequence_key, given.sequence_number,
        given.conversation_id, given.message_id, given.document_id, given.retry_of,
        'queued', 1, 0, 0, 0, 0, 0, 'queued', 0, 0, needed,
        CASE WHEN queue_has_room(given.queue, given.room, given.sequence_key, given.owner_id,
            given.served) THEN now() END)
    RETURNING NULL::text, new;
END $$;

CREATE FUNCTION own_open_jobs(who uuid, usual int, factor int, places int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    own bigint := own_limit(who, 'open_jobs', NULL);
BEGIN
    IF own <= 0 THEN
        RETURN usual;
    END IF;
    RETURN greatest(own * coalesce(factor, 1) - coalesce(places, 1) + 1, 0);
END $$;
"""

# As in 0010, but that it says what the question comes after.
ASK_QUESTION = """
CREATE OR REPLACE FUNCTION ask_question(question jsonb, promise jsonb, again boolean)
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
        promise || jsonb_build_object('sequence_number', last + 2{parent}));
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
        last + 1, 'user', 'succeeded', asked.content, '[]', '{{}}', NULL),
        (asked.reply_id, asked.owner_id, asked.conversation_id, asked.id,
        last + 2, 'assistant', 'queued', '', '[]', asked.options,
        (promise->>'id')::uuid);
END $$;
"""

# As in 0010.
ACCEPT_BEFORE = """
CREATE OR REPLACE FUNCTION accept_job(promise jsonb) RETURNS TABLE (refusal text, job jobs)
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


def upgrade() -> None:
    """Apply the change; columns with a constant default cost nothing, however long the table is."""
    op.add_column(
        "users",
        sa.Column(
            "limits", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    for table in ("jobs", "open_jobs"):
        column = sa.Column("reserved_tokens", sa.Integer(), server_default="0", nullable=False)
        op.add_column(table, column)
    op.create_table(
        "usage_days",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("estimated_tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_usage_days_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("owner_id", "day", "model", "key_id", name=op.f("pk_usage_days")),
    )
    op.create_index("ix_usage_days_day", "usage_days", ["day", "owner_id"])
    op.execute(PROTECT + COUNT + TOKENS)
    op.execute(
        KEEP.format(along=ALONG_INDEXES, column=", reserved_tokens", value=", job.reserved_tokens")
    )
    op.execute(ACCEPT_JOB + ASK_QUESTION.format(parent=", 'after', parent"))


def downgrade() -> None:
    """Take the change back."""
    op.execute(KEEP.format(along=ALONG_INDEXES, column="", value=""))
    op.execute(ACCEPT_BEFORE + ASK_QUESTION.format(parent=""))
    op.execute("""
DROP TRIGGER count_usage ON job_attempts; DROP FUNCTION count_usage();
DROP FUNCTION own_open_jobs; DROP FUNCTION tokens_needed; DROP FUNCTION tokens_overspent;
DROP FUNCTION tokens_refusal; DROP FUNCTION tokens_spent; DROP FUNCTION tokens_reserved;
DROP FUNCTION own_limit;
""")
    op.drop_table("usage_days")
    for table in ("open_jobs", "jobs"):
        op.drop_column(table, "reserved_tokens")
    op.drop_column("users", "limits")
