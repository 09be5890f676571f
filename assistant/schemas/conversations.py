"""Conversations and messages."""

from datetime import UTC

from marshmallow import Schema, fields, validate

from assistant.models import WhenBusy
from assistant.schemas.paging import PageSchema
from assistant.schemas.text import Line, Request, Search, Text, not_blank
from assistant.schemas.values import Flag, Number, Several

WHEN_BUSY = [way.value for way in WhenBusy]
TEMPERATURE = validate.Range(min=0, max=2)
MAX_TOKENS = validate.Range(min=1, max=128_000)


class ConversationSchema(Schema):
    """A conversation; its settings hold for replies whose question does not say otherwise."""

    # Where it goes on from is set too, but each message moves that.
    settable = ("title", "system_prompt", "model", "temperature", "max_tokens", "when_busy")

    id = fields.UUID()
    title = fields.String()
    system_prompt = fields.String(allow_none=True)
    model = fields.String(allow_none=True)
    temperature = fields.Float(allow_none=True)
    max_tokens = fields.Integer(allow_none=True)
    when_busy = fields.String(validate=validate.OneOf(WHEN_BUSY))
    current_message_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The end of the branch that is shown, and goes on"},
    )
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    last_activity_at = fields.DateTime()


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
    """Evidence: `[marker]` in the content rests on this slice of a document's text.

    What one quote cannot hold has several citations with the same marker, in the order in which it
    was said. `support` names markers of which none stands in the content: what was found for a
    sentence that set none.
    """

    marker = fields.Integer()
    document_id = fields.UUID()
    generation = fields.Integer()
    filename = fields.String()
    page = fields.Integer(allow_none=True)
    headings = fields.List(
        fields.String(),
        allow_none=True,
        metadata={
            "description": "What the passage stands under, the outermost first; null in replies "
            "made before this was kept, and once the document is deleted"
        },
    )
    start = fields.Integer(metadata={"description": "Offset in the extracted text, in code points"})
    end = fields.Integer()
    quote = fields.String(
        allow_none=True,
        metadata={
            "description": "Exactly that slice, at most 400 characters; null once the document is "
            "deleted"
        },
    )
    ocr = fields.Boolean(
        allow_none=True,
        metadata={"description": "Whether the page is a scan, so that its words may be misread"},
    )
    confidence = fields.Float(
        allow_none=True,
        metadata={
            "description": "How sure text recognition was of that page, from 0 to 1; null if the "
            "page had its text"
        },
    )
    deleted = fields.Boolean(
        dump_default=False,
        metadata={"description": "Whether the document was deleted since the reply was written"},
    )


class SupportSchema(Schema):
    """A sentence of a reply from documents, checked against the passages that it was given."""

    start = fields.Integer(metadata={"description": "Offset in the content, in code points"})
    end = fields.Integer()
    supported = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "Whether a passage says so; null where there is nothing to check, as in "
            "a question or in words that the documents do not tell, or where a passage in another "
            "language cannot tell"
        },
    )
    citations = fields.List(
        fields.Integer(), metadata={"description": "The markers of the citations that prove it"}
    )


class NoteSchema(Schema):
    """Something about how a reply came about that its reader should know."""

    code = fields.String(metadata={"description": "`history_shortened` or `limit_lowered`"})
    detail = fields.String()


