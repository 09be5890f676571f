"""Language models."""

from marshmallow import Schema, fields


class LanguageModelSchema(Schema):
    """A model that questions and conversations may name."""

    id = fields.String()
    is_default = fields.Boolean()
