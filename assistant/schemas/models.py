"""Language models."""

from marshmallow import Schema, fields


class LanguageModelSchema(Schema):
    """A model that questions and conversations may name."""

    id = fields.String()
    is_default = fields.Boolean(
        metadata={"description": "Whether it answers where no model is named"}
    )
    answers_documents = fields.Boolean(
        metadata={
            "description": "Whether it answers from documents where no model is named. "
            "`extractive` is no model: it gives the sentences and rows of the documents that "
            "answer, verbatim and at once"
        }
    )
