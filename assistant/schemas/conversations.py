"""Conversations and messages."""

from datetime import UTC

from marshmallow import Schema, fields, validate

from assistant.schemas.paging import PageSchema
from assistant.schemas.text import NOT_BLANK, Line, Request, Search, Text
from assistant.schemas.values import Flag, Number

TEMPERATURE = validate.Range(min=0, max=2)
MAX_TOKENS = validate.Range(min=1, max=128_000)
IDS = validate.Length(max=100)


class ConversationSchema(Request):
    """A conversation; its settings hold for replies whose question does not say otherwise."""

    id = fields.UUID(dump_only=True)
    title = Line(longest=200, allow_none=True)
    system_prompt = Text(longest=20_000, allow_none=True)
    model = Line(longest=128, allow_none=True)
    temperature = Number(allow_none=True, validate=TEMPERATURE)
    max_tokens = fields.Integer(strict=True, allow_none=True, validate=MAX_TOKENS)
    created_at = fields.DateTime(dump_only=True)
    updated_at = fields.DateTime(dump_only=True)
    last_activity_at = fields.DateTime(dump_only=True)


class ConversationQuerySchema(PageSchema):
    """Which conversations to list."""

    q = Search(metadata={"description": "Part of a title or of a message, in any case"})
    active_until = fields.AwareDateTime(
        default_timezone=UTC,
        metadata={"description": "When `after` was active; links to the next page have it"},
    )


class UsageSchema(Schema):
    """Tokens of one reply."""

    prompt_tokens = fields.Integer()
    completion_tokens = fields.Integer()
    total_tokens = fields.Integer()


class CitationSchema(Schema):
    """Evidence: `[marker]` in the content rests on this slice of a document's text."""

    marker = fields.Integer()
    document_id = fields.UUID()
    generation = fields.Integer()
    filename = fields.String()
    page = fields.Integer(allow_none=True)
    start = fields.Integer(metadata={"description": "Offset in the extracted text, in code points"})
    end = fields.Integer()
    quote = fields.String(metadata={"description": "Exactly that slice, at most 400 characters"})


class MessageSchema(Schema):
    """A question or a reply."""

    id = fields.UUID()
    conversation_id = fields.UUID()
    parent_id = fields.UUID(allow_none=True)
    role = fields.String(validate=validate.OneOf(["user", "assistant"]))
    status = fields.String(metadata={"description": "The state of the job that makes it"})
    content = fields.String()
    citations = fields.List(fields.Nested(CitationSchema))
    tokens_used = fields.Integer()
    usage = fields.Nested(UsageSchema, allow_none=True)
    model = fields.String(allow_none=True)
    finish_reason = fields.String(allow_none=True)
    job_id = fields.UUID(allow_none=True)
    created_at = fields.DateTime()


class ConversationWithMessagesSchema(ConversationSchema):
    """A conversation with its latest messages, oldest first."""

    messages = fields.List(fields.Nested(MessageSchema), dump_only=True)


class QuestionSchema(Request):
    """A question; without `conversation_id` a conversation is begun."""

    content = Text(longest=100_000, required=True, validate=[NOT_BLANK])
    conversation_id = fields.UUID(allow_none=True)
    use_documents = Flag(
        allow_none=True,
        metadata={"description": "Answer from documents; true alone means from all of yours"},
    )
    document_ids = fields.List(fields.UUID(), validate=IDS)
    collection_ids = fields.List(fields.UUID(), validate=IDS)
    model = Line(longest=128, allow_none=True)
    temperature = Number(allow_none=True, validate=TEMPERATURE)
    max_tokens = fields.Integer(strict=True, allow_none=True, validate=MAX_TOKENS)


class MessageQuerySchema(PageSchema):
    """Which messages to list."""

    conversation_id = fields.UUID(required=True)
    before = fields.UUID(metadata={"description": "Read backwards from the message with this id"})
