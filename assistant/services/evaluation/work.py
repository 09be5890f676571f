"""The job that asks a set of questions: one by one, each kept when it is answered."""

import time
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import PermanentError
from assistant.models import Evaluation, EvaluationOutcome
from assistant.services import jobs
from assistant.services.evaluation import asking
from assistant.services.evaluation.judging import Case, case_of
from assistant.services.evaluation.report import summarise
from assistant.services.jobs import Body, Run
from assistant.services.retrieval.retrieval import Scope

STAGE = "asking"
# After so long it lets what others have for the same queue go first, and goes on behind it.
TURN_SECONDS = 10.0

# A question's number, and that of the setting with which it is asked.
Place = tuple[int, int]


def evaluate(run: Run) -> Body:
    """Ask every question with every setting, and write what they say together.

    An attempt after a crash, and a job that retries another, go on with the first question that
    has no outcome yet.
    """
    evaluation = _load(run)
    if any(setting["answers"] == "model" for setting in evaluation.settings):
        jobs.move_if_short_lane(run)
    cases = [case_of(kept) for kept in evaluation.questions]
    done = set(_outcomes(run, evaluation))
    total = len(cases) * len(evaluation.settings)
    run.progress(STAGE, len(done), total)
    scope, pages = scope_of(evaluation), asking.Pages(run.owner_id)
    begun = time.monotonic()
    for number, setting in _in_order(len(cases), len(evaluation.settings)):
        if (number, setting) in done:
            continue
        if time.monotonic() - begun > TURN_SECONDS:
            jobs.take_turns(run)
            begun = time.monotonic()
        outcome = asking.ask(run, scope, cases[number], evaluation.settings[setting], pages)
        done.add((number, setting))
        keep = partial(_keep, evaluation, (number, setting), outcome)
        run.progress(STAGE, len(done), total, write=keep)
        crash_point("worker.mid_evaluation")
    run.complete = partial(_write, evaluation.id, _result(run, evaluation, cases))
    return {"evaluation_id": str(evaluation.id)}


def _load(run: Run) -> Evaluation:
    with transaction(run.owner_id) as session:
        found = session.get(Evaluation, uuid.UUID(run.job.arguments["evaluation_id"]))
    if found is None:
        raise PermanentError("The evaluation was deleted.", code="evaluation_deleted")
    return found


def scope_of(evaluation: Evaluation) -> Scope:
    """Return where the questions look for their answers."""
    documents, collections = (
        [uuid.UUID(one) for one in evaluation.scope[name]]
        for name in ("document_ids", "collection_ids")
    )
    return Scope(evaluation.owner_id, documents, collections)


def _in_order(questions: int, settings: int) -> Iterator[Place]:
    """Yield what to ask, the settings in turns: whoever comes first reads what is not in memory."""
    for number in range(questions):
        order = range(settings) if number % 2 == 0 else reversed(range(settings))
        yield from ((number, setting) for setting in order)


def _outcomes(run: Run, evaluation: Evaluation) -> dict[Place, Body]:
    with transaction(run.owner_id) as session:
        return read_outcomes(session, evaluation.id)


def read_outcomes(session: Session, evaluation_id: uuid.UUID) -> dict[Place, Body]:
    """Return what is known of an evaluation's questions by now."""
    rows = select(EvaluationOutcome).where(EvaluationOutcome.evaluation_id == evaluation_id)
    return {(row.number, row.setting): row.outcome for row in session.scalars(rows)}


def _keep(evaluation: Evaluation, place: Place, outcome: Body, session: Session) -> None:
    number, setting = place
    session.add(
        EvaluationOutcome(
            evaluation_id=evaluation.id,
            number=number,
            setting=setting,
            owner_id=evaluation.owner_id,
            outcome=outcome,
        )
    )


def _result(run: Run, evaluation: Evaluation, cases: Sequence[Case]) -> dict[str, Any]:
    found = _outcomes(run, evaluation)
    settings = range(len(evaluation.settings))
    return summarise(
        cases, [[found[number, each] for number in range(len(cases))] for each in settings]
    )


def _write(evaluation_id: uuid.UUID, result: dict[str, Any], session: Session) -> None:
    """Write the result in the transaction in which the job succeeds, and never again."""
    session.execute(
        update(Evaluation)
        .where(Evaluation.id == evaluation_id, Evaluation.result.is_(None))
        .values(result=result)
    )
