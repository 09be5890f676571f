"""What a client says over a WebSocket, beside questions."""

from marshmallow import fields, validate

from assistant.schemas.conversations import QuestionSchema
from assistant.schemas.text import Request


class PingFrameSchema(Request):
    """Nothing but the wish to be answered."""


class AuthFrameSchema(Request):
    """An access token."""

    token = fields.String(required=True, validate=validate.Length(max=8192))


class JobFrameSchema(Request):
    """Which job."""

    job_id = fields.UUID(required=True)


class FollowFrameSchema(JobFrameSchema):
    """Which job to follow, and from behind which event."""

    after = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 2**53))


FRAMES: dict[str, type[Request]] = {
    "auth": AuthFrameSchema,
    "chat": QuestionSchema,
    "follow": FollowFrameSchema,
    "unfollow": JobFrameSchema,
    "cancel": JobFrameSchema,
    "ping": PingFrameSchema,
}
