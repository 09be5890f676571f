"""Evaluations as their owner sees them: create, list, read, draw, retry, delete."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput, NotFound
from assistant.extensions import settings as installed
from assistant.models import Action, Document, Evaluation, Job, JobState
from assistant.services import active_owner, audit, jobs
from assistant.services.evaluation.judging import Case, names_of
from assistant.services.evaluation.plot import plot
from assistant.services.evaluation.question_sets import MOST_NAMED, demand_size
from assistant.services.evaluation.work import read_outcomes
from assistant.services.jobs import Body, kinds
from assistant.services.paging import Page, page_of
from assistant.services.retrieval.retrieval import Scope, check_scope
from assistant.services.retrieval.tuning import Ranking

LONGEST_NAME = 60


def create(
    owner_id: uuid.UUID,
    cases: Sequence[Case],
    given: Sequence[Mapping[str, Any]],
    name: str,
    scope: Scope,
) -> Job:
    """Promise to ask questions with one or two settings; the evaluation has the job's id.

    Raises `InvalidInput` for settings that are the same, and for questions that name a document
    which cannot be searched.
    """
    questions = [case.as_dict() for case in cases]
    demand_size(questions)
    chosen = _chosen(given)
    job_id = uuid7()
    with transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        check_scope(session, scope)
        _demand_documents(session, scope, cases)
        evaluation = Evaluation(
            id=job_id,
            owner_id=owner_id,
            job_id=job_id,
            name=name,
            questions=questions,
            settings=chosen,
            scope={
                "document_ids": [str(one) for one in scope.document_ids],
                "collection_ids": [str(one) for one in scope.collection_ids],
            },
        )
        session.add(evaluation)
        job = _accept(session, evaluation, job_id)
    jobs.announce(job)
    return job


def _accept(
    session: Session, evaluation: Evaluation, job_id: uuid.UUID, retry_of: uuid.UUID | None = None
) -> Job:
    asks_a_model = any(setting["answers"] != EXTRACTIVE for setting in evaluation.settings)
    return jobs.accept(
        session,
        job_id=job_id,
        owner_id=evaluation.owner_id,
        kind=kinds.EVALUATE,
        arguments={"evaluation_id": str(evaluation.id)},
        retry_of=retry_of,
        # It asks many times, and what it used up is looked at each time.
        reserved_tokens=installed.context_tokens * asks_a_model,
    )


def _chosen(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return settings with all that they leave to the operator, and a name."""
    usual = {
        "retrieval_limit": installed.retrieval_limit,
        "threshold": installed.retrieval_threshold,
        "search": Ranking.FUSED.value,
        "rerank": installed.rerank_url is not None,
        "answers": EXTRACTIVE,
    }
    chosen = [{"name": _name(one), **usual, **one} for one in given]
    if len(chosen) == 2 and all(chosen[0][name] == chosen[1][name] for name in usual):
        raise InvalidInput(
            "The two settings are the same. Change one, or leave it out.", pointer="#/settings/1"
        )
    if installed.rerank_url is None and any(one["rerank"] for one in chosen):
        raise InvalidInput(
            "There is no reranker. Set RERANK_URL, or leave `rerank` out.", pointer="#/settings"
        )
    if not installed.has_model and any(one["answers"] != EXTRACTIVE for one in chosen):
        raise InvalidInput(
            "No language model is configured that could answer. Set OPENAI_BASE_URL, or ask with "
            "`answers` as `extractive`.",
            pointer="#/settings",
        )
    return chosen


def _name(one: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name} {value}" for name, value in one.items() if name != "name")
    return (said or "as installed")[:LONGEST_NAME]


