"""Endpoints for evaluations: sets of questions whose answers are known."""

import uuid
from typing import Any

from flask import Response

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.errors import InvalidInput
from assistant.schemas.evaluations import (
    EvaluationRequestSchema,
    EvaluationSchema,
    EvaluationWithResultSchema,
)
from assistant.schemas.jobs import JobSchema
from assistant.schemas.paging import PageSchema
from assistant.security import allow, caller_id
from assistant.services.evaluation import evaluations, question_sets
from assistant.services.evaluation.judging import Case, case_of
from assistant.services.retrieval.retrieval import Scope

SVG = "image/svg+xml"

blp = StrictBlueprint(
    "evaluations",
    __name__,
    url_prefix="/evaluations",
    description="Questions whose answers are known, and how well they are answered",
)


@blp.post("")
@allow(scope="write")
@blp.arguments(EvaluationRequestSchema)
@idempotent()
@blp.response(202, JobSchema)
@blp.alt_response(429, "TOO_MANY_REQUESTS")
def create_evaluation(body: dict[str, Any]) -> Response:
    """Ask a set of questions of your documents, with one setting or with two to compare.

    It is done in the background, as your questions are answered. The evaluation has the id of this
    job.
    """
    scope = Scope(caller_id(), body["document_ids"], body["collection_ids"])
    job = evaluations.create(caller_id(), _cases(body), body["settings"], body["name"], scope)
    return responses.accepted_job(job)


def _cases(body: dict[str, Any]) -> list[Case]:
    if "questions" in body:
        given = [{n: v for n, v in one.items() if v is not None} for one in body["questions"]]
        return [case_of(one) for one in given]
    try:
        return question_sets.of_csv(body["csv"])
    except InvalidInput as error:
        raise InvalidInput(error.detail, pointer="#/csv") from None


@blp.get("")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, EvaluationSchema(many=True))
def list_evaluations(query: dict[str, Any]) -> Any:
    """List your evaluations, newest first, without their results."""
    page = responses.page(query)
    return responses.listed(evaluations.list_(caller_id(), page), page)


@blp.get("/<uuid:evaluation_id>")
@allow()
@blp.response(200, EvaluationWithResultSchema)
def get_evaluation(evaluation_id: uuid.UUID) -> Any:
    """Return an evaluation; once its job has succeeded, with its result."""
    return evaluations.get(caller_id(), evaluation_id)


@blp.get("/<uuid:evaluation_id>/plot")
@allow()
@blp.response(200, {"type": "string"}, content_type=SVG)
@blp.alt_response(409, "CONFLICT")
def get_evaluation_plot(evaluation_id: uuid.UUID) -> Response:
    """Return a picture of the result, as SVG."""
    response = Response(evaluations.draw(caller_id(), evaluation_id), mimetype=SVG)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@blp.delete("/<uuid:evaluation_id>")
@allow(scope="write")
@blp.response(204)
def delete_evaluation(evaluation_id: uuid.UUID) -> None:
    """Delete an evaluation with all that it found, and stop what runs for it."""
    evaluations.delete(caller_id(), evaluation_id)
