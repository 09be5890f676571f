"""Jobs as their owner sees them."""

from marshmallow import INCLUDE, Schema, fields, validate

from assistant.models import JobKind, JobState
from assistant.schemas.conversations import MessageSchema
from assistant.schemas.paging import PageSchema


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


class JobResultSchema(Schema):
    """What a job made, by its kind; of a deletion a receipt, with a number for all it removed."""

    class Meta:
        """A receipt counts different things for documents, collections and users."""

        unknown = INCLUDE

    user_message = fields.Nested(MessageSchema)
    assistant_message = fields.Nested(MessageSchema)
    document_id = fields.UUID()
    generation = fields.Integer()
    chunks = fields.Integer()
    summary = fields.String()
    key_points = fields.List(fields.String())


class JobSchema(Schema):
    """A piece of background work, from the promise to its end."""

    id = fields.UUID()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in JobKind]))
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


class JobQuerySchema(PageSchema):
    """Which jobs to list."""

    state = fields.String(validate=validate.OneOf([state.value for state in JobState]))
    kind = fields.String(validate=validate.OneOf([kind.value for kind in JobKind]))
