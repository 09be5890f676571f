"""Jobs as their owner sees them."""

from marshmallow import INCLUDE, Schema, fields, validate

from assistant.models import Blocker, JobState
from assistant.schemas.conversations import MessageSchema
from assistant.schemas.paging import PageSchema
from assistant.schemas.values import INT64


class ProgressSchema(Schema):
    """How far the work has come; `total` is null while nobody can know."""

    stage = fields.String()
    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class JobErrorSchema(Schema):
    """Why a job failed, or why it is tried again."""

    code = fields.String()
    title = fields.String()
    detail = fields.String()


class SearchedSchema(Schema):
    """What a reply's search has compared, if time was too short for all."""

    # A schema has an attribute of that name.
    is_partial = fields.Boolean(attribute="partial", data_key="partial")
    compared = fields.Integer()
    chunks = fields.Integer()


class JobResultSchema(Schema):
    """What a job made, by its kind; of a deletion a receipt, with a number for all it removed."""

    always = ()

    class Meta:
        """A receipt counts different things for documents, collections and users."""

        unknown = INCLUDE

    user_message = fields.Nested(MessageSchema)
    assistant_message = fields.Nested(MessageSchema)
    search = fields.Nested(
        SearchedSchema,
        metadata={
            "description": "Only there if a reply's search had no time to compare every chunk: "
            "how many were compared of how many"
        },
    )
    document_id = fields.UUID()
    generation = fields.Integer()
    chunks = fields.Integer()
    duplicate = fields.Boolean(
        metadata={"description": "The uploaded bytes were there: in the document that is named"}
    )
    citations = fields.Integer(
        metadata={"description": "In a receipt: citations of what was deleted, now without quote"}
    )
    replies = fields.Integer(
        metadata={"description": "In a receipt: replies with such citations; their text stays"}
    )
    summary = fields.String()
    key_points = fields.List(fields.String())
    model = fields.String(metadata={"description": "The model that wrote an analysis"})
    evaluation_id = fields.UUID()
    response_id = fields.String(metadata={"description": "The id under which `/v1` has it"})


class AttemptSchema(Schema):
    """One try of a worker; `outcome` and the reason are null while it runs."""

    attempt = fields.Integer()
    queue = fields.String()
    started_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    outcome = fields.String(allow_none=True)
    reason = fields.Nested(JobErrorSchema, allow_none=True)


class JobSchema(Schema):
    """A piece of background work, from the promise to its end."""

    id = fields.UUID()
    kind = fields.String(
        metadata={"description": "Such as `messages.reply`; a newer release may have more kinds."}
    )
    state = fields.String(validate=validate.OneOf([state.value for state in JobState]))
    attempt = fields.Integer()
    progress = fields.Nested(ProgressSchema)
    conversation_id = fields.UUID(allow_none=True)
    message_id = fields.UUID(allow_none=True)
    document_id = fields.UUID(allow_none=True)
    retry_of = fields.UUID(allow_none=True)
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    cancel_requested_at = fields.DateTime(allow_none=True)
    result = fields.Nested(JobResultSchema, allow_none=True)
    error = fields.Nested(JobErrorSchema, allow_none=True)
    attempts = fields.List(
        fields.Nested(AttemptSchema), metadata={"description": "The last 20, oldest first."}
    )
    timings = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        metadata={"description": "Seconds spent in each stage that was left."},
    )
    queue_position = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Of one queued job, when it is read alone; in a long queue about so."
        },
    )
    blocker = fields.String(
        allow_none=True,
        validate=validate.OneOf([blocker.value for blocker in Blocker]),
        metadata={"description": "What a queued job waits for, when it is read alone."},
    )
    waiting_because = fields.String(allow_none=True, metadata={"description": "The same in words."})


class JobQuerySchema(PageSchema):
    """Which jobs to list."""

    state = fields.String(validate=validate.OneOf([state.value for state in JobState]))
    kind = fields.String(metadata={"description": "Such as `documents.index`."})


class JobReadSchema(Schema):
    """How to read a job."""

    wait = fields.Float(
        validate=validate.Range(0, 60),
        metadata={"description": "Seconds to wait for its end; it is answered as it is then."},
    )


class EventQuerySchema(Schema):
    """Where to go on, and with which right."""

    after = fields.Integer(
        validate=validate.Range(0, 2**53), metadata={"description": "The last event's id.", **INT64}
    )
    ticket = fields.String(metadata={"description": "Instead of an access token."})


class TicketSchema(Schema):
    """A right to follow one job once, for those who cannot send a header."""

    ticket = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})