class MessageSchema(Schema):
    """A question or a reply."""

    id = fields.UUID()
    conversation_id = fields.UUID()
    parent_id = fields.UUID(allow_none=True)
    role = fields.String(validate=validate.OneOf(["user", "assistant"]))
    status = fields.String(metadata={"description": "The state of the job that makes it"})
    content = fields.String()
    citations = fields.List(fields.Nested(CitationSchema))
    support = fields.List(
        fields.Nested(SupportSchema),
        allow_none=True,
        metadata={
            "description": "What the check of a reply from documents found, sentence by sentence; "
            "null for other messages, and while it is generated"
        },
    )
    reasoning = fields.String(
        allow_none=True,
        metadata={
            "description": "What the model thought before it answered, as far as it tells; no part "
            "of the reply, and shown to no model again"
        },
    )
    notes = fields.List(
        fields.Nested(NoteSchema),
        metadata={"description": "What was left out or lowered to get this reply"},
    )
    tokens_used = fields.Integer()
    usage = fields.Nested(UsageSchema, allow_none=True)
    model = fields.String(allow_none=True)
    finish_reason = fields.String(allow_none=True)
    job_id = fields.UUID(allow_none=True)
    created_at = fields.DateTime()


class ConversationWithMessagesSchema(ConversationSchema):
    """A conversation with its latest messages, oldest first."""

    messages = fields.List(fields.Nested(MessageSchema))


class ConversationSettingsSchema(Request):
    """The settings of a conversation; one that is null is as if it were not given."""

    title = Line(longest=200, allow_none=True)
    system_prompt = Text(longest=20_000, allow_none=True)
    model = Line(longest=128, allow_none=True)
    temperature = Number(allow_none=True, validate=TEMPERATURE)
    max_tokens = fields.Integer(strict=True, allow_none=True, validate=MAX_TOKENS)
    when_busy = fields.String(
        allow_none=True,
        validate=validate.OneOf(WHEN_BUSY),
        metadata={
            "description": "What a new message does while a reply is queued or running: wait "
            "(`queue`), be refused with a 409 (`reject`), or cancel that reply (`interrupt`)"
        },
    )


class ConversationReplacementSchema(ConversationSettingsSchema):
    """All settings of a conversation; what is not given is as in a new one."""

    read_as = ConversationWithMessagesSchema


class ConversationChangeSchema(ConversationReplacementSchema):
    """Settings to change; or another message that the conversation is to go on from."""

    current_message_id = fields.UUID(
        allow_none=True,
        metadata={
            "description": "Any message of the conversation: what leads to it is shown, and the "
            "next question continues it. Null is taken of a conversation without messages only"
        },
    )


class BranchSchema(Schema):
    """The end of a branch."""

    message_id = fields.UUID(attribute="id")
    position = fields.Integer(metadata={"description": "Grows in the order of creation"})
    role = fields.String(validate=validate.OneOf(["user", "assistant"]))
    status = fields.String(metadata={"description": "The state of the job that makes it"})
    content = fields.String(metadata={"description": "Its first 200 characters"})
    created_at = fields.DateTime()
    is_current = fields.Boolean(metadata={"description": "Whether the conversation shows it"})


class QuestionSchema(Request):
    """A question; without `conversation_id` a conversation is begun."""

    content = Text(longest=100_000, required=True, validate=[not_blank])
    conversation_id = fields.UUID(allow_none=True)
    use_documents = Flag(
        allow_none=True,
        metadata={"description": "Answer from documents; true alone means from all of yours"},
    )
    document_ids = Several(fields.UUID())
    collection_ids = Several(fields.UUID())
    model = Line(longest=128, allow_none=True)
    temperature = Number(allow_none=True, validate=TEMPERATURE)
    max_tokens = fields.Integer(strict=True, allow_none=True, validate=MAX_TOKENS)


class EditSchema(QuestionSchema):
    """A question in other words; what is left out is as for the reply to the old question."""

    class Meta(Request.Meta):
        """It stays in its conversation."""

        exclude = ("conversation_id",)


class RegenerateSchema(QuestionSchema):
    """What the new reply is made with; what is left out is as for the reply before it."""

    class Meta(Request.Meta):
        """The question stays as it is."""

        fields = ("model", "temperature", "max_tokens")


class MessageQuerySchema(PageSchema):
    """Which messages to list."""

    conversation_id = fields.UUID(required=True)
    before = fields.UUID(metadata={"description": "Read backwards what led to this message"})
