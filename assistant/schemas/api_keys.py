"""Keys for programs."""

from datetime import UTC, datetime, timedelta

from marshmallow import Schema, ValidationError, fields

from assistant.models import Scope
from assistant.schemas.text import Line, Request
from assistant.schemas.values import Several

LONGEST_DAYS = 3650


def _check_end(moment: datetime) -> None:
    if moment > datetime.now(UTC) + timedelta(days=LONGEST_DAYS):
        raise ValidationError(
            "Give a moment within the next ten years, or leave it out for a key that never expires."
        )


class KeyCreationSchema(Request):
    """A key to make."""

    name = Line(longest=100, required=True)
    scopes = Several(
        fields.Enum(Scope, by_value=True),
        least=1,
        most=10,
        required=True,
        metadata={"description": "What it is good for; none includes another"},
    )
    expires_at = fields.AwareDateTime(
        allow_none=True,
        validate=_check_end,
        metadata={
            "description": "With its offset from UTC, within the next ten years; null or left out: "
            "never"
        },
    )


class KeySchema(Schema):
    """A key, without its text."""

    id = fields.UUID()
    name = fields.String()
    prefix = fields.String(metadata={"description": "How its text begins"})
    scopes = fields.List(fields.String())
    created_at = fields.DateTime()
    expires_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(
        allow_none=True, metadata={"description": "To a minute or two; null: never"}
    )


class MadeKeySchema(KeySchema):
    """A key that was just made."""

    key = fields.String(metadata={"description": "Its text, which is shown this once"})
