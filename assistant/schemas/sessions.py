"""Where somebody is signed in."""

from marshmallow import Schema, fields


class SessionSchema(Schema):
    """A session that goes on."""

    id = fields.UUID()
    user_agent = fields.String(
        allow_none=True, metadata={"description": "What the device said that it is"}
    )
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(
        metadata={"description": "When its tokens were last changed for new ones"}
    )
    expires_at = fields.DateTime()
    is_current = fields.Boolean(metadata={"description": "Whether it makes this request"})