def _demand_documents(session: Session, scope: Scope, cases: Sequence[Case]) -> None:
    """Raise `InvalidInput` for questions that no document can answer, since none is called so."""
    if not any(case.filename for case in cases):
        return
    there: set[str] = set()
    for filename in session.scalars(select(Document.filename).where(*scope.documents())):
        there.update(names_of(filename))
    missing = [
        f"questions[{number}], filename: there is no document {case.filename} that can be searched"
        for number, case in enumerate(cases)
        if case.filename is not None and case.filename not in there
    ]
    if missing:
        more = len(missing) - MOST_NAMED
        shown = "\n".join(missing[:MOST_NAMED]) + (f"\nAnd {more} more." if more > 0 else "")
        raise InvalidInput(shown, pointer="#/questions")


def find(session: Session, owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> Evaluation:
    """Return the owner's evaluation within a transaction; raises `NotFound`."""
    mine = Evaluation.id == evaluation_id, Evaluation.owner_id == owner_id
    evaluation = session.scalar(select(Evaluation).where(*mine))
    if evaluation is None:
        raise NotFound("There is no evaluation with this id.")
    return evaluation


def list_(owner_id: uuid.UUID, page: Page) -> list[Body]:
    """Return the owner's evaluations as they are now, without their results, newest first."""
    mine = select(Evaluation).where(Evaluation.owner_id == owner_id)
    with transaction(owner_id) as session:
        found = page_of(session, mine, Evaluation, page)
        ids = [evaluation.job_id for evaluation in found]
        theirs = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(ids)))}
        return [_shown(evaluation, theirs.get(evaluation.job_id)) for evaluation in found]


def get(owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> Body:
    """Return an evaluation as it is now, and its result once there is one; raises `NotFound`."""
    with transaction(owner_id) as session:
        evaluation = find(session, owner_id, evaluation_id)
        shown = _shown(evaluation, session.get(Job, evaluation.job_id))
        outcomes = read_outcomes(session, evaluation.id) if evaluation.result else {}
    settings = range(len(evaluation.settings))
    questions = [
        {
            "number": number,
            "question": question["question"],
            "outcomes": [outcomes[number, setting] for setting in settings],
        }
        for number, question in enumerate(evaluation.questions if outcomes else ())
    ]
    return {**shown, "result": evaluation.result, "questions": questions}


def _shown(evaluation: Evaluation, job: Job | None) -> Body:
    # A job that ended long ago is purged.
    state = JobState.FAILED if evaluation.result is None else JobState.SUCCEEDED
    return {
        "id": evaluation.id,
        "name": evaluation.name,
        "state": state if job is None else job.state,
        "job_id": evaluation.job_id,
        "question_count": len(evaluation.questions),
        "settings": evaluation.settings,
        **evaluation.scope,
        "progress": None if job is None else job.progress._asdict(),
        "error": None if job is None else job.error,
        "created_at": evaluation.created_at,
    }


def draw(owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> str:
    """Return the picture of a result, as SVG; raises `Conflict` if there is none yet."""
    with transaction(owner_id) as session:
        evaluation = find(session, owner_id, evaluation_id)
    if evaluation.result is None:
        raise Conflict("The evaluation has no result yet. Follow its job and ask again.")
    names = [setting["name"] for setting in evaluation.settings]
    return plot(evaluation.name, names, evaluation.result)


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to ask what a failed or cancelled job has not asked."""
    with transaction(owner_id) as session:
        evaluation = find(session, owner_id, uuid.UUID(old.arguments["evaluation_id"]))
        job = _accept(session, evaluation, uuid7(), old.id)
        evaluation.job_id = job.id
    jobs.announce(job)
    return job


def delete(owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> None:
    """Delete an evaluation with all that it found, and stop what runs for it."""
    with transaction(owner_id) as session:
        evaluation = find(session, owner_id, evaluation_id)
        # Before the evaluation is locked, as its worker does it.
        cancelled = jobs.cancel_all(session, Job.id == evaluation.job_id)
        session.execute(delete_rows(Evaluation).where(Evaluation.id == evaluation_id))
        audit.note(session, Action.EVALUATION_DELETED, evaluation_id)
    jobs.follow_up(cancelled)
