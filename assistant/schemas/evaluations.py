"""Evaluations: what is asked, with which settings, and how it went."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from assistant.models import JobState
from assistant.schemas.jobs import JobErrorSchema, ProgressSchema
from assistant.schemas.text import Line, Request, Text, not_blank
from assistant.schemas.values import Flag, Number, Several

MOST_QUESTIONS = 1000
SEARCHES = ("fused", "dense", "lexical")
ANSWERS = ("extractive", "model")


def _whole(lowest: int, highest: int, **more: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(lowest, highest), **more)


class ExpectedQuestionSchema(Request):
    """A question, and what is expected of its answer; what is not given is not judged."""

    question = Text(longest=2_000, required=True, validate=[not_blank])
    filename = Line(
        longest=255,
        allow_none=True,
        metadata={"description": "The document that answers it, with its ending or without"},
    )
    page = _whole(
        1, 100_000, allow_none=True, metadata={"description": "Where in that document, from 1 on"}
    )
    passage = Text(
        longest=10_000,
        allow_none=True,
        validate=[not_blank],
        metadata={"description": "The words of a document that answer it, as they stand there"},
    )
    answer = Text(
        longest=1_000,
        allow_none=True,
        validate=[not_blank],
        metadata={"description": "What the reply and its quotes have to say, in these words"},
    )
    refuse = Flag(
        allow_none=True,
        metadata={"description": "Whether the documents do not answer it, so that none is right"},
    )

    @validates_schema
    def check_sense(self, data: dict[str, Any], **_: object) -> None:
        """Refuse what contradicts itself, or says a page of nothing."""
        told = [name for name in ("filename", "passage", "answer") if data.get(name)]
        if data.get("refuse") and told:
            raise ValidationError("A question that is to be refused has no answer.", told[0])
        if data.get("page") and not data.get("filename"):
            raise ValidationError("Say of which document, with `filename`.", "page")


class EvaluationSettingSchema(Request):
    """A way to answer; what is not given is as the operator has set it for everybody."""

    name = Line(longest=60, metadata={"description": "How it is called in the result"})
    retrieval_limit = _whole(
        1, 100, metadata={"description": "How many chunks a reply is made from at most"}
    )
    threshold = Number(
        allow_none=True,
        validate=validate.Range(-1, 1),
        metadata={
            "description": "From which similarity on that is enough alone to answer; null for the "
            "lines that were drawn for each language"
        },
    )
    search = fields.String(
        validate=validate.OneOf(SEARCHES),
        metadata={"description": "By meaning and words, by meaning alone, or by words alone"},
    )
    rerank = Flag(
        metadata={"description": "Whether the operator's reranker orders what was found"},
    )
    answers = fields.String(
        validate=validate.OneOf(ANSWERS),
        metadata={"description": "Verbatim, which asks no model, or by the language model"},
    )


class UsedSettingSchema(Schema):
    """A way to answer, with what was given of it."""

    always = ()

    name = fields.String()
    retrieval_limit = fields.Integer()
    threshold = fields.Float(allow_none=True)
    search = fields.String(validate=validate.OneOf(SEARCHES))
    rerank = fields.Boolean()
    answers = fields.String(validate=validate.OneOf(ANSWERS))


class EvaluationRequestSchema(Request):
    """A set of questions, and one setting to ask it with, or two to compare."""

    name = Line(longest=200, load_default="Evaluation")
    questions = Several(fields.Nested(ExpectedQuestionSchema), least=1, most=MOST_QUESTIONS)
    csv = Text(
        longest=1_000_000,
        metadata={
            "description": "The same as CSV, with a line of names first: `question`, and any of "
            "`filename`, `page`, `passage`, `answer`, `refuse`"
        },
    )
    settings = Several(
        fields.Nested(EvaluationSettingSchema), least=1, most=2, load_default=lambda: [{}]
    )
    document_ids = Several(fields.UUID(), load_default=list)
    collection_ids = Several(fields.UUID(), load_default=list)

    @validates_schema
    def check_source(self, data: dict[str, Any], **_: object) -> None:
        """Demand the questions in one form."""
        if ("questions" in data) == ("csv" in data):
            raise ValidationError("Send either `questions` or `csv`.", "questions")


class MeasureSchema(Schema):
    """A measure: its mean with each setting, and what the pairs say if there are two.

    `difference` is that of the second from the first; `p` is the chance of one as large if nothing
    were different, and `p_adjusted` that for whoever looks at all measures at once.
    """

    always = ("name", "of", "values")

    name = fields.String()
    of = fields.Integer(metadata={"description": "How many questions it is about"})
    values = fields.List(fields.Float(), metadata={"description": "One for each setting"})
    difference = fields.Float(allow_none=True)
    higher = fields.Integer(allow_none=True)
    lower = fields.Integer(allow_none=True)
    same = fields.Integer(allow_none=True)
    p = fields.Float(allow_none=True)
    p_adjusted = fields.Float(allow_none=True)


class LatencySchema(Schema):
    """Seconds from a question to its whole answer, without waiting in a queue."""

    p50 = fields.Float()
    p95 = fields.Float()


class EvaluationResultSchema(Schema):
    """How the questions fared with each setting."""

    measures = fields.List(fields.Nested(MeasureSchema))
    latency = fields.List(fields.Nested(LatencySchema))
    errors = fields.List(
        fields.Integer(), metadata={"description": "Questions that failed, with each setting"}
    )


class OutcomeSchema(Schema):
    """How one question fared with one setting; null is what was not expected."""

    rank = fields.Integer(
        allow_none=True, metadata={"description": "Where the right thing stands in the search"}
    )
    given = fields.Boolean(
        allow_none=True, metadata={"description": "Whether the reply was made from it"}
    )
    stated = fields.Boolean(allow_none=True, metadata={"description": "The answer, in the reply"})
    quoted = fields.Boolean(allow_none=True, metadata={"description": "The answer, in a quote"})
    refused = fields.Boolean()
    seconds = fields.Float()
    error = fields.String(allow_none=True)


class QuestionOutcomeSchema(Schema):
    """A question, and how it fared with each setting."""

    number = fields.Integer(metadata={"description": "From 0 on, as it was sent"})
    question = fields.String()
    outcomes = fields.List(fields.Nested(OutcomeSchema))


class EvaluationSchema(Schema):
    """A set of questions, and the job that asks it."""

    id = fields.UUID()
    name = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in JobState]))
    job_id = fields.UUID()
    question_count = fields.Integer()
    settings = fields.List(fields.Nested(UsedSettingSchema))
    document_ids = fields.List(fields.UUID())
    collection_ids = fields.List(fields.UUID())
    progress = fields.Nested(ProgressSchema, allow_none=True)
    error = fields.Nested(JobErrorSchema, allow_none=True)
    created_at = fields.DateTime()


class EvaluationWithResultSchema(EvaluationSchema):
    """The same with the result, which is null until the job has succeeded."""

    result = fields.Nested(EvaluationResultSchema, allow_none=True)
    questions = fields.List(
        fields.Nested(QuestionOutcomeSchema),
        metadata={"description": "Each one; empty until the job has succeeded"},
    )
