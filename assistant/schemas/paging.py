"""Which page of a list is wanted."""

from marshmallow import RAISE, Schema, fields, validate

from assistant.schemas.values import QueryInteger

LIMIT = 100


class PageSchema(Schema):
    """A page: up to `limit` items behind the one whose id is `after`."""

    class Meta:
        """A query parameter that nobody knows is a mistake worth knowing of."""

        unknown = RAISE

    limit = QueryInteger(load_default=LIMIT, validate=validate.Range(min=1, max=LIMIT))
    after = fields.UUID(metadata={"description": "The id of the last item seen"})
    skip = QueryInteger(load_default=0, validate=validate.Range(min=0, max=100_000))
