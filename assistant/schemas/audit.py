"""The audit log."""

from marshmallow import Schema, fields

from assistant.models import Action
from assistant.schemas.paging import PageSchema


class AuditQuerySchema(PageSchema):
    """Which entries to list."""

    action = fields.Enum(Action, by_value=True)
    user_id = fields.UUID(metadata={"description": "Who did it, or had it done to them"})


class AuditEventSchema(Schema):
    """An entry: ids, and the names that users have now."""

    id = fields.UUID()
    at = fields.DateTime()
    action = fields.String()
    actor_id = fields.UUID(
        allow_none=True,
        metadata={"description": "Who did it; null: the command line, or a stranger"},
    )
    actor = fields.String(allow_none=True, metadata={"description": "Null once they are gone"})
    key_id = fields.UUID(allow_none=True, metadata={"description": "With which API key"})
    subject_id = fields.UUID(allow_none=True, metadata={"description": "What it was done to"})
    subject = fields.String(allow_none=True, metadata={"description": "A user's name"})
    address = fields.String(
        allow_none=True,
        metadata={"description": "Whence, if PROXY_HOPS is set; after 30 days a network"},
    )
    details = fields.Dict()
