"""What users may have and use up, and what they have used up."""

from marshmallow import RAISE, Schema, fields, validate

from assistant.schemas.values import INT64, QueryInteger


class UsageQuerySchema(Schema):
    """Which days to show."""

    class Meta:
        """A query parameter that nobody knows is a mistake worth knowing of."""

        unknown = RAISE

    since = fields.Date(metadata={"description": "The first day of UTC; by default this month's"})
    until = fields.Date(metadata={"description": "The last one; by default today"})


class AllUsageQuerySchema(UsageQuerySchema):
    """Which days of which users to show."""

    user_id = fields.UUID()
    limit = QueryInteger(load_default=100, validate=validate.Range(min=1, max=1000))
    skip = QueryInteger(load_default=0, validate=validate.Range(min=0, max=1_000_000))


class QuotaSchema(Schema):
    """A limit, and what there is of it."""

    limit = fields.Integer(
        allow_none=True, metadata={**INT64, "description": "Null: there is none"}
    )
    used = fields.Integer(metadata=INT64)
    reserved = fields.Integer(
        metadata={**INT64, "description": "Tokens that open jobs may need; they count as used"}
    )
    resets_at = fields.DateTime(allow_none=True)


class LimitsSchema(Schema):
    """All limits of a user."""

    open_jobs = fields.Nested(QuotaSchema)
    documents = fields.Nested(QuotaSchema)
    stored_bytes = fields.Nested(QuotaSchema, metadata={"description": "The same bytes count once"})
    tokens_per_day = fields.Nested(QuotaSchema)
    tokens_per_month = fields.Nested(QuotaSchema)


class UsageDaySchema(Schema):
    """What was used up of a model on a day, asked for with one key or with none."""

    day = fields.Date()
    model = fields.String(
        allow_none=True, metadata={"description": "As it was asked for; null: not known"}
    )
    key_id = fields.UUID(allow_none=True)
    key = fields.String(
        allow_none=True, metadata={"description": "The key's name; null once it is revoked"}
    )
    attempts = fields.Integer(metadata={"description": "At jobs for which the model was asked"})
    prompt_tokens = fields.Integer(metadata=INT64)
    completion_tokens = fields.Integer(metadata=INT64)
    total_tokens = fields.Integer(metadata=INT64)
    estimated_tokens = fields.Integer(
        metadata={**INT64, "description": "Of all, those that no provider has counted"}
    )


class UserUsageDaySchema(UsageDaySchema):
    """What one of many users has used up."""

    owner_id = fields.UUID()
    owner = fields.String(allow_none=True)


class OwnUsageSchema(Schema):
    """What you may have, have, and have used up, the newest day first."""

    limits = fields.Nested(LimitsSchema)
    days = fields.List(fields.Nested(UsageDaySchema))
