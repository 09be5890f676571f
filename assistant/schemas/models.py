"""Language models."""

from marshmallow import Schema, fields


class LanguageModelSchema(Schema):
    """A model that questions and conversations may name.

    `extractive` is no model: it answers from documents with their own sentences and rows, verbatim
    and at once, and does so where no model is named if the operator says so.
    """

    id = fields.String()
    is_default = fields.Boolean()
