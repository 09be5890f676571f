--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: open_jobs_refusal(uuid, integer, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.open_jobs_refusal(who uuid, per_owner integer, in_all integer) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    mine int;
    everybodys int;
BEGIN
    SELECT count(*) INTO mine FROM (
        SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running') AND priority < 8 AND kind IN ('messages.reply', 'documents.index', 'documents.analyze')
        LIMIT per_owner) AS open;
    IF mine + 256 >= per_owner THEN
        -- Near the limit requests go one by one, so that no two take the last place. Each
        -- statement here sees what was committed before it.
        PERFORM pg_advisory_xact_lock(hashtext('open_jobs'), hashtext(who::text));
        SELECT count(*) INTO mine FROM (
            SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running') AND priority < 8 AND kind IN ('messages.reply', 'documents.index', 'documents.analyze')
            LIMIT per_owner) AS open;
        IF mine >= per_owner THEN
            RETURN 'owner';
        END IF;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT count(*) INTO everybodys FROM (
        SELECT FROM jobs WHERE state = 'queued' AND priority < 8 AND kind IN ('messages.reply', 'documents.index', 'documents.analyze')
        LIMIT in_all) AS waiting;
    PERFORM set_config('assistant.owner', acting, true);
    IF everybodys >= in_all THEN
        RETURN 'all';
    END IF;
    RETURN NULL;
END $$;


--
-- Name: queue_has_room(text, integer, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_has_room(wanted text, room integer, sequence uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT NOT EXISTS (
            SELECT FROM jobs
            WHERE queue = wanted AND state = 'queued' AND dispatched_at IS NULL
              AND run_after <= now())
        AND (sequence IS NULL OR NOT EXISTS (
            SELECT FROM jobs WHERE sequence_key = sequence AND state IN ('queued', 'running')))
        AND room > (
            SELECT count(*) FROM (
                SELECT FROM jobs
                WHERE queue = wanted AND state = 'queued' AND dispatched_at IS NOT NULL
                LIMIT room) AS sent)
    INTO answer;
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;


--
-- Name: queue_has_room(text, integer, uuid, uuid, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_has_room(wanted text, room integer, sequence uuid, who uuid, served integer) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN queue_has_room(wanted, room, sequence) AND served > (
        SELECT count(*) FROM (
            SELECT FROM jobs
            WHERE queue = wanted AND owner_id = who
              AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
            LIMIT served) AS in_service);
END $$;


--
-- Name: queue_waits(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.queue_waits(wanted text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT EXISTS (
        SELECT FROM jobs
        WHERE queue = wanted AND state = 'queued' AND dispatched_at IS NULL AND run_after <= now())
    INTO answer;
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: chunks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.chunks (
    document_id uuid NOT NULL,
    generation integer NOT NULL,
    ordinal integer NOT NULL,
    owner_id uuid NOT NULL,
    embedding_id uuid NOT NULL,
    page integer,
    start integer NOT NULL,
    "end" integer NOT NULL,
    text text NOT NULL
);

ALTER TABLE ONLY public.chunks FORCE ROW LEVEL SECURITY;


--
-- Name: collections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.collections (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name character varying(128) NOT NULL,
    is_default boolean NOT NULL,
    embedding_model character varying(256) NOT NULL,
    index_version integer NOT NULL,
    chunk_size integer NOT NULL,
    chunk_overlap integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    index_checked_at timestamp with time zone
);

ALTER TABLE ONLY public.collections FORCE ROW LEVEL SECURITY;


--
-- Name: conversations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversations (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    title character varying(200) NOT NULL,
    system_prompt text,
    model character varying(128),
    temperature double precision,
    max_tokens integer,
    last_position integer NOT NULL,
    current_message_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_activity_at timestamp with time zone DEFAULT now() NOT NULL,
    when_busy character varying(16) DEFAULT 'queue'::character varying NOT NULL,
    CONSTRAINT ck_conversations_when_busy CHECK (((when_busy)::text = ANY ((ARRAY['queue'::character varying, 'reject'::character varying, 'interrupt'::character varying])::text[])))
);

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;


--
-- Name: document_texts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.document_texts (
    document_id uuid NOT NULL,
    generation integer NOT NULL,
    owner_id uuid NOT NULL,
    text text NOT NULL,
    page_starts integer[] NOT NULL
);

ALTER TABLE ONLY public.document_texts FORCE ROW LEVEL SECURITY;


--
-- Name: documents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.documents (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    collection_id uuid NOT NULL,
    filename character varying(255) NOT NULL,
    media_type character varying(128) NOT NULL,
    size bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    storage_key character varying(128) NOT NULL,
    status character varying(16) NOT NULL,
    error jsonb,
    page_count integer,
    chunk_count integer,
    generation integer NOT NULL,
    last_generation integer NOT NULL,
    job_id uuid,
    job_count integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    replacement jsonb
);

ALTER TABLE ONLY public.documents FORCE ROW LEVEL SECURITY;


--
-- Name: embeddings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.embeddings (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    model character varying(256) NOT NULL,
    text_hash bytea NOT NULL,
    vector bytea NOT NULL
);

ALTER TABLE ONLY public.embeddings FORCE ROW LEVEL SECURITY;


--
-- Name: heartbeats; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.heartbeats (
    name character varying(64) NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_keys (
    owner_id uuid NOT NULL,
    key character varying(255) NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    location character varying,
    body bytea NOT NULL,
    resource_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;


--
-- Name: job_attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_attempts (
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    owner_id uuid NOT NULL,
    worker character varying(128) NOT NULL,
    queue character varying(32) NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    outcome character varying(32),
    reason jsonb,
    usage jsonb
);

ALTER TABLE ONLY public.job_attempts FORCE ROW LEVEL SECURITY;


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    kind character varying(64) NOT NULL,
    queue character varying(32) NOT NULL,
    priority smallint NOT NULL,
    arguments jsonb NOT NULL,
    payload_version smallint NOT NULL,
    state character varying(16) NOT NULL,
    version bigint NOT NULL,
    attempt integer NOT NULL,
    failures integer NOT NULL,
    max_failures integer NOT NULL,
    lease_losses integer NOT NULL,
    quarantine_losses integer NOT NULL,
    lease_expires_at timestamp with time zone,
    worker character varying(128),
    run_after timestamp with time zone DEFAULT now() NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    cancel_requested_at timestamp with time zone,
    dispatched_at timestamp with time zone,
    dispatches integer NOT NULL,
    sequence_key uuid,
    sequence_number bigint,
    progress_stage character varying(32) NOT NULL,
    progress_done integer NOT NULL,
    progress_total integer,
    event_number bigint NOT NULL,
    conversation_id uuid,
    message_id uuid,
    document_id uuid,
    retry_of uuid,
    result jsonb,
    error jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    timings jsonb DEFAULT '{}'::jsonb NOT NULL,
    stage_since timestamp with time zone DEFAULT now() NOT NULL,
    claim_token uuid,
    CONSTRAINT ck_jobs_finished CHECK ((((state)::text = ANY ((ARRAY['succeeded'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])) = (finished_at IS NOT NULL))),
    CONSTRAINT ck_jobs_lease CHECK ((((state)::text = 'running'::text) = (lease_expires_at IS NOT NULL))),
    CONSTRAINT ck_jobs_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying, 'succeeded'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);

ALTER TABLE ONLY public.jobs FORCE ROW LEVEL SECURITY;


--
-- Name: messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.messages (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    parent_id uuid,
    "position" integer NOT NULL,
    role character varying(16) NOT NULL,
    status character varying(16) NOT NULL,
    content text NOT NULL,
    citations jsonb NOT NULL,
    options jsonb NOT NULL,
    model character varying(128),
    prompt_tokens integer,
    completion_tokens integer,
    finish_reason character varying(32),
    job_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_messages_role CHECK (((role)::text = ANY ((ARRAY['user'::character varying, 'assistant'::character varying])::text[])))
);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    refresh_hash bytea NOT NULL,
    previous_hash bytea,
    rotated_at timestamp with time zone,
    user_agent character varying(256),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    job_id uuid
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id uuid NOT NULL,
    username character varying(64) NOT NULL,
    email character varying(254) NOT NULL,
    password_hash character varying NOT NULL,
    role character varying(16) NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0005');


--
-- Data for Name: chunks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.chunks VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', 4, 0, '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22838-9fb4-70aa-981e-d9b96ffd7245', NULL, 0, 164, '# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is seven crowns. Children under six travel free of charge.');
INSERT INTO public.chunks VALUES ('01a2283b-3f26-76de-a187-ca89f5c791f6', 1, 0, '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a2283b-4951-75f8-9d38-45424e8866d7', NULL, 0, 3827, 'Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer.');
INSERT INTO public.chunks VALUES ('01a2283b-3f26-76de-a187-ca89f5c791f6', 1, 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a2283b-4951-75f8-9d38-45439a334cfc', NULL, 3696, 6599, 'Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer.');
INSERT INTO public.chunks VALUES ('01a2283b-5610-734e-abfb-96412ac7e45a', 1, 0, '01a2283b-5419-73ec-a3cf-2a690f2f8549', '01a2283b-5a5c-72d0-afdd-5a448b6626db', NULL, 0, 27, 'Bob''s note is about herons.');


--
-- Data for Name: collections; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.collections VALUES ('01a22837-75ce-7551-84da-e9739230f2a8', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'Documents', true, 'all-MiniLM-L6-v2', 1, 1000, 150, '2026-11-29 16:50:52.970072+00', NULL, '2026-11-29 16:51:00.492987+00');
INSERT INTO public.collections VALUES ('01a2283b-3ee9-7793-958a-42e1b94fda5c', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'Papers', false, 'all-MiniLM-L6-v2', 1, 4000, 150, '2026-11-29 16:55:01.098207+00', NULL, '2026-11-29 16:55:01.098207+00');
INSERT INTO public.collections VALUES ('01a2283b-54a2-75f3-8ade-f195988bc6b3', '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'Documents', true, 'all-MiniLM-L6-v2', 1, 1000, 150, '2026-11-29 16:55:06.635799+00', NULL, '2026-11-29 16:55:06.635799+00');


--
-- Data for Name: conversations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.conversations VALUES ('01a22838-a1ac-72c8-bbfa-a2d020d01495', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'How many crowns does a ticket cost?', NULL, NULL, NULL, NULL, 2, '01a22838-a1ac-72c8-bbfa-a2cf1ff24dcf', '2026-11-29 16:52:09.772385+00', '2026-11-29 16:52:09.772385+00', '2026-11-29 16:52:09.772385+00', 'queue');
INSERT INTO public.conversations VALUES ('01a22837-db9e-77af-9445-215b6a15beb4', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'How many crowns does a ticket cost?', NULL, NULL, NULL, NULL, 4, '01a22839-3726-7499-85fc-5489e65cb8b8', '2026-11-29 16:51:19.062336+00', '2026-11-29 16:52:48.033892+00', '2026-11-29 16:52:48.033892+00', 'queue');
INSERT INTO public.conversations VALUES ('01a22839-bdd8-72d7-aabb-fef0f682a70b', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'What does a submarine cost?', NULL, NULL, NULL, NULL, 2, '01a22839-bdd8-72d7-aabb-feefa5fa7e8d', '2026-11-29 16:53:22.509061+00', '2026-11-29 16:53:22.509061+00', '2026-11-29 16:53:22.509061+00', 'queue');
INSERT INTO public.conversations VALUES ('01a2283b-5b28-74dc-8a42-4855932b649d', '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'Write a long poem.', NULL, NULL, NULL, NULL, 2, '01a2283b-5b28-74dc-8a42-4854a51e4ce4', '2026-11-29 16:55:08.327934+00', '2026-11-29 16:55:08.327934+00', '2026-11-29 16:55:08.327934+00', 'queue');


--
-- Data for Name: document_texts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.document_texts VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', '# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is four crowns. Children under six travel free of charge.
', '{}');
INSERT INTO public.document_texts VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', 2, '01a22837-7485-7561-bf1c-3366a85ce4e4', '# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is five crowns. Children under six travel free of charge.
', '{}');
INSERT INTO public.document_texts VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', 3, '01a22837-7485-7561-bf1c-3366a85ce4e4', '# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is six crowns. Children under six travel free of charge.
', '{}');
INSERT INTO public.document_texts VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', 4, '01a22837-7485-7561-bf1c-3366a85ce4e4', '# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is seven crowns. Children under six travel free of charge.
', '{}');
INSERT INTO public.document_texts VALUES ('01a2283b-3f26-76de-a187-ca89f5c791f6', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. Ferries leave at nine in summer. ', '{}');
INSERT INTO public.document_texts VALUES ('01a2283b-5610-734e-abfb-96412ac7e45a', 1, '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'Bob''s note is about herons.', '{}');


--
-- Data for Name: documents; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.documents VALUES ('01a2283b-3f26-76de-a187-ca89f5c791f6', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a2283b-3ee9-7793-958a-42e1b94fda5c', 'long.txt', 'text/plain', 6600, '14f2de0227da539894bba95138c3a3b3dfbae53f17ea9a65eeaa677bb6d57b38', '01a22837-7485-7561-bf1c-3366a85ce4e4/01a2283b-3f26-76de-a187-ca89f5c791f6', 'ready', NULL, NULL, 2, 1, 1, '01a2283b-3f44-7241-9720-978909851d46', 1, '2026-11-29 16:55:01.189583+00', '2026-11-29 16:55:03.993287+00', NULL, NULL);
INSERT INTO public.documents VALUES ('01a2283b-4a77-7694-8562-5b7bc7dd72be', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-75ce-7551-84da-e9739230f2a8', 'broken.pdf', 'application/pdf', 28, '626628c6c9e08d3d42f3d777cc3840c6b3e7236bf30a9db0595a25275178f5a7', '01a22837-7485-7561-bf1c-3366a85ce4e4/01a2283b-4a77-7694-8562-5b7bc7dd72be', 'failed', '{"code": "broken_file", "title": "Job failed", "detail": "The PDF cannot be read: its end is missing. Open it in a viewer, save it again and upload that."}', NULL, NULL, 0, 0, '01a2283b-4a83-76e4-a1ba-b1497b7f832a', 1, '2026-11-29 16:55:04.068021+00', '2026-11-29 16:55:04.476328+00', NULL, NULL);
INSERT INTO public.documents VALUES ('01a22837-77ef-776b-b73d-d71cc52f2f03', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-75ce-7551-84da-e9739230f2a8', 'ferries.md', 'text/markdown', 165, '3eb1ab7c383da75395af7fd229b49ea9c15aafb5fd5fd629ad911c01ed68b83a', '01a22837-7485-7561-bf1c-3366a85ce4e4/01a22837-77ef-776b-b73d-d71cc52f2f03.01a22838-9bfb-7032-bc2c-bbfc9e4b3c62', 'ready', NULL, NULL, 1, 4, 4, '01a22838-9c14-7007-a712-7543ee72e920', 4, '2026-11-29 16:50:53.591375+00', '2026-11-29 16:52:09.557279+00', NULL, NULL);
INSERT INTO public.documents VALUES ('01a2283b-5610-734e-abfb-96412ac7e45a', '01a2283b-5419-73ec-a3cf-2a690f2f8549', '01a2283b-54a2-75f3-8ade-f195988bc6b3', 'note.txt', 'text/plain', 27, '6ba28e76c04fdd479ad41fdf94c0b445901c605b4d5e95012d18ed637458bf35', '01a2283b-5419-73ec-a3cf-2a690f2f8549/01a2283b-5610-734e-abfb-96412ac7e45a', 'ready', NULL, NULL, 1, 1, 1, '01a2283b-5626-72ce-a17d-cee7e69a37ee', 1, '2026-11-29 16:55:07.048223+00', '2026-11-29 16:55:08.287637+00', NULL, NULL);


--
-- Data for Name: embeddings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.embeddings VALUES ('01a22837-ca71-7531-a06a-a04953c92e42', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\xccb47ac3aaf9f5d7d8c0df2968bf3fb8950160384873e6695e63a0ef83cae7d3', '\x641ea03ddf1c183d412c693d021e1e3d9e21313aab20ac3da419873b98295b3ca11d9cbd0629583d8a1b913b7d1c96bd2d26c9bca22ceb3c0925433c801801bd84233bbd5127cfbcdf1c98bd051a89bde327d23d722c6abcc81a8dbd342d6ebbf026cd3cff21333d501800bd6d2130bdf22238bc0d30fdbb401d9abd7319863c0f1d99bd4a202abb4b2f793c8a1b913dbc2a613dcf21323b5423babcf0264d3d8b2ae0bb121984bcf51ea3bc2323b93cb92e76bc6122353dac2f7b3c731906bd291b8f3cdf1c183d8127503d051a893cb22751bb971a0c3d442854bdcf2132bd971a0cbd98295bbdd924423d4b2ff93cf72d72bd5a1b903c731986bdaf2be63cc22237bdc81a0dbdbc2ae1bdf81a8ebc361a8abdaf2b66bc261f243b342d6e3dc51ea23d092543bdb118023c652d6f3cd628d73ceb1b93bd731906bdf81a0e3d0629d8bd4e2b64bd8018013d0925c33b1920a93c5e264a3d8e264bbce02be73b412ce93b1219843d2a2ade3c68295a3b8a1b913d4319853dcf21b2bd8018013df72df2bc1c1c143d121904bda528563d4e2b643d051a893cc81a0d3c641e203dc22237bd8e264bbb0629d83b261fa4bc4e2be4bcbb1b92bd5423babc8018013cdf1c983ccc2547bd1328d3bd6122b53b7d1c96bd661a0bbda11d1c3dc51ea2bc652d6f3d8018013dc81a0d3dd628d73c0629d8bd952d703d4a20aa3cfc254888f72d72bd68295abc8423bb3c0c21aebd3729d93dcf2132bd661a0b3ba419073d102c68bc0925c33aa824c1bce118033c051a893c6b25c5bd5a1b103d7d1c16bdf0264d3ddf1c98ba7b2ffa3c661a0bbda528d63cbc2a61bb722c6a3b0d30fd39dc20adbdd92442bdb11882bcdc202dbd5b2adf3da419073da41907bd102c683da824413d571fa5bcc51e223d2323b93ca528563d3a25c43c3a2544bdc81a0dbdc81a8dbda11d1cbeb22751bbf51e233dc9295cbc3022b4bc941ea13d1a2f78bd6122b5bc941e213dc222b73c501880bcbc2a61bd5b2adf3bc929dc3c51274fbcd32cecbc941ea13d442854bcd924c2bcd32c6c3cdc20adbdac2ffb3da52856bda52856baaf2be63ca11d1c3d641ea0bc9e21313ccf21b2bd4d1c953da11d9c3c1d2b633b6b25c5bc3022b43d8a1b113dff21b33d6d21b0bde327d23d021e1e3d4724bfbcac2f7b3d7724c0bc8127503df51e233e8a1b91bd051a89bc8423bbbc84233bbb132853bd701d1b3d7b2f7abd652defbc2a2a5ebd7d1c163d8a1b9188b227513df51e23bd7319863c1920a9bc2d2649bd0f1d19bca11d1c3de81f283c361a8a3b941e21bd6d2130be7a20ab3ca11d1c3dcf21b2bb3a2544bd0f1d99bdea2e773da824c13d4d1c953d8b2ae03ba22c6b3b2d26c93be81fa8bd2d26493d941e213d5423ba3c6b25c53bc222b73c641e203bf22238bc882e753ce11883bd3022b43caf2be6bc431905be6d21b03ceb1b133d8a1b913da22ceb3c5423ba3d8127d0bca11d1cbebc2ae13da22c6b3c4428d4bc952d703ddc20adbc102c683d4428543d8a1b913de81fa83ccf21323df72df2bdff21333d4e2b643c7a202b3bd51988bc1328d3ba4724bfbcdf1c98bcd924423d1d2b63bd5a1b90bd051a093d871f263c5018003c68295ab9df1c98bdb11802bd5b2adfbce623bdbd401d9abda11d9cbd4724bfbd652d6fbd5b2adfbc7724c03cf72df23c7319863ce02be73c0f1d19bdb11802bd952df0ba722c6a3c051a89bbf22238bef222383e431905bd1c1c943ca22ceb3c5b2adf3d4428543d4b2ff93c641e203c7d1c16bc272ef3b28018013e021e1e3bf81a0e3dbf264cbb431985bacc25c7bc8a1b913df222b83c4a202abdcf21b23d272e733df51ea3bcf72d72bcc22237bd7724c03c4a202a3c401d9a3da11d9cbcb11802bca11d9cbd442854bd051a093ba22cebbb1c1c943c092543bdb227d1bc0925433df81a8e3dff21b33d1c1c94bd4d1c95bc941e213de02be738d92442bd571f253bb22751bdff21b3bd661a8b3cf026cdbc941e21bc291b0f3cb92e76bbc62df1bc641e203d0925c3bc1328533d4724bfbddf1c983d5018003daf2be6ba121984bc0c21ae3cd924c2bb6b25453d4319053d0f1d193d1c1c143d361a8abc6b2545bca824c13d261f243cc81a8dbcac2f7bbdc81a0dbd');
INSERT INTO public.embeddings VALUES ('01a22838-9596-7402-a86a-444c2fd88bbd', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\xdcea2abcfef21776f99de185ce6249c774e27c95e1bfca8d206da74a80b94f26', '\x27ce883dc9c9143db3d0813de0c61c3dc4ade13bdfc2a73db2cc0c3cdfc2273c83c69dbdaca86f3d55cc8d3b55cc8dbdc3a5f7bcf3abe63c6ac12b3c94a3fdbc6abd36bdf2a7f1bcf7c799bd9bcf84bd51b4cf3d37a3febb3dc79bbde0c69cbb7faedf3cf6bf2f3d27ce08bd0ec521bd27ce88bcdbaae9bb54c4a3bdc8c1aa3ce0c69cbdc9cd89bb6ccd0a3c3dc79b3dc5b1563de0c61c3bc7bdb5bcaeb44e3d54c423bcdebeb2bcaeb0d9bc99bfb03cf5bb3abc0dc12c3d6ac1ab3b22b2d5bc97b7463c26ca133df5bb3a3d9bcb8f3c95a7f2baaeb0d93caeb059bddeba3dbd7fb2d4bc38ab68bd3ab7473df6bfaf3c56d082bdc9c9943cc9cd89bdf1a3fc3c0cb942bd27ce08bdf3afdbbd0fcd8bbcf8cb8ebd23b64abc6cc915bbf5b7453ddfc2a73d69b54cbdf2a7f13bb3d0813c3ab7c73cb1c897bd21aaebbcc9c9143df3abe6bd7fb254bd97b3d13c9ac71a3c56d0823c23ba3f3daeb059bc6cc9953c0fcd0b3c50ac653ddcaede3c3ab7c73be1ce863d27ce883d3bbbbcbdc3a5f73ce1ce06bde0ca113ddfc227bdddb6483d38ab683db0c0ad3c99bf303cb2cc0c3dafbc38bdf5bb3abbf3afdb3bc9cd89bc23b6cabc26ca93bd96afdcbcaeb44e3cb3d0813cdcb253bdafb8c3bddebabd3b6cc995bd94a3fdbc99bf303d54c4a3bc10d1803dadace43cc3a5f73c95a7f23c09a9eebd95a7723d0fc9963cc6b9408810d180bdafbcb8bc97b7c63c25c69ebd97b3d13df6bf2fbd55cc8d3bdaa2ff3c53c02ebc84ce873bf6c3a4bcf3ab663c84ce873c51b4cfbde0ca113d27ce08bd3bbb3c3d96afdc3996abe73c27ce08bd09a9ee3cf5b7c5bbaeb059b926ca93bb25c2a9bdf6bf2fbd6ccd8abcc7bd35bdadace43dc9cd093dc9c914bdf3ab663d21aa6b3df5bbbabc6ac12b3d20a6f63c4fa8703d96afdc3cf5b745bd99c325bd09a96ebd3dc71bbedebabdbbafb8433d7fae5fbc96af5cbc0ec5a13dc4ad61bd81babebcc9c9143d26ca933c38ab68bcadac64bdb1c8173c96abe73cc5b1d6bbdcb2d3bc3cc3a63d0bb158bcafb8c3bcdcb2533c0dc1acbd56d0023e7fae5fbd39af5dbb6ccd0a3dc8c12a3dc8c1aabcc3a5773c6ac1abbd55cc8d3d27ce083db3d0813bc4a96cbc6ac1ab3d0ec5213df6bfaf3ddfc2a7bdf4b3d03d99bf303ddbaa69bcaeb0593d09a5f9bcddb6483d54c4233e09a579bddaa27fbc3ab7c7bc25c69ebbdcae5ebdf5bb3a3dc9cd89bddfc2a7bcadac64bd0fcd0b3d6ccd8a8869b54c3daeb44ebd9bcb8f3c7da675bcafbc38bdafbcb8bb3dc71b3d0cb942baf4b3d03bb2cc0cbd6abd36be22aee03ce0ca113d6ccd0a3b22b255bd26ca93bdb3d0813dc6b5cb3d6cc9953d3dc71b3c97b3d13be0c61c3b3cc3a6bd22b2553d26ca133d0fcd0b3d7fb2d4ba25c2a93c3cc3a63b26ca93bc21aa6b3c10d180bdb0c0ad3c55cc0dbdb3d001be0bb5cd3cb3d0013d6cc9953d98bbbb3c0dbdb73d27ce08bd9ac71abef3afdb3df8cb0e3c7da6f5bc20a6763d24beb4bc39af5d3d3bbb3c3d3dcb903ddfc2a73c99bf303df2a7f1bdf5bb3a3dc8c12a3c96afdc3bf3ab66bc39af5dba97b7c6bc09a96ebc0bb54d3d81ba3ebd0fc996bd9bcf043d25c2293c7fae5f3cb1c8173ce0ca91bddaa2ffbc4fa8f0bc97b7c6bdf8cb8ebdb2cc8cbd3ab7c7bd67a96dbd22b2d5bc37a3fe3cb3d0013d81babe3cdcaede3c6cc915bd56d002bde0c61cbcc9c9943c97b3d1bb6abd36be0dbd373e3dcb10bdb2cc8c3c6ccd0a3d22b2d53daeb44e3df4b3d03c10d1803a96abe7bb4fa8f0b2f1a3fc3d55cc0dbb20a6f63c56d082bb10d1803b25c2a9bc0fcd8b3d9ac79a3c9bcb0fbd0dbdb73d27ce883d98bbbbbcc6b54bbc83ca12bd0bb1583c39afdd3b54c4a33d9bcb8fbc25c2a9bbe0ca91bdc4ad61bd3cc3263bf3abe63998bb3b3cf6c324bd66a5f8bc97b7463d9bcb8f3db0c0ad3df8cb8ebdf3afdbbc0dc12c3ddba6f4bbb0c02dbdf5b7c53b6cc915bdc7bdb5bdb2cc8c3c67a9edbcf7c719bcf3abe63ab1c817bce1ce06bd6cc9153df4b3d0bcafbc383d3bbbbcbd0fc9963dc9cd093dddb6c8bb96af5cbc3cc3a63c26ca93bb24be343d56d0023d6cc9153d3dc71b3dc6b9c0bc96afdcbbafb8c33d97b7c63b24beb4bcf2a771bde1ce06bd');
INSERT INTO public.embeddings VALUES ('01a22838-9a7b-7071-99e6-b892c57bdef2', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\x1e7c90a793a53a300d5d21795c806ae364f895ee898c78f1473991fc9e05ae89', '\x74fb8d3db6fb053dccf8603d87fa2a3de1fa9f3a56fab03d12fb193b47f9513cf9fa9cbd3ff9523d54fb113a9dfb88bddffb00bd6efaad3c58f94f3c95fb09bd68f94dbdcffb02bd2bfb96bd7af86abdd3f9c03d9bf8e6bb5cfb90bdf9fa9cbbb6fb053de9fa1e3df7f7fabc4bfb12bd2dfa35bc6efaadbbe9fa9ebdacf8e43c33fb95bdb0faa53bacf8643c4bfb923dccf8603ddffb00bacaf9c1bccaf9413d3bfb14bc6efaadbc33fb95bcf7f77a3ca8fa26bc97fa283d9ffa273c1ef9d6bcaefb863c33fb153d81f94a3ddffb803c7dfb8cba6af8ec3ca1f946bd56fa30bda6fb07bd7af86abddbf93f3d35fab43c9dfb88bd6cfb8e3cd7fb81bd9dfb083debf93dbde9fa1ebdccf8e0bd22fb17bccffb82bdb6fb85bc04fababa16f9573dc8faa23db2f944bd06f9d93be9fa9e3cb0faa53cf9fa9cbd08f8f8bc54fb113dd4f8dfbdccf860bd7af8ea3c2bfb163c66faae3c66fa2e3db0faa5bbdffb803c8ffa293b10f8773dbefb043d3ff9d23b5cfb903d51f86f3db2f9c4bdd7fb013dd7fb01bda8fa263d64fb0fbd26f9553df7f77a3ddbf9bf3ca8faa63b4bfb123db0fa25bdd6f7fe3ae1fa9f3b8ffa29bc16f9d7bc4bfb92bdaaf9c5bcfdf85a3ce1fa9f3c70f94cbd89f9c9bd74fb8d3bd1faa1bdd6f7febcd3f9403df1fa9dbccef77f3df7f7fa3ca6fb073dcffb023dccf8e0bd10f8773ddbf9bf3c7af86a88befb84bd45fab2bcdbf9bf3c4dfab1bd0ef9d83d24fa36bd56fa303bdff7fd3c7dfb8cbc70f9cc3bf3f9bcbc54fb913c22fb973c58f9cfbd04fa3a3d7dfb0cbd1ef9563d4bfb12bbe7f7fc3c2bfb16bd1ef9d63c0afb1abcebf93d3baaf9c5bb45fab2bdb2f944bdf9fa9cbcc8fa22bd26f9d53db6fb053d8dfb0abd20f8753d9bf8663d33fb95bc0afb1a3de5f8dd3c4ff9503d5efaaf3cdbf93fbd66fa2ebd41f871bd2bfb16bedbf93fbc1cfa373d5af86ebc6cfb8ebc8ffaa93dcffb82bda8faa6bc1afb183db6fb853c2bfb96bc1ef956bdd6f7fe3b3bfb143de9fa1ebc3ff9d2bcc8faa23d1cfa37bc7dfb8cbc95fb093c35fab4bdcef7ff3dd3f940bd6cfb8ebb5af8ee3ce1fa1f3d3bfb94bc70f9cc3b97faa8bd9dfb883dddf8de3c7af86a3b95fb89bc9ffaa73dd9fa203da8faa63d56fab0bdc2f9c23da8fa263d4dfa31bcf7f77a3d93f8e7bca1f9463de1fa1f3e20f875bd8ffaa9bcf3f9bcbc0afb9abb16f957bd56fa303d54fb91bde7f7fcbc89f949bd22fb173ddffb8088a1f9463d5efa2fbdb8faa43c1afb98bc9ffa27bd4dfab1bbf3f93c3dc2f9c23b2bfb163b9ffa27bd24fa36be8bf8e83cf9fa1c3de7f77cbbcaf941bdf9fa9cbda6fb873da1f9c63df1fa9d3d5efaaf3bd9fa203b5efa2f3b4dfab1bd04fa3a3de7f7fc3c28f8f43c3ff9d2ba85fb8b3c54fb113b68f94dbc4bfb923cdff77dbd45fab23c8dfb0abddff7fdbddbf9bf3c95fb093d7dfb8c3d16f9d73ce3f9be3dccf8e0bcd9fa20be1ef9d63d16f9d73b66faaebcc4f8613d12fb99bcccf8603de3f93e3d54fb913d9ffaa73c5efa2f3d9bf8e6bd58f94f3de7f77c3c14fa383b51f86fbcbcf8e2bb1ef9d6bc1afb98bcacf8643df3f93cbdb8faa4bd9dfb083d16f9d73b83f8693cb0fa253c74fb8dbd95fb09bd39f8f2bcebf9bdbd6cfb8ebdf9fa9cbd91f9c8bdacf864bddff7fdbcdff7fd3c64fb0f3dcaf9c13c28f8f43c9ffa27bdd6f7febcc2f942bc4dfab13c68f94dbb6efa2dbeebf93d3e76fa2cbdacf8643c74fb0d3d16f9d73d14fa383dccf8e03cd1faa1baacf8e4bb41f8f1b2d6f7fe3d76fa2cbcd6f7fe3cd6f7febb58f9cf3b68f9cdbccffb823d3ff9d23c91f948bd14fab83da6fb873d24fab6bca1f946bc1cfa37bdd3f9403ccaf9c13be1fa9f3dbcf862bce3f93ebc54fb91bdd3f940bd1afb983ba6fb07bae5f85d3c5efa2fbd9bf8e6bccaf9413d1afb983d76faac3d33fb95bd0cfab9bc5cfb103d89f9c9bb1cfa37bd14fa383c0afb1abd9ffaa7bd74fb0d3c1ef9d6bc6af86cbcf1fa9d3b06f959bc39f8f2bc1afb183d3ff9d2bc4ff9503debf9bdbd1afb983d62f8ed3c60f94ebb16f957bc8ffaa93c85fb0bbc0cfa393d8dfb0a3de1fa1f3d1afb183d93f8e7bcebf93dbc68f9cd3dedf85c3c99f9c7bc6af86cbd33fb15bd');
INSERT INTO public.embeddings VALUES ('01a22838-9fb4-70aa-981e-d9b96ffd7245', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\x477f1bf2936b7d394121ee675f9c7fdc103aff75f5f18c47d921d491c4e6bd65', '\x0ab8813d4ab00f3dea7d6a3d5c9c333d2b76783bea9cb23dcaa02b3cd891463caaa4a4bd5487593df88d4dba9cb389bd267befbc2180e63cf88d4d3c1ca425bd219f2ebdb8b407bd81b28bbd7cb782bda18fca3d1ca425bb4ab08fbdea9cb23ae682e13cef973b3d067fe8bc81b20bbd787e69bc61973cbc1ca4a5bd5c9cb33c2ab488bdf8ac153ba1ae923c85ad943d3d81643d45b586bb6692c5bcf392443d789d31bc6fa79fbcdcab97bcbcaf903ca5a99bbcdcab173dc18b513cf3b10cbdd3b5853c1ca4253d939e2f3d2ab4883c789db1b981b20b3da18f4abde6a129bd0f75fabc987a70bd8193433db39ab63c0ab881bd8a89553c2ab488bdca81e33c01845fbd219f2ebd787ee9bdd47775bc61b684bd85ad94bcf8ac153b5882623d8aa89d3def973bbd2f90493c01a3a73c2a95c03c33aa9abdd8b00ebdd8b00e3da68ad3bd218066bd0f75fa3c2ab4083c18a99c3c61973c3db39a36bcaf9fad3c8fa3a63b267b6f3d787ee93c2ab4083cbcaf903d7cb7823d2a95c0bd267bef3c0ab801bd38a5233de6a129bd947f673db876773de682e13ce187d83b45b5063d5c9c33bdea7d6a3bca81e33b4b727fbc188ad4bc33aa9abd6197bcbcc6a5223c419bb53cc18b51bd8193c3bde18758396aac96bd787ee9bc38a5233d81b28bbc98b8803dc686da3c81b20b3d18a91c3d2180e6bd98b8803d65b18d3c0a993988ef7873bd01a3a7bcea9cb23c58a1aabda68ad33d789d31bdd3963d3b6673fd3cc6a522bc01a3a73af88dcdbcb876773c0ab8813ca68ad3bd1ca4253d4fab18bd6692453d6aac96ba6197bc3cdcab17bd61b6043d45b506bcef973bba6aac16bb5c9cb3bda68a53bd58a1aabcf8ac15bd0184df3db8b4073df8ac15bd38865b3d947f673d6f8857bc18a91c3d2a95c03c6f88573d5c9cb33c46963ebd85ad14bd9d7579bddcab17be067f68bb419b353dd47775bcf3b18cbccaa0ab3d0b7a71bd7cb782bce1a6203df392c43c0ab881bc417c6dbd9d94c13b7cb7023def973bbb419bb5bcaaa4a43d33aa1abcef97bbbca68a533c219faebdeeb6033e7d7972bd61973cbb2faf113daaa4243dcaa0abbcf392443b7d98babd9cb3893d3886db3c138fcb3b0fb38abc3ca0ac3d6fa71f3d8fa3a63d5c9cb3bd868ecc3de6a1293dca8163bce682613d2ab408bdc6865a3d8aa81d3e4ab08fbd01a3a7bc417cedbc2ab408bc588262bdfca71e3deeb683bd2b76f8bc868e4cbd4ab00f3df3b18c88338b523d46963ebdef78733c65b18dbc669245bd9899b8bba5a91b3dcf9b343c789d31b9cf9b34bdea9c32be939eaf3c85ad143d2faf91ba2a9540bda5a99bbd0ab8813df88dcd3dbcaf903d65b18d3acf9bb43bb39a363b789db1bd188a543daaa4243ddd8ccf3c947f67bb9899b83c9899383c7cb702bc2faf913c9cb389bdaf9fad3cb876f7bcd3b505be6f88d73c7cb7023deeb6833ddd8ccf3cea9cb23dca81e3bc6fa71fbec686da3d58a12a3af392c4bc267b6f3d2ab488bc5487593dc18b513da1ae923d18a99c3c8193433d067fe8bd61973c3d2f90493c2faf113cd47775bc7483e0badcab97bcaaa4a4bc9d75793ddd8c4fbdc6a5a2bd2ab4083dea7dea3b419b353c98b800b9d3b585bdd3b505bd0ab801bd0f94c2bd13ae93bd85ad94bd7d98babdb47b6ebd38a523bd0f75fa3c98b8003dd3b5853c3886db3c2ab408bd98b800bddd8c4fbcf8ac953c987af03a8fa326be61973c3ecaa02bbdbcaf903c947fe73c3886db3df392443daf9fad3c7cb7023bc6a522bcef78f3b20b7af13dc6a522bc4677f63c219faebb6fa71f3c1ca4a5bcb8b4873d6aac963c18a91cbd9899b83d45b5863d4696bebc38865bbc9cb309bd3ca02c3cb47b6e3ce6a1a93d0f757abcbd9048bb85ad94bd138f4bbdd3b585ba0f9442b901845f3c7d983abd4677f6bc3ca02c3daaa4a43d789db13d18a99cbd8193c3bca5a91b3d947fe7bacf9b34bdc686da3b38a523bdaf9fadbd01845f3cf88dcdbcf88d4dbcc686da3b2ab408bb0b7af1bc6fa71f3d4f8cd0bcd891463dcaa0abbdc6a5a23d45b5063d947fe7ba45b506bcea9cb23cbd9048bb939e2f3d85ad143d33aa1a3d81b20b3d0fb38abc0f75fabb138fcb3da18f4a3c3ca0acbc61b684bdbcaf10bd');
INSERT INTO public.embeddings VALUES ('01a2283b-4951-75f8-9d38-45424e8866d7', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\x3bc573d4f253fce168736ba775d93be5f24d965bd517da124a388de59037185b', '\x123b673db93656bda8334a3d0c3a633c7f2c2e3dd73b6abd142591bd492e35bd6d29a2bde4271cbda232c63c8b238bbc91248fbc8021033d3035503ddc3c6e3c902f3abcd92514bdd92594bdc5385ebd1e3d6f3dcc2eb7bd6c34cdbdfc2bacbdcb39623c67281e3de4271cb9d830bfbcfb3657bd2c29a13bd92594bd35417f3dd32410bea23246bd9725133dc722883dc72208bbfd2081bcbb2000bc6d29a2bcd324903bae344ebd492e35bbf029a43d0138dbbb243e733d792baa3c2f407bbd3d2cadbd732a263d5b3141bc5625123ca3279bbdc722883db33552bd8b230b3c902fbabc142591bcd22fbbbc972513bcb42aa73c1a26153c5f3d70bd35417fbddc3cee3b732aa6bd0322053d092389bcfc2bac3c562512bd9c31c2bc96303e3ca9289fbdfd2001bd4839603c96303e3b243e733d0138dbbb3541ff3c0138dbbcc12104bd7140fcbc243ef33c562512bd663349bd91240fbdd22f3b3d593cecbc792b2a3dd13ae63cd324903cfb36573c6d29a23c8b238b3da13d71bd1e3defbb7f2c2ebd9d26973d653e743d55303dbddc3c6e3d91240fbdc62d33bd322a253dc72208bdcd238cbd6c34cd3cc5385e39663349bb3d2cadbcc72208bcf62aa83db42aa73d2f40fbbc1a2695bd852d323d593c6cbdcb39e23b1425913dfc2bac3d0138db3c06395f3da232463d4839e03c4e3a64bdd73bea3d6d29223d8b230b0a902f3abdac3f79bd3541ffbc91248fbd9d26973d663349bdd8303fbbd73b6a3de4271c3db2407dbdc62d33bd9d2697bc432d31bd432db1bd653e743c8b238bbd183ceb3df53553bc26289dbc022db0bc0e240d3d442286bbde26183d5c2616bd8622073b032285bda23246bca13d71bdf53553bdbf375a3d67281e3d9c3142bc3c3758bd8a2eb63c0e240d3d3e21823d4a238a3c1425113c372ba9ba4a238abd543be8bd862287bdbf37dabc8622873cd925943d1e3d6fbdd324903d492e353c032285bd71407cbccc2eb73cfd2001bd9630bebbc5385ebdde2698bcc538de3ca73ef5bb26289d3c06395fbdf02924bd862207bc432d31bc5c26963c6633c9bd91248f3aa23246bcaf29a33ce4279cbb603245bdd925143d492e353d2f407bbc123be73cbf37dabcde26983dcc2e37bb022db03d9c31c2bd67289e3c5f3df03b67281e3dc538de3d432db1bc3541ffbb6b3ff83c183cebbd372b293d0639dfbcd22fbb3c5f3d703c8a2eb6bcd324903c0923893db93656bd8b230b3df029248ad73bea3c902fbabc91240f3b50240e3b5f3df0bc4238dcbc1e3d6f3da13d713d3d2c2dbcde2618bde332c7bde4279cbd8b230bbc902f3abd7140fcbda8334abdb42aa73cfd20813c432d313d5b31413d032205bd8a2e363dd22fbbbc3c37d83d6b3f78bc852d32bd7f2cae3c8b230bbd142591bcf62aa83c972513bdf62aa8bda232c63d0138db3b902fbabde9334b3d4f2fb93c35417f3d492eb53cc722083e5c26963dd92514be6633c93d91248fbd4a238abc2c29213d61271abc243e733d5b3141bd1a26953dfb36d73d06395fbcbf375abd0322853b022d303d7f2cae3ce4271c3d653ef439f029a4bdc538debc432d313d4839e03b6633493dac3f793d5c26163cb42a27bc543be83b792baabd483960bd862207be243e73bd802183bcd32410be032285bb67289e3c653e74bdc538de3caf29233dc538debb5530bdbcc538debdea28203c61271abdc722883ddc3ceeba3035d0bdcc2eb73d123b67bd0e248d3d032205bc0322053ecc2e373da232c6bb3541ff3c593cecbb91240fb3fd20813d9c31c2bcb42aa73dd925943ca13d713cc5385ebc5b31c13d4f2fb93d8622873d4839e03c432db13ddc3cee3ca73ef5bcfd2081bd322aa53df535d33c0322853dcd238cbd91240f3c483960bc67289ebd2a3ff73c3c37583d6d29a23d0322053b123be7bc202799bc5625923d7f2cae3d2a3f77bd8622873ade2698bcde26183d5c2616bde9334bbdb335d2bb96303ebc4a230a3d183cebbc6633493d492e353d0138db3a3636d4bc183ceb3c5c26963bc62db3bcfb3657bc3e2182bc3d2c2d3dc5385e3d183c6b3cfc2b2cbda3279b3dd925143c9d26173d852d323d91248fbc91248fbdbf375abc2027193da9289f3dea28a03d9c31c2bd123be73a');
INSERT INTO public.embeddings VALUES ('01a2283b-4951-75f8-9d38-45439a334cfc', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'all-MiniLM-L6-v2', '\x4fa02783b40fc85209058cb129dc082b4c7382d119f2ce586821e94bebe94acb', '\x123b673db93656bda8334a3d0c3a633c7f2c2e3dd73b6abd142591bd492e35bd6d29a2bde4271cbda232c63c8b238bbc91248fbc8021033d3035503ddc3c6e3c902f3abcd92514bdd92594bdc5385ebd1e3d6f3dcc2eb7bd6c34cdbdfc2bacbdcb39623c67281e3de4271cb9d830bfbcfb3657bd2c29a13bd92594bd35417f3dd32410bea23246bd9725133dc722883dc72208bbfd2081bcbb2000bc6d29a2bcd324903bae344ebd492e35bbf029a43d0138dbbb243e733d792baa3c2f407bbd3d2cadbd732a263d5b3141bc5625123ca3279bbdc722883db33552bd8b230b3c902fbabc142591bcd22fbbbc972513bcb42aa73c1a26153c5f3d70bd35417fbddc3cee3b732aa6bd0322053d092389bcfc2bac3c562512bd9c31c2bc96303e3ca9289fbdfd2001bd4839603c96303e3b243e733d0138dbbb3541ff3c0138dbbcc12104bd7140fcbc243ef33c562512bd663349bd91240fbdd22f3b3d593cecbc792b2a3dd13ae63cd324903cfb36573c6d29a23c8b238b3da13d71bd1e3defbb7f2c2ebd9d26973d653e743d55303dbddc3c6e3d91240fbdc62d33bd322a253dc72208bdcd238cbd6c34cd3cc5385e39663349bb3d2cadbcc72208bcf62aa83db42aa73d2f40fbbc1a2695bd852d323d593c6cbdcb39e23b1425913dfc2bac3d0138db3c06395f3da232463d4839e03c4e3a64bdd73bea3d6d29223d8b230b0a902f3abdac3f79bd3541ffbc91248fbd9d26973d663349bdd8303fbbd73b6a3de4271c3db2407dbdc62d33bd9d2697bc432d31bd432db1bd653e743c8b238bbd183ceb3df53553bc26289dbc022db0bc0e240d3d442286bbde26183d5c2616bd8622073b032285bda23246bca13d71bdf53553bdbf375a3d67281e3d9c3142bc3c3758bd8a2eb63c0e240d3d3e21823d4a238a3c1425113c372ba9ba4a238abd543be8bd862287bdbf37dabc8622873cd925943d1e3d6fbdd324903d492e353c032285bd71407cbccc2eb73cfd2001bd9630bebbc5385ebdde2698bcc538de3ca73ef5bb26289d3c06395fbdf02924bd862207bc432d31bc5c26963c6633c9bd91248f3aa23246bcaf29a33ce4279cbb603245bdd925143d492e353d2f407bbc123be73cbf37dabcde26983dcc2e37bb022db03d9c31c2bd67289e3c5f3df03b67281e3dc538de3d432db1bc3541ffbb6b3ff83c183cebbd372b293d0639dfbcd22fbb3c5f3d703c8a2eb6bcd324903c0923893db93656bd8b230b3df029248ad73bea3c902fbabc91240f3b50240e3b5f3df0bc4238dcbc1e3d6f3da13d713d3d2c2dbcde2618bde332c7bde4279cbd8b230bbc902f3abd7140fcbda8334abdb42aa73cfd20813c432d313d5b31413d032205bd8a2e363dd22fbbbc3c37d83d6b3f78bc852d32bd7f2cae3c8b230bbd142591bcf62aa83c972513bdf62aa8bda232c63d0138db3b902fbabde9334b3d4f2fb93c35417f3d492eb53cc722083e5c26963dd92514be6633c93d91248fbd4a238abc2c29213d61271abc243e733d5b3141bd1a26953dfb36d73d06395fbcbf375abd0322853b022d303d7f2cae3ce4271c3d653ef439f029a4bdc538debc432d313d4839e03b6633493dac3f793d5c26163cb42a27bc543be83b792baabd483960bd862207be243e73bd802183bcd32410be032285bb67289e3c653e74bdc538de3caf29233dc538debb5530bdbcc538debdea28203c61271abdc722883ddc3ceeba3035d0bdcc2eb73d123b67bd0e248d3d032205bc0322053ecc2e373da232c6bb3541ff3c593cecbb91240fb3fd20813d9c31c2bcb42aa73dd925943ca13d713cc5385ebc5b31c13d4f2fb93d8622873d4839e03c432db13ddc3cee3ca73ef5bcfd2081bd322aa53df535d33c0322853dcd238cbd91240f3c483960bc67289ebd2a3ff73c3c37583d6d29a23d0322053b123be7bc202799bc5625923d7f2cae3d2a3f77bd8622873ade2698bcde26183d5c2616bde9334bbdb335d2bb96303ebc4a230a3d183cebbc6633493d492e353d0138db3a3636d4bc183ceb3c5c26963bc62db3bcfb3657bc3e2182bc3d2c2d3dc5385e3d183c6b3cfc2b2cbda3279b3dd925143c9d26173d852d323d91248fbc91248fbdbf375abc2027193da9289f3dea28a03d9c31c2bd123be73a');
INSERT INTO public.embeddings VALUES ('01a2283b-5a5c-72d0-afdd-5a448b6626db', '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'all-MiniLM-L6-v2', '\x6ba28e76c04fdd479ad41fdf94c0b445901c605b4d5e95012d18ed637458bf35', '\xc5c5a13c24bdb93c23a679bdc0b748bd1cb8c7bdd5cf05bd40ace83c73aaedbc7dc61fbc23a6f93c05c031bc34b05dbc65ce89bcfcba3fbd98b5ce3c9dc3a73d31d0843c93a775bd4ba8f33cacb64b3c31d004bd24bdb93d46d1813d73aaed3cd9c69ebcd5cf853db9c916bde0b4d039c5c5a1bb1cb8473cd5cf05bddba6f73dc8bcba3d28b4d2bc58bb3e3c17aaee3c9dc3a73c01c9983d58bb3e3c80bd383c90b05cbc03a9f1bca2d1803df8ac663d2dc2abbd29cb923d5cb257bdf5cc8d3d44bac13d90b05cbd71ca14bdbba96fbdadcd0bbe46d181bdd9c61e3d91c79c3d08b7cabb8dd003bd91c71cbd2dc22bb9e4abe9ba0dc5a33d49c89abdc1ce883cd5cf05bd3cb54f3dd4b845bd01c998bd15ca15bd01c918bd29cb123cccb3d3bb19c1aebd55c425bdb9c996bdf1beb4bde1cb903d71ca143d73aa6d3c55c425bd0dc5a3bd24bdb9bc50b6cc3dc8bc3abd23a679bbc8bc3a3cd1c12cbdadcd8bbde1cb90bbc4aee1bc20af603d4ba8f3bd6ba57bbdadcd8bbb1cb8c7bc29cb92bb9dc3a7bb41c3a8bc50b6ccbc6cbcbb3d7caf5f3df8ace63c3dcc8f3d98b54e3d51cd0c3db9c9963cc7a5fa3cc0b7483d28b4523d85cb11bdacb6cb3c41c3283b90b0dc3cead0023eead082bcccb3d3bd75c12d3d98b5ce3c39beb63c95be353d20af603dead0823c69c522bd50b64c3d91c79cbd01c9183d58bb3ebd79cf068ac5c5a13dadcd0bbc0dc5a33dbba96fbd8cb9433d90b0dc3b08b7cabd73aaedbb03a9f13cc4aee1bc40ac683bd5cf05be05c0b13decb05b3c0dc5a33d29cb92bb08b7cabc35c71d3d78b8463c55c425bd75c1adbdc5c5213d28b452bca2d180bda2d1803b71ca943c3cb5cf3c71ca14bd75c12dbdb9c9163d28b452bdd5cf05bddba677bc14b3d5bb24bd39bd03a9713c93a7f5bc70b3d4bd05c031bd37a7f63a3dcc0f3dc4aee13c98b54e3c3dcc0f3d1dcf873c7dc69f3d98b5ce3c01c998397dc61f3d44bac13c70b3d43c85cb913cacb64bbd85cb913c23a6793c2dc2abba55c4a53d31d0843c54ad65bda2d1003d75c12d3c8cb9433dfcba3f3dc5c521bd37a7f6bcc0b748bd23a6f9bc95beb5bc15ca15bc5dc917bde5c229bd93a775bbc8bcba3de4abe93a98b5cebdf5cc0d3d61c0b03d20af603c8cb9c33d91c79c3cb0ade43cf1be34bd88ab6a3d29cb12bd40ace8bcb0ad64bdb9c9963de0b4d0bde0b4d0bda9bfb2bdfcba3fbd1dcf073ddba6f7bc8cb943bd6cbc3bbdfcba3f0988ab6abd8dd003bcb4bbbdbbd4b8453be1cb10bdb1c4a4bc61c0303d55c4253d1cb847bd88ab6abd65ce09be05c0313d85cb113d3dcc8fbdcfaa6c3d7caf5f3ccdca933c8dd0833c5dc997bc93a7f5bc5dc9173d98b5cebb50b64c3d9dc327bd1dcf873b41c3a8bc34b0ddba78b8c6bdead082bd8cb943bb50b64cbd8cb943bd70b354bd73aa6dbda2d180bd99cc8ebdf5cc0dbcecb0dbbd78b846bdc4ae613d70b3d43d71ca943d91c79c3dead082bb39be363cadcd0b3d28b452bc2dc22b3d1dcf87bdacb6cbbcb9c996bc31d0043ce8b9423dfcba3f3d17aaeebcd9c61ebdd1c1ac3db1c4243da5c819bd50b6ccbbc5c521bd75c12d3d61c0b0bcacb64b3d46d1813d29cb123dead002bb6cbcbbbc78b8c6bc00b2d83cedc71bbc49c89abdd9c69ebdcdca13bd1dcf87bb85cb913d8dd083bc31d084bd71ca94bd09ce8a3cedc79b3b54ad65bdb0ad643d4ba8f33dcfaaecbae4ab69bd54ade53c35c79dbb17aa6ebbd1c1ac3d44bac1bc88ab6a3c57a4febce0b4503dacb64b3d31d084b2cfaa6cbca9bf323d03a971bdfba37fbd99cc8e3d78b8c63c50b64c3ce0b450bcf5cc0dbd55c4a53dc0b7c8bc00b2d8bc71ca94bd34b05d3dedc71b3d15ca95bb31d0843dc5c521be39be36bd2dc2abbca5c819bc91c71c3db1c4a43d93a7f5bc85cb91bd05c0313ca7a8f23bcfaaec3d1cb8473d3cb5cf3c31d004bd08b7ca3d51cd8c3c8dd0033b55c4253d39beb6bc2dc22b3db0ade43a8dd0833d71ca143d54ad65bd79cf06bd8dd083bc93a7753df8ace63da9bfb23c24bdb93da5c8993d39be36bd58bbbebdb0ade43c29cb923dc1ce083d29cb123df8ace6bc4ba8733bd9c69ebd75c1adbcf8ac663d28b4d23cfcba3f3da2d1003de0b4d0bc29cb92bc');


--
-- Data for Name: heartbeats; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.heartbeats VALUES ('sweeper', '2026-11-29 16:55:15.469796+00');
INSERT INTO public.heartbeats VALUES ('worker:indexing', '2026-11-29 16:55:15.479218+00');
INSERT INTO public.heartbeats VALUES ('worker:quarantine', '2026-11-29 16:55:16.225829+00');
INSERT INTO public.heartbeats VALUES ('worker:search', '2026-11-29 16:55:16.390667+00');
INSERT INTO public.heartbeats VALUES ('worker:replies', '2026-11-29 16:55:16.902644+00');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: job_attempts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.job_attempts VALUES ('01a22837-7816-7763-aaf1-7e07b3625ec7', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:50:53.866969+00', '2026-11-29 16:51:19.021906+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22839-3726-7499-85fc-5487efdbda84', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'replies@vm', 'replies', '2026-11-29 16:52:48.096299+00', '2026-11-29 16:53:22.319022+00', 'succeeded', NULL, '{"prompt_tokens": 76, "completion_tokens": 20}');
INSERT INTO public.job_attempts VALUES ('01a22839-bdd8-72d7-aabb-feed38ec5c9d', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'replies@vm', 'replies', '2026-11-29 16:53:22.562273+00', '2026-11-29 16:53:27.736324+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22839-d369-721f-b957-fab5cc1998b2', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'replies@vm', 'replies', '2026-11-29 16:53:28.086155+00', '2026-11-29 16:55:00.950759+00', 'succeeded', NULL, '{"prompt_tokens": 184, "completion_tokens": 79}');
INSERT INTO public.job_attempts VALUES ('01a2283b-3f44-7241-9720-978909851d46', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:55:01.237204+00', '2026-11-29 16:55:03.993287+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a2283b-4a83-76e4-a1ba-b1497b7f832a', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:55:04.123307+00', '2026-11-29 16:55:04.476328+00', 'failed', '{"code": "broken_file", "title": "Job failed", "detail": "The PDF cannot be read: its end is missing. Open it in a viewer, save it again and upload that."}', NULL);
INSERT INTO public.job_attempts VALUES ('01a2283b-4c7f-7109-a1c0-4fc459d079c2', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:55:04.615319+00', '2026-11-29 16:55:05.858924+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22837-db9e-77af-9445-21584379a585', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'replies@vm', 'replies', '2026-11-29 16:51:19.13591+00', '2026-11-29 16:52:05.783251+00', 'succeeded', NULL, '{"prompt_tokens": 135, "completion_tokens": 20}');
INSERT INTO public.job_attempts VALUES ('01a22838-9306-77ca-af01-70c3474ed157', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:52:06.072311+00', '2026-11-29 16:52:06.827872+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22838-96b9-7014-92f1-bfbc3349b274', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:52:06.998492+00', '2026-11-29 16:52:08.084343+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22838-9c14-7007-a712-7543ee72e920', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:52:08.389361+00', '2026-11-29 16:52:09.557279+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a2283b-5275-744f-8a26-88f7f46c5271', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'indexing@vm', 'indexing', '2026-11-29 16:55:06.183373+00', '2026-11-29 16:55:06.360172+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a2283b-5626-72ce-a17d-cee7e69a37ee', 1, '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'indexing@vm', 'indexing', '2026-11-29 16:55:07.107254+00', '2026-11-29 16:55:08.287637+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a2283b-5b28-74dc-8a42-4852c6254a27', 1, '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'replies@vm', 'replies', '2026-11-29 16:55:08.345067+00', '2026-11-29 16:55:08.609099+00', 'cancelled', NULL, '{"prompt_tokens": 7, "completion_tokens": 0}');
INSERT INTO public.job_attempts VALUES ('01a2283b-7360-73e0-8c45-975f78ead412', 1, '01a2283b-5e27-7485-b70b-b78f497c4419', 'indexing@vm', 'indexing', '2026-11-29 16:55:15.012285+00', '2026-11-29 16:55:15.815634+00', 'succeeded', NULL, NULL);
INSERT INTO public.job_attempts VALUES ('01a22838-a1ac-72c8-bbfa-a2cd4a50864a', 1, '01a22837-7485-7561-bf1c-3366a85ce4e4', 'replies@vm', 'replies', '2026-11-29 16:52:09.869019+00', '2026-11-29 16:52:47.715745+00', 'succeeded', NULL, '{"prompt_tokens": 135, "completion_tokens": 20}');


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES ('01a22838-a1ac-72c8-bbfa-a2cd4a50864a', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'messages.reply', 'replies', 5, '{"request_id": "01a22838-a1a9-77c0-bd31-45034a80500e", "first_stage": "retrieving"}', 1, 'succeeded', 17, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:52:09.772385+00', '2026-11-29 17:07:09.772385+00', NULL, NULL, 0, '01a22838-a1ac-72c8-bbfa-a2d020d01495', 2, 'done', 0, NULL, 4294967320, '01a22838-a1ac-72c8-bbfa-a2d020d01495', '01a22838-a1ac-72c8-bbfa-a2cf1ff24dcf', NULL, NULL, '{"user_message_id": "01a22838-a1ac-72c8-bbfa-a2ce8538599e", "assistant_message_id": "01a22838-a1ac-72c8-bbfa-a2cf1ff24dcf"}', NULL, '2026-11-29 16:52:09.772385+00', '2026-11-29 16:52:09.869019+00', '2026-11-29 16:52:47.715745+00', '{"citing": 5.253, "queued": 0.097, "generating": 31.759, "retrieving": 0.835}', '2026-11-29 16:52:47.715745+00', NULL);
INSERT INTO public.jobs VALUES ('01a22837-7816-7763-aaf1-7e07b3625ec7', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"request_id": "01a22837-77b2-7040-a545-08d4b1260efc", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:50:53.591375+00', '2026-11-29 17:50:53.591375+00', NULL, NULL, 0, '01a22837-77ef-776b-b73d-d71cc52f2f03', 1, 'done', 1, 1, 0, NULL, NULL, '01a22837-77ef-776b-b73d-d71cc52f2f03', NULL, '{"chunks": 1, "generation": 1, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}', NULL, '2026-11-29 16:50:53.591375+00', '2026-11-29 16:50:53.866969+00', '2026-11-29 16:51:19.021906+00', '{"queued": 0.276, "parsing": 0.208, "running": 0.357, "embedding": 22.480, "splitting": 2.111}', '2026-11-29 16:51:19.021906+00', NULL);
INSERT INTO public.jobs VALUES ('01a22839-3726-7499-85fc-5487efdbda84', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'messages.reply', 'replies', 5, '{"request_id": "01a22839-3720-763c-ac61-ff97ef5d2a4f", "first_stage": "generating"}', 1, 'succeeded', 14, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:52:48.033892+00', '2026-11-29 17:07:48.033892+00', NULL, NULL, 0, '01a22837-db9e-77af-9445-215b6a15beb4', 4, 'done', 0, NULL, 4294967317, '01a22837-db9e-77af-9445-215b6a15beb4', '01a22839-3726-7499-85fc-5489e65cb8b8', NULL, NULL, '{"user_message_id": "01a22839-3726-7499-85fc-548817657071", "assistant_message_id": "01a22839-3726-7499-85fc-5489e65cb8b8"}', NULL, '2026-11-29 16:52:48.033892+00', '2026-11-29 16:52:48.096299+00', '2026-11-29 16:53:22.319022+00', '{"queued": 0.062, "generating": 34.223}', '2026-11-29 16:53:22.319022+00', NULL);
INSERT INTO public.jobs VALUES ('01a22839-bdd8-72d7-aabb-feed38ec5c9d', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'messages.reply', 'replies', 5, '{"request_id": "01a22839-bdc3-7191-a710-c7d66f56fa8b", "first_stage": "retrieving"}', 1, 'succeeded', 4, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:53:22.509061+00', '2026-11-29 17:08:22.509061+00', NULL, NULL, 0, '01a22839-bdd8-72d7-aabb-fef0f682a70b', 2, 'done', 0, NULL, 4294967298, '01a22839-bdd8-72d7-aabb-fef0f682a70b', '01a22839-bdd8-72d7-aabb-feefa5fa7e8d', NULL, NULL, '{"user_message_id": "01a22839-bdd8-72d7-aabb-feee58b2f5d4", "assistant_message_id": "01a22839-bdd8-72d7-aabb-feefa5fa7e8d"}', NULL, '2026-11-29 16:53:22.509061+00', '2026-11-29 16:53:22.562273+00', '2026-11-29 16:53:27.736324+00', '{"queued": 0.053, "retrieving": 5.174}', '2026-11-29 16:53:27.736324+00', NULL);
INSERT INTO public.jobs VALUES ('01a22837-db9e-77af-9445-21584379a585', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'messages.reply', 'replies', 5, '{"request_id": "01a22837-db94-7178-9fe1-bccaba5fb913", "first_stage": "retrieving"}', 1, 'succeeded', 17, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:51:19.062336+00', '2026-11-29 17:06:19.062336+00', NULL, NULL, 0, '01a22837-db9e-77af-9445-215b6a15beb4', 2, 'done', 0, NULL, 4294967319, '01a22837-db9e-77af-9445-215b6a15beb4', '01a22837-db9e-77af-9445-215a647dcb8d', NULL, NULL, '{"user_message_id": "01a22837-db9e-77af-9445-215909eccde0", "assistant_message_id": "01a22837-db9e-77af-9445-215a647dcb8d"}', NULL, '2026-11-29 16:51:19.062336+00', '2026-11-29 16:51:19.13591+00', '2026-11-29 16:52:05.783251+00', '{"citing": 2.526, "queued": 0.074, "generating": 41.847, "retrieving": 2.275}', '2026-11-29 16:52:05.783251+00', NULL);
INSERT INTO public.jobs VALUES ('01a22838-9306-77ca-af01-70c3474ed157', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"upload_id": "01a22838-92c9-74db-bdf0-bf799695751b", "request_id": "01a22838-9299-7122-93e0-18de0e5c450d", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:52:05.995011+00', '2026-11-29 17:52:05.995011+00', NULL, NULL, 0, '01a22837-77ef-776b-b73d-d71cc52f2f03', 2, 'done', 1, 1, 0, NULL, NULL, '01a22837-77ef-776b-b73d-d71cc52f2f03', NULL, '{"chunks": 1, "generation": 2, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}', NULL, '2026-11-29 16:52:05.995011+00', '2026-11-29 16:52:06.072311+00', '2026-11-29 16:52:06.827872+00', '{"queued": 0.077, "parsing": 0.133, "running": 0.046, "embedding": 0.512, "splitting": 0.065}', '2026-11-29 16:52:06.827872+00', NULL);
INSERT INTO public.jobs VALUES ('01a22838-96b9-7014-92f1-bfbc3349b274', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"upload_id": "01a22838-96a3-7015-afff-84c328e04118", "request_id": "01a22838-9694-772b-bb0a-769f8ba2fbab", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:52:06.959493+00', '2026-11-29 17:52:06.959493+00', NULL, NULL, 0, '01a22837-77ef-776b-b73d-d71cc52f2f03', 3, 'done', 1, 1, 0, NULL, NULL, '01a22837-77ef-776b-b73d-d71cc52f2f03', NULL, '{"chunks": 1, "generation": 3, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}', NULL, '2026-11-29 16:52:06.959493+00', '2026-11-29 16:52:06.998492+00', '2026-11-29 16:52:08.084343+00', '{"queued": 0.039, "parsing": 0.346, "running": 0.049, "embedding": 0.638, "splitting": 0.052}', '2026-11-29 16:52:08.084343+00', NULL);
INSERT INTO public.jobs VALUES ('01a22838-9c14-7007-a712-7543ee72e920', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"upload_id": "01a22838-9bfb-7032-bc2c-bbfc9e4b3c62", "request_id": "01a22838-9bf8-7406-9c8c-7a8c40c2a761", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:52:08.331035+00', '2026-11-29 17:52:08.331035+00', NULL, NULL, 0, '01a22837-77ef-776b-b73d-d71cc52f2f03', 4, 'done', 1, 1, 0, NULL, NULL, '01a22837-77ef-776b-b73d-d71cc52f2f03', NULL, '{"chunks": 1, "generation": 4, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}', NULL, '2026-11-29 16:52:08.331035+00', '2026-11-29 16:52:08.389361+00', '2026-11-29 16:52:09.557279+00', '{"queued": 0.058, "parsing": 0.137, "running": 0.051, "embedding": 0.920, "splitting": 0.060}', '2026-11-29 16:52:09.557279+00', NULL);
INSERT INTO public.jobs VALUES ('01a22839-d369-721f-b957-fab5cc1998b2', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.analyze', 'replies', 5, '{"request_id": "01a22839-d359-74df-87a3-aae6141c5708", "first_stage": "running"}', 1, 'succeeded', 6, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:53:28.026975+00', '2026-11-29 17:53:28.026975+00', NULL, NULL, 0, NULL, NULL, 'done', 2, 2, 0, NULL, NULL, '01a22837-77ef-776b-b73d-d71cc52f2f03', NULL, '{"model": "smollm2-135m-instruct", "summary": "The ferry to the island is a luxury cruise ship. It is a luxury liner that takes a seven-day journey. The journey is not available for children under six.", "key_points": ["The ferry to the island is a luxury cruise that offers a seven-crown ticket. Children under the age of six are free of charge, and adults can travel free of charge for a seven-day ticket."]}', NULL, '2026-11-29 16:53:28.026975+00', '2026-11-29 16:53:28.086155+00', '2026-11-29 16:55:00.950759+00', '{"queued": 0.059, "running": 0.046, "summarising": 35.243, "drawing key points": 57.575}', '2026-11-29 16:55:00.950759+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-3f44-7241-9720-978909851d46', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"request_id": "01a2283b-3f1d-7544-a530-93b6e0f07c15", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:01.189583+00', '2026-11-29 17:55:01.189583+00', NULL, NULL, 0, '01a2283b-3f26-76de-a187-ca89f5c791f6', 1, 'done', 2, 2, 0, NULL, NULL, '01a2283b-3f26-76de-a187-ca89f5c791f6', NULL, '{"chunks": 2, "generation": 1, "document_id": "01a2283b-3f26-76de-a187-ca89f5c791f6"}', NULL, '2026-11-29 16:55:01.189583+00', '2026-11-29 16:55:01.237204+00', '2026-11-29 16:55:03.993287+00', '{"queued": 0.048, "parsing": 0.166, "running": 0.075, "embedding": 2.385, "splitting": 0.130}', '2026-11-29 16:55:03.993287+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-4a83-76e4-a1ba-b1497b7f832a', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"request_id": "01a2283b-4a76-7511-8f2e-19af0cac4bd8", "first_stage": "running"}', 1, 'failed', 4, 1, 1, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:04.068021+00', '2026-11-29 17:55:04.068021+00', NULL, NULL, 0, '01a2283b-4a77-7694-8562-5b7bc7dd72be', 1, 'parsing', 0, NULL, 0, NULL, NULL, '01a2283b-4a77-7694-8562-5b7bc7dd72be', NULL, NULL, '{"code": "broken_file", "title": "Job failed", "detail": "The PDF cannot be read: its end is missing. Open it in a viewer, save it again and upload that."}', '2026-11-29 16:55:04.068021+00', '2026-11-29 16:55:04.123307+00', '2026-11-29 16:55:04.476328+00', '{"queued": 0.055, "parsing": 0.326, "running": 0.027}', '2026-11-29 16:55:04.476328+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-5b28-74dc-8a42-4852c6254a27', '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'messages.reply', 'replies', 5, '{"request_id": "01a2283b-5b26-7575-95ed-8db007bb2395", "first_stage": "generating"}', 1, 'cancelled', 4, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:08.327934+00', '2026-11-29 17:10:08.327934+00', '2026-11-29 16:55:08.370019+00', NULL, 0, '01a2283b-5b28-74dc-8a42-4855932b649d', 2, 'generating', 0, NULL, 0, '01a2283b-5b28-74dc-8a42-4855932b649d', '01a2283b-5b28-74dc-8a42-4854a51e4ce4', NULL, NULL, NULL, NULL, '2026-11-29 16:55:08.327934+00', '2026-11-29 16:55:08.345067+00', '2026-11-29 16:55:08.609099+00', '{"queued": 0.017, "generating": 0.264}', '2026-11-29 16:55:08.609099+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-4c7f-7109-a1c0-4fc459d079c2', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.index', 'indexing', 5, '{"request_id": "01a2283b-4c6d-740c-b4e8-c001e80bc270", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:04.57556+00', '2026-11-29 17:55:04.57556+00', NULL, NULL, 0, '01a2283b-4c6f-70d3-99b9-5445b15c0ae8', 1, 'done', 1, 1, 0, NULL, NULL, '01a2283b-4c6f-70d3-99b9-5445b15c0ae8', NULL, '{"chunks": 1, "generation": 1, "document_id": "01a2283b-4c6f-70d3-99b9-5445b15c0ae8"}', NULL, '2026-11-29 16:55:04.57556+00', '2026-11-29 16:55:04.615319+00', '2026-11-29 16:55:05.858924+00', '{"queued": 0.040, "parsing": 0.168, "running": 0.037, "embedding": 0.978, "splitting": 0.061}', '2026-11-29 16:55:05.858924+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-5275-744f-8a26-88f7f46c5271', '01a22837-7485-7561-bf1c-3366a85ce4e4', 'documents.delete', 'indexing', 5, '{"request_id": "01a2283b-5248-72ad-a57a-9c2ef78e39ce", "first_stage": "running"}', 1, 'succeeded', 4, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:06.071772+00', '2026-12-06 16:55:06.071772+00', NULL, NULL, 0, '01a2283b-4c6f-70d3-99b9-5445b15c0ae8', 2, 'done', 0, NULL, 0, NULL, NULL, '01a2283b-4c6f-70d3-99b9-5445b15c0ae8', NULL, '{"chunks": 1, "vectors_deleted": 1, "vectors_remaining": 0}', NULL, '2026-11-29 16:55:06.071772+00', '2026-11-29 16:55:06.183373+00', '2026-11-29 16:55:06.360172+00', '{"queued": 0.112, "running": 0.063, "deleting": 0.114}', '2026-11-29 16:55:06.360172+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-5626-72ce-a17d-cee7e69a37ee', '01a2283b-5419-73ec-a3cf-2a690f2f8549', 'documents.index', 'indexing', 5, '{"request_id": "01a2283b-5606-74ad-aab0-0858815a7ffe", "first_stage": "running"}', 1, 'succeeded', 8, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:07.048223+00', '2026-11-29 17:55:07.048223+00', NULL, NULL, 0, '01a2283b-5610-734e-abfb-96412ac7e45a', 1, 'done', 1, 1, 0, NULL, NULL, '01a2283b-5610-734e-abfb-96412ac7e45a', NULL, '{"chunks": 1, "generation": 1, "document_id": "01a2283b-5610-734e-abfb-96412ac7e45a"}', NULL, '2026-11-29 16:55:07.048223+00', '2026-11-29 16:55:07.107254+00', '2026-11-29 16:55:08.287637+00', '{"queued": 0.059, "parsing": 0.124, "running": 0.034, "embedding": 0.977, "splitting": 0.045}', '2026-11-29 16:55:08.287637+00', NULL);
INSERT INTO public.jobs VALUES ('01a2283b-7360-73e0-8c45-975f78ead412', '01a2283b-5e27-7485-b70b-b78f497c4419', 'users.delete', 'indexing', 5, '{"user_id": "01a2283b-5e27-7485-b70b-b78f497c4419", "request_id": "01a2283b-7346-77b6-8e97-50218ebc06f7", "first_stage": "running"}', 1, 'succeeded', 17, 1, 0, 6, 0, 0, NULL, NULL, '2026-11-29 16:55:14.532297+00', '2026-12-06 16:55:14.532297+00', NULL, NULL, 0, '01a2283b-5e27-7485-b70b-b78f497c4419', 1, 'done', 5, NULL, 0, NULL, NULL, NULL, NULL, '{"jobs": 1, "chunks": 1, "messages": 0, "sessions": 0, "documents": 1, "embeddings": 0, "collections": 1, "conversations": 0, "vectors_deleted": 1, "vectors_remaining": 0}', NULL, '2026-11-29 16:55:14.532297+00', '2026-11-29 16:55:15.012285+00', '2026-11-29 16:55:15.815634+00', '{"jobs": 0.092, "queued": 0.480, "account": 0.049, "running": 0.394, "documents": 0.136, "embeddings": 0.042, "collections": 0.027, "conversations": 0.065}', '2026-11-29 16:55:15.815634+00', NULL);


--
-- Data for Name: messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.messages VALUES ('01a22837-db9e-77af-9445-215909eccde0', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-db9e-77af-9445-215b6a15beb4', NULL, 1, 'user', 'succeeded', 'How many crowns does a ticket cost?', '[]', '{}', NULL, NULL, NULL, NULL, NULL, '2026-11-29 16:51:19.062336+00');
INSERT INTO public.messages VALUES ('01a2283b-5b28-74dc-8a42-4854a51e4ce4', '01a2283b-5419-73ec-a3cf-2a690f2f8549', '01a2283b-5b28-74dc-8a42-4855932b649d', '01a2283b-5b28-74dc-8a42-48537027e461', 2, 'assistant', 'cancelled', '', '[]', '{"document_ids": [], "use_documents": false, "collection_ids": []}', 'smollm2-135m-instruct', 7, 0, NULL, '01a2283b-5b28-74dc-8a42-4852c6254a27', '2026-11-29 16:55:08.327934+00');
INSERT INTO public.messages VALUES ('01a22839-3726-7499-85fc-5489e65cb8b8', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-db9e-77af-9445-215b6a15beb4', '01a22839-3726-7499-85fc-548817657071', 4, 'assistant', 'succeeded', 'A ticket costs 1 crown.

The passage concludes with an answer that you''re not allowed', '[]', '{"max_tokens": 20, "document_ids": [], "use_documents": false, "collection_ids": []}', 'smollm2-135m-instruct', 76, 20, 'length', '01a22839-3726-7499-85fc-5487efdbda84', '2026-11-29 16:52:48.033892+00');
INSERT INTO public.messages VALUES ('01a22839-bdd8-72d7-aabb-feee58b2f5d4', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22839-bdd8-72d7-aabb-fef0f682a70b', NULL, 1, 'user', 'succeeded', 'What does a submarine cost?', '[]', '{}', NULL, NULL, NULL, NULL, NULL, '2026-11-29 16:53:22.509061+00');
INSERT INTO public.messages VALUES ('01a22838-a1ac-72c8-bbfa-a2cf1ff24dcf', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22838-a1ac-72c8-bbfa-a2d020d01495', '01a22838-a1ac-72c8-bbfa-a2ce8538599e', 2, 'assistant', 'succeeded', 'The passage ends with a question that requires a logical deduction. The answer is not provided. The passage [1]', '[{"end": 164, "page": null, "quote": "A ticket is seven crowns. Children under six travel free of charge.", "start": 97, "marker": 1, "filename": "ferries.md", "generation": 4, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}]', '{"max_tokens": 20, "document_ids": [], "use_documents": true, "collection_ids": []}', 'smollm2-135m-instruct', 135, 20, 'length', '01a22838-a1ac-72c8-bbfa-a2cd4a50864a', '2026-11-29 16:52:09.772385+00');
INSERT INTO public.messages VALUES ('01a22839-3726-7499-85fc-548817657071', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-db9e-77af-9445-215b6a15beb4', '01a22837-db9e-77af-9445-215a647dcb8d', 3, 'user', 'succeeded', 'And for children?', '[]', '{}', NULL, NULL, NULL, NULL, NULL, '2026-11-29 16:52:48.033892+00');
INSERT INTO public.messages VALUES ('01a22837-db9e-77af-9445-215a647dcb8d', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22837-db9e-77af-9445-215b6a15beb4', '01a22837-db9e-77af-9445-215909eccde0', 2, 'assistant', 'succeeded', 'A ticket costs 4 crowns.

The passage concludes with a question that you''re not allowed [1]', '[{"end": 163, "page": null, "quote": "A ticket is four crowns. Children under six travel free of charge.", "start": 97, "marker": 1, "filename": "ferries.md", "generation": 1, "document_id": "01a22837-77ef-776b-b73d-d71cc52f2f03"}]', '{"max_tokens": 20, "document_ids": [], "use_documents": true, "collection_ids": []}', 'smollm2-135m-instruct', 135, 20, 'length', '01a22837-db9e-77af-9445-21584379a585', '2026-11-29 16:51:19.062336+00');
INSERT INTO public.messages VALUES ('01a22838-a1ac-72c8-bbfa-a2ce8538599e', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22838-a1ac-72c8-bbfa-a2d020d01495', NULL, 1, 'user', 'succeeded', 'How many crowns does a ticket cost?', '[]', '{}', NULL, NULL, NULL, NULL, NULL, '2026-11-29 16:52:09.772385+00');
INSERT INTO public.messages VALUES ('01a22839-bdd8-72d7-aabb-feefa5fa7e8d', '01a22837-7485-7561-bf1c-3366a85ce4e4', '01a22839-bdd8-72d7-aabb-fef0f682a70b', '01a22839-bdd8-72d7-aabb-feee58b2f5d4', 2, 'assistant', 'succeeded', 'I found nothing in the documents that answers this question.', '[]', '{"document_ids": [], "use_documents": true, "collection_ids": []}', NULL, NULL, NULL, 'no_evidence', '01a22839-bdd8-72d7-aabb-feed38ec5c9d', '2026-11-29 16:53:22.509061+00');
INSERT INTO public.messages VALUES ('01a2283b-5b28-74dc-8a42-48537027e461', '01a2283b-5419-73ec-a3cf-2a690f2f8549', '01a2283b-5b28-74dc-8a42-4855932b649d', NULL, 1, 'user', 'succeeded', 'Write a long poem.', '[]', '{}', NULL, NULL, NULL, NULL, NULL, '2026-11-29 16:55:08.327934+00');


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sessions VALUES ('01a22837-7758-716a-9adf-8a2376137cbc', '01a22837-7485-7561-bf1c-3366a85ce4e4', '\x25f6ffbadbca699062110a89d9c078d2568b71e32e79982b85f1ebcac3a234d2', NULL, NULL, 'python-httpx/0.28.1', '2026-11-29 16:50:53.401336+00', '2026-11-29 16:50:53.401336+00', '2026-12-29 16:50:53.400765+00', NULL, NULL);
INSERT INTO public.sessions VALUES ('01a2283b-5567-71ea-b034-560f6f2d01d1', '01a2283b-5419-73ec-a3cf-2a690f2f8549', '\xd3fec184e55112bed3c88ff00b7b61dd4a30bbb34138bc7bde6190f69a62f978', NULL, NULL, 'python-httpx/0.28.1', '2026-11-29 16:55:06.856468+00', '2026-11-29 16:55:06.856468+00', '2026-12-29 16:55:06.855134+00', NULL, NULL);
INSERT INTO public.sessions VALUES ('01a2283b-6205-70b2-9193-cec5f9228805', '01a2283b-5e27-7485-b70b-b78f497c4419', '\x3a30f36a36a2e18b823d6521787682dbf6a89b70cfce5c4494213560cc197d15', NULL, NULL, NULL, '2026-11-29 16:55:10.086457+00', '2026-11-29 16:55:10.086457+00', '2026-12-29 16:55:10.085981+00', '2026-11-29 16:55:14.532297+00', '01a2283b-7360-73e0-8c45-975f78ead412');


--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.users VALUES ('01a22837-7485-7561-bf1c-3366a85ce4e4', 'ada', 'ada@example.org', '$argon2id$v=19$m=19456,t=2,p=1$ZAJIOBGbYoTGr+GNmh/byw$RrHlE7TFKTz7fLSJaBlqVd35AnSTY2BjINyn0PUTLJg', 'user', true, '2026-11-29 16:50:52.970072+00', '2026-11-29 16:50:52.970072+00', NULL);
INSERT INTO public.users VALUES ('01a2283b-5419-73ec-a3cf-2a690f2f8549', 'Robert', 'Bob@example.org', '$argon2id$v=19$m=19456,t=2,p=1$xj1WxfM7WEfmgdQXnSFluA$cZB1K9+4wl2W0LgZVHMnmQdCiE203qTrgbo89Jh/7/Y', 'user', true, '2026-11-29 16:55:06.635799+00', '2026-11-29 16:55:06.965483+00', NULL);
INSERT INTO public.users VALUES ('01a2283b-5e27-7485-b70b-b78f497c4419', 'deleted-01a2283b-5e27-7485-b70b-b78f497c4419', '01a2283b-5e27-7485-b70b-b78f497c4419@deleted.invalid', '!', 'user', false, '2026-11-29 16:55:09.46722+00', '2026-11-29 16:55:15.767089+00', '2026-11-29 16:55:15.767089+00');


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: chunks pk_chunks; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT pk_chunks PRIMARY KEY (document_id, generation, ordinal);


--
-- Name: collections pk_collections; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.collections
    ADD CONSTRAINT pk_collections PRIMARY KEY (id);


--
-- Name: conversations pk_conversations; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT pk_conversations PRIMARY KEY (id);


--
-- Name: document_texts pk_document_texts; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_texts
    ADD CONSTRAINT pk_document_texts PRIMARY KEY (document_id, generation);


--
-- Name: documents pk_documents; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT pk_documents PRIMARY KEY (id);


--
-- Name: embeddings pk_embeddings; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.embeddings
    ADD CONSTRAINT pk_embeddings PRIMARY KEY (id);


--
-- Name: heartbeats pk_heartbeats; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.heartbeats
    ADD CONSTRAINT pk_heartbeats PRIMARY KEY (name);


--
-- Name: idempotency_keys pk_idempotency_keys; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (owner_id, key);


--
-- Name: job_attempts pk_job_attempts; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT pk_job_attempts PRIMARY KEY (job_id, attempt);


--
-- Name: jobs pk_jobs; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);


--
-- Name: messages pk_messages; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT pk_messages PRIMARY KEY (id);


--
-- Name: sessions pk_sessions; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (id);


--
-- Name: users pk_users; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);


--
-- Name: collections uq_collections_owner_id_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.collections
    ADD CONSTRAINT uq_collections_owner_id_name UNIQUE (owner_id, name);


--
-- Name: embeddings uq_embeddings_owner_id_model_text_hash; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.embeddings
    ADD CONSTRAINT uq_embeddings_owner_id_model_text_hash UNIQUE (owner_id, model, text_hash);


--
-- Name: jobs uq_jobs_retry_of; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT uq_jobs_retry_of UNIQUE (retry_of);


--
-- Name: jobs uq_jobs_sequence_key_sequence_number; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT uq_jobs_sequence_key_sequence_number UNIQUE (sequence_key, sequence_number);


--
-- Name: messages uq_messages_conversation_id_position; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT uq_messages_conversation_id_position UNIQUE (conversation_id, "position");


--
-- Name: messages uq_messages_job_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT uq_messages_job_id UNIQUE (job_id);


--
-- Name: sessions uq_sessions_refresh_hash; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT uq_sessions_refresh_hash UNIQUE (refresh_hash);


--
-- Name: ix_chunks_embedding; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_chunks_embedding ON public.chunks USING btree (embedding_id);


--
-- Name: ix_conversations_activity; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_conversations_activity ON public.conversations USING btree (owner_id, last_activity_at, id);


--
-- Name: ix_documents_collection_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_documents_collection_id ON public.documents USING btree (collection_id);


--
-- Name: ix_documents_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_documents_owner ON public.documents USING btree (owner_id, id);


--
-- Name: ix_idempotency_keys_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);


--
-- Name: ix_jobs_conversation_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_conversation_id ON public.jobs USING btree (conversation_id);


--
-- Name: ix_jobs_deadline; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_deadline ON public.jobs USING btree (deadline_at) WHERE ((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[]));


--
-- Name: ix_jobs_dispatched; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_dispatched ON public.jobs USING btree (queue, owner_id, dispatched_at) WHERE (((state)::text = 'queued'::text) AND (dispatched_at IS NOT NULL));


--
-- Name: ix_jobs_document_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_document_id ON public.jobs USING btree (document_id);


--
-- Name: ix_jobs_finished; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_finished ON public.jobs USING btree (queue, finished_at) WHERE (finished_at IS NOT NULL);


--
-- Name: ix_jobs_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_open ON public.jobs USING btree (owner_id, priority, kind) WHERE ((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[]));


--
-- Name: ix_jobs_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_owner ON public.jobs USING btree (owner_id, id);


--
-- Name: ix_jobs_queued; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_queued ON public.jobs USING btree (priority, kind) WHERE ((state)::text = 'queued'::text);


--
-- Name: ix_jobs_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_running ON public.jobs USING btree (queue, owner_id, lease_expires_at) WHERE ((state)::text = 'running'::text);


--
-- Name: ix_jobs_sequence_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_sequence_open ON public.jobs USING btree (sequence_key, sequence_number) WHERE ((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[]));


--
-- Name: ix_jobs_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_waiting ON public.jobs USING btree (queue, owner_id, priority, id) WHERE (((state)::text = 'queued'::text) AND (dispatched_at IS NULL));


--
-- Name: ix_sessions_owner_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_sessions_owner_id ON public.sessions USING btree (owner_id);


--
-- Name: ix_sessions_previous_hash; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_sessions_previous_hash ON public.sessions USING btree (previous_hash);


--
-- Name: uq_collections_default; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_collections_default ON public.collections USING btree (owner_id) WHERE is_default;


--
-- Name: uq_jobs_sequence_running; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_jobs_sequence_running ON public.jobs USING btree (sequence_key) WHERE ((state)::text = 'running'::text);


--
-- Name: uq_users_email; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_users_email ON public.users USING btree (lower((email)::text));


--
-- Name: uq_users_username; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_users_username ON public.users USING btree (lower((username)::text));


--
-- Name: chunks fk_chunks_document_id_documents; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT fk_chunks_document_id_documents FOREIGN KEY (document_id) REFERENCES public.documents(id);


--
-- Name: chunks fk_chunks_embedding_id_embeddings; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT fk_chunks_embedding_id_embeddings FOREIGN KEY (embedding_id) REFERENCES public.embeddings(id);


--
-- Name: chunks fk_chunks_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT fk_chunks_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: collections fk_collections_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.collections
    ADD CONSTRAINT fk_collections_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: conversations fk_conversations_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT fk_conversations_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: document_texts fk_document_texts_document_id_documents; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_texts
    ADD CONSTRAINT fk_document_texts_document_id_documents FOREIGN KEY (document_id) REFERENCES public.documents(id);


--
-- Name: document_texts fk_document_texts_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_texts
    ADD CONSTRAINT fk_document_texts_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: documents fk_documents_collection_id_collections; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT fk_documents_collection_id_collections FOREIGN KEY (collection_id) REFERENCES public.collections(id);


--
-- Name: documents fk_documents_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT fk_documents_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: embeddings fk_embeddings_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.embeddings
    ADD CONSTRAINT fk_embeddings_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: job_attempts fk_job_attempts_job_id_jobs; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT fk_job_attempts_job_id_jobs FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;


--
-- Name: job_attempts fk_job_attempts_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT fk_job_attempts_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: jobs fk_jobs_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: messages fk_messages_conversation_id_conversations; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;


--
-- Name: messages fk_messages_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: sessions fk_sessions_owner_id_users; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_owner_id_users FOREIGN KEY (owner_id) REFERENCES public.users(id);


--
-- Name: chunks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.chunks ENABLE ROW LEVEL SECURITY;

--
-- Name: collections; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.collections ENABLE ROW LEVEL SECURITY;

--
-- Name: conversations; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

--
-- Name: document_texts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.document_texts ENABLE ROW LEVEL SECURITY;

--
-- Name: documents; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.documents ENABLE ROW LEVEL SECURITY;

--
-- Name: embeddings; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.embeddings ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: job_attempts; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.job_attempts ENABLE ROW LEVEL SECURITY;

--
-- Name: jobs; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

--
-- Name: messages; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

--
-- Name: chunks owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.chunks USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: collections owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.collections USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: conversations owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.conversations USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: document_texts owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.document_texts USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: documents owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.documents USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: embeddings owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.embeddings USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: idempotency_keys owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.idempotency_keys USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: job_attempts owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.job_attempts USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: jobs owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.jobs USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: messages owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.messages USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: sessions owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.sessions USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (owner_id)::text)));


--
-- Name: users owner; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner ON public.users USING (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (id)::text))) WITH CHECK (((current_setting('assistant.owner'::text, true) = 'system'::text) OR (current_setting('assistant.owner'::text, true) = (id)::text)));


--
-- Name: sessions; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

--
-- PostgreSQL database dump complete
--


