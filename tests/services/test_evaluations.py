"""Evaluations as jobs: what they judge, and that nothing of them is lost or done twice."""

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask

from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput, NotFound, RateLimited
from assistant.extensions import settings
from assistant.models import Document, Job, Queue
from assistant.services import job_kinds, jobs
from assistant.services.evaluation import asking, evaluations, work
from assistant.services.evaluation.judging import Case
from assistant.services.jobs import Run, heartbeats
from assistant.services.paging import Page
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope, find
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    document_of,
    hold,
    job_of,
    lose_lease,
    make_owner,
    message_of,
    pass_time,
    perform,
    sql,
    upload,
)

TICKETS = """# Tickets

| Ticket | Museum | Museum and tower |
|---|---|---|
| Adult | 6.50 | 9.00 |
| Family | 16.00 | 22.00 |
"""
FOGHORN = "The foghorn is sounded at noon on the first Sunday of each month."
BOAT = "The supply boat comes every Tuesday with bread and lamp oil."
CASES = [
    Case("What does a family ticket cost?", filename="tickets.md", answer="22.00"),
    Case("When is the foghorn sounded?", passage=FOGHORN, answer="first Sunday"),
    Case("On which day does the supply boat come?", filename="boat", answer="Tuesday"),
    Case("Who won the chess championship of Norway in 1987?", refuse=True),
]
DENSE = {"search": "dense"}


@pytest.fixture(scope="module")
def library(app: Flask, handbook: bytes) -> tuple[uuid.UUID, list[Document]]:
    """Return an owner with four documents that are indexed."""
    texts = {"tickets.md": TICKETS, "foghorn.txt": FOGHORN, "boat.txt": BOAT}
    with app.app_context():
        owner = make_owner()
        uploaded = [upload(owner, text, name) for name, text in texts.items()]
        uploaded.append(upload(owner, handbook, "handbook.pdf"))
        assert {perform(job).state for job in uploaded} == {"succeeded"}
        return owner, [document_of(job) for job in uploaded]


@pytest.fixture
def keeper(library: tuple[uuid.UUID, list[Document]]) -> uuid.UUID:
    """Return who keeps the library."""
    return library[0]


@pytest.fixture
def small(library: tuple[uuid.UUID, list[Document]]) -> Scope:
    """Return where the short documents are, without the book."""
    owner, documents = library
    return Scope(owner, [document.id for document in documents[:3]])


def create(
    scope: Scope, cases: Sequence[Case] = CASES, *given: dict[str, Any], name: str = "Tickets"
) -> Job:
    """Promise an evaluation."""
    return evaluations.create(scope.owner_id, cases, given or [{}], name, scope)


def result_of(job: Job) -> dict[str, Any]:
    """Do the job and return its evaluation."""
    done = perform(job)
    assert (done.state, done.error) == ("succeeded", None)
    assert done.result == {"evaluation_id": str(job.id)}
    return evaluations.get(job.owner_id, job.id)


def values(evaluation: dict[str, Any]) -> dict[str, list[float]]:
    """Return the measures by their names."""
    return {row["name"]: row["values"] for row in evaluation["result"]["measures"]}


def kept(job: Job) -> list[tuple[int, int]]:
    """Return which outcomes the database has."""
    query = "SELECT number, setting FROM evaluation_outcomes WHERE evaluation_id = :id"
    return sorted(tuple(row) for row in sql(query, id=job.id))


def test_what_people_get_is_judged(small: Scope) -> None:
    evaluation = result_of(create(small))
    first, second, third, fourth = (row["outcomes"][0] for row in evaluation["questions"])
    for outcome in (first, second, third):
        assert outcome["rank"] == 1
        assert (outcome["given"], outcome["stated"], outcome["quoted"]) == (True, True, True)
        assert outcome["refused"] is False
    assert fourth["refused"] is True
    assert (fourth["rank"], fourth["given"], fourth["quoted"]) == (None, None, None)
    assert all(row["outcomes"][0]["seconds"] > 0 for row in evaluation["questions"])
    found = values(evaluation)
    assert found["ndcg_at_10"] == found["quoted"] == found["refused_rightly"] == [1.0]
    assert found["refused_wrongly"] == [0.0]
    assert evaluation["settings"] == [
        {"name": "as installed", "retrieval_limit": settings.retrieval_limit}
        | {"threshold": None, "search": "fused", "rerank": False, "answers": "extractive"}
    ]


def test_it_is_what_the_same_question_gets(keeper: uuid.UUID) -> None:
    """The reply of a conversation has the text and quotes that were judged."""
    question = "On which days is the foghorn sounded?"
    asked = ask(keeper, question, use_documents=True, options={"model": "extractive"})
    assert perform(asked).state == "succeeded"
    reply = message_of(asked)
    cases = [
        Case(question, answer=reply.citations[0]["quote"]),
        Case(question, answer="No document says these words"),
    ]
    evaluation = result_of(create(Scope(keeper), cases))
    outcomes = [row["outcomes"][0] for row in evaluation["questions"]]
    assert [outcome["quoted"] for outcome in outcomes] == [True, False]


def test_pages_are_looked_for_where_a_passage_is(keeper: uuid.UUID) -> None:
    pages = asking.Pages(keeper)
    question = Question(keeper, "On which days is the foghorn sounded?")
    found = next(hit for hit in find(Scope(keeper), question, 10) if hit.page is not None)
    page = pages(found)[0]
    assert page == found.page
    cases = [
        Case(question.text, filename="handbook.pdf", page=page),
        Case(question.text, filename="handbook.pdf", page=999),
    ]
    ranks = [
        row["outcomes"][0]["rank"] for row in result_of(create(Scope(keeper), cases))["questions"]
    ]
    assert ranks[0] is not None
    assert ranks[1] is None


def test_two_settings_are_compared_question_by_question(small: Scope) -> None:
    few = {"name": "strict", "threshold": 1.0, "search": "lexical", "retrieval_limit": 1}
    evaluation = result_of(create(small, CASES, {}, few))
    assert [setting["name"] for setting in evaluation["settings"]] == ["as installed", "strict"]
    rows = {row["name"]: row for row in evaluation["result"]["measures"]}
    for row in rows.values():
        assert row["higher"] + row["lower"] + row["same"] == row["of"]
        assert 0 < row["p"] <= row["p_adjusted"] <= 1
    assert rows["refused_rightly"]["values"] == [1.0, 1.0]
    assert [len(row["outcomes"]) for row in evaluation["questions"]] == [2] * len(CASES)


def test_a_threshold_of_the_set_decides_what_is_refused(small: Scope) -> None:
    unlike = [Case("Which thing is loud on the coast?", filename="foghorn.txt")]
    evaluation = result_of(create(small, unlike, {"threshold": -1.0}, {"threshold": 1.0}))
    refused = [outcome["refused"] for outcome in evaluation["questions"][0]["outcomes"]]
    assert refused == [False, True]


def test_each_way_to_search_has_its_order(small: Scope) -> None:
    cases = [
        # Not a word of it is there.
        Case("Vessel delivering groceries weekly?", filename="boat.txt"),
        Case("lamp oil", filename="boat.txt"),
    ]
    evaluation = result_of(create(small, cases, DENSE, {"search": "lexical"}))
    meant, named = ([o["rank"] for o in row["outcomes"]] for row in evaluation["questions"])
    assert meant == [1, None]
    assert named == [1, 1]


def test_the_model_is_judged_where_it_is_asked_for(small: Scope, model: ModelServer) -> None:
    model.script(text="A family ticket is 22.00 [1].")
    model.script(text="It is on Mondays [1].")
    model.script(text="The documents do not say that.")
    evaluation = result_of(create(small, CASES, {"answers": "model"}))
    first, second, third, fourth = (row["outcomes"][0] for row in evaluation["questions"])
    assert (first["stated"], first["quoted"], first["refused"]) == (True, True, False)
    assert (second["stated"], second["refused"]) == (False, False)
    assert (third["stated"], third["refused"]) == (False, True)
    # What has no passages is refused before the model is asked.
    assert fourth["refused"] is True
    assert len(model.requests) == 3
    usage = sql("SELECT usage FROM job_attempts WHERE job_id = :id", id=evaluation["job_id"])
    assert usage[0][0]["prompt_tokens"] > 0


def test_an_answer_that_fails_is_one_questions_fault(small: Scope, model: ModelServer) -> None:
    model.script(text=" ")
    model.script(text="It is on the first Sunday [1].")
    evaluation = result_of(create(small, CASES[:2], {"answers": "model"}))
    first, second = (row["outcomes"][0] for row in evaluation["questions"])
    assert (first["error"], first["refused"], first["stated"]) == ("empty_answer", False, False)
    assert (second["error"], second["stated"]) == (None, True)
    assert evaluation["result"]["errors"] == [1]


def test_what_fails_for_all_ends_the_job_and_a_retry_goes_on(
    small: Scope, model: ModelServer
) -> None:
    model.script(text="A family ticket is 22.00 [1].")
    model.script("401")
    job = create(small, CASES[:2], {"answers": "model"})
    failed = perform(job)
    assert (failed.state, failed.error["code"]) == ("failed", "model_credentials")  # type: ignore[index]
    shown = evaluations.get(small.owner_id, job.id)
    assert (shown["state"], shown["result"], shown["questions"]) == ("failed", None, [])
    assert kept(job) == [(0, 0)]
    model.script(text="On the first Sunday [1].")
    again = job_kinds.retry(small.owner_id, job.id)
    asked = len(model.requests)
    assert perform(again).state == "succeeded"
    assert len(model.requests) == asked + 1
    shown = evaluations.get(small.owner_id, job.id)
    assert (shown["state"], shown["job_id"]) == ("succeeded", again.id)
    assert values(shown)["stated"] == [1.0]


def test_a_model_that_is_down_is_not_judged_by_what_documents_say(
    small: Scope, model: ModelServer, configure: Configure
) -> None:
    configure(extractive_when_model_is_down=True)
    model.script("503")
    job = perform(create(small, CASES[:1], {"answers": "model"}))
    assert (job.state, job.error["code"]) == ("queued", "model_unavailable")  # type: ignore[index]
    assert kept(job) == []


def test_without_a_model_none_can_be_asked_for(small: Scope, configure: Configure) -> None:
    configure(openai_base_url=None, openai_api_key=None)
    with pytest.raises(InvalidInput, match="No language model is configured"):
        create(small, CASES, {"answers": "model"})


def test_progress_counts_every_answer(small: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int | None]] = []
    progress = Run.progress

    def watch(run: Run, stage: str, done: int = 0, *rest: Any, **more: Any) -> None:
        seen.append((done, rest[0] if rest else None))
        progress(run, stage, done, *rest, **more)

    monkeypatch.setattr(Run, "progress", watch)
    job = create(small, CASES, {}, DENSE)
    result_of(job)
    assert seen == [(number, 8) for number in range(9)]
    assert job_of(job).progress_total == 8


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int, do: Callable[[Run], object]) -> list[str]:
    """Let something happen before the question of a number is asked; return what is asked."""
    asked: list[str] = []
    real = asking.ask

    def watch(run: Run, scope: Scope, case: Case, *rest: Any) -> Any:
        asked.append(case.question)
        if len(asked) == at + 1:
            do(run)
        return real(run, scope, case, *rest)

    monkeypatch.setattr(asking, "ask", watch)
    return asked


def test_it_is_cancelled_between_questions(small: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    job = create(small)
    asked = interrupted(monkeypatch, 1, lambda run: jobs.cancel(small.owner_id, job.id))
    assert perform(job).state == "cancelled"
    assert len(asked) == 2
    assert kept(job) == [(0, 0)]
    with pytest.raises(Conflict, match="no result yet"):
        evaluations.draw(small.owner_id, job.id)


def test_an_attempt_goes_on_where_a_lost_one_stopped(
    small: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(small, CASES, {}, DENSE)

    def die(run: Run) -> None:
        raise KeyboardInterrupt

    asked = interrupted(monkeypatch, 3, die)
    with pytest.raises(KeyboardInterrupt):
        perform(job)
    assert kept(job) == [(0, 0), (0, 1), (1, 1)]
    lose_lease(job)
    jobs.sweep()
    evaluation = result_of(job)
    assert len(asked) == 4 + 5
    assert job_of(job).attempt == 2
    assert kept(job) == [(number, setting) for number in range(4) for setting in range(2)]
    assert values(evaluation)["ndcg_at_10"] == [1.0, 1.0]


def test_an_attempt_that_lost_its_job_writes_nothing(
    small: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(small, CASES)
    ends: list[Any] = []

    def overtake(run: Run) -> None:
        if ends:
            return
        ends.append(None)
        lose_lease(job)
        jobs.sweep()
        ends.append(result_of(job)["result"])

    interrupted(monkeypatch, 1, overtake)
    sent: list[Any] = []
    write = work._write
    monkeypatch.setattr(work, "_write", lambda *given: (sent.append(given), write(*given)))
    perform(job)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["lease_lost", "succeeded"]
    assert len(sent) == 1
    assert evaluations.get(small.owner_id, job.id)["result"] == ends[1]


def test_a_result_stays_as_it_was_written(small: Scope) -> None:
    job = create(small, CASES[:1])
    before = result_of(job)["result"]
    with transaction(small.owner_id) as session:
        work._write(job.id, {"measures": []}, session)
    assert evaluations.get(small.owner_id, job.id)["result"] == before


def test_long_work_lets_others_go_first_and_goes_on(
    small: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TURN_SECONDS", 0.0)
    job = create(small)
    sql("UPDATE jobs SET queue = 'long_indexing' WHERE id = :id", id=job.id)
    waiting: list[Job] = []

    def come(run: Run) -> None:
        waiting.append(upload(make_owner(), "Somebody else's text."))
        sql(
            "UPDATE jobs SET queue = 'long_indexing', dispatched_at = NULL WHERE id = :id",
            id=waiting[-1].id,
        )

    asked = interrupted(monkeypatch, 1, come)
    put_down = perform(job)
    assert (put_down.state, put_down.failures) == ("queued", 0)
    [attempt] = attempts_of(job)
    assert (attempt.outcome, attempt.reason["code"]) == ("released", "others_wait")  # type: ignore[index]
    assert kept(job) == [(0, 0), (1, 0)]
    perform(waiting[0])
    pass_time(job)
    result_of(job)
    assert len(asked) == len(CASES)


def test_nobody_makes_way_for_oneself(small: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "TURN_SECONDS", 0.0)
    job, own = create(small), create(small)
    sql("UPDATE jobs SET queue = 'long_indexing' WHERE id IN (:a, :b)", a=job.id, b=own.id)
    result_of(job)


def test_answers_of_a_model_move_to_the_queue_for_long_work(
    small: Scope, model: ModelServer
) -> None:
    long_worker = heartbeats.worker_of(Queue.LONG_INDEXING)
    heartbeats.beat(long_worker)
    try:
        job = perform(create(small, CASES[:1], {"answers": "model"}))
    finally:
        sql("DELETE FROM heartbeats WHERE name = :name", name=long_worker)
    assert (job.state, job.queue) == ("queued", Queue.LONG_INDEXING)
    model.script(text="A family ticket is 22.00 [1].")
    result_of(job)


def test_its_time_is_that_of_its_work(small: Scope, configure: Configure) -> None:
    configure(evaluation_deadline_seconds=1000.0)
    job = create(small)
    run = hold(job)
    [[left]] = sql("SELECT deadline_at - now() FROM jobs WHERE id = :id", id=job.id)
    assert 900 < left.total_seconds() <= 1000
    run.progress("asking", 0, 8)


def test_too_many_open_jobs_are_refused(small: Scope, configure: Configure) -> None:
    configure(max_open_jobs_per_owner=1)
    create(small)
    with pytest.raises(RateLimited):
        create(small)
    open_ones = [one for one in evaluations.list_(small.owner_id, Page()) if one["progress"]]
    assert [one["state"] for one in open_ones] == ["queued"]


def test_documents_that_are_not_there_are_named(small: Scope) -> None:
    cases = [CASES[0], Case("Where?", filename="ticket.md"), Case("When?", filename="gone.txt")]
    with pytest.raises(InvalidInput) as caught:
        create(small, cases)
    assert caught.value.detail.splitlines() == [
        "questions[1], filename: there is no document ticket.md that can be searched",
        "questions[2], filename: there is no document gone.txt that can be searched",
    ]


def test_the_same_setting_twice_compares_nothing(small: Scope) -> None:
    with pytest.raises(InvalidInput, match="are the same"):
        create(small, CASES, {"name": "one"}, {"name": "other", "search": "fused"})


def test_deleting_stops_the_work_and_leaves_nothing(
    small: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(small)
    interrupted(monkeypatch, 1, lambda run: evaluations.delete(small.owner_id, job.id))
    assert perform(job).state == "cancelled"
    assert kept(job) == []
    assert sql("SELECT id FROM evaluations WHERE id = :id", id=job.id) == []
    with pytest.raises(NotFound):
        job_kinds.retry(small.owner_id, job.id)


def test_an_evaluation_outlives_its_job(small: Scope) -> None:
    job, unfinished = create(small, CASES[:1]), create(small, CASES[:1])
    result_of(job)
    sql("DELETE FROM jobs WHERE id IN (:a, :b)", a=job.id, b=unfinished.id)
    shown = evaluations.get(small.owner_id, job.id)
    assert (shown["state"], shown["progress"]) == ("succeeded", None)
    assert "<svg" in evaluations.draw(small.owner_id, job.id)
    assert evaluations.get(small.owner_id, unfinished.id)["state"] == "failed"


def test_a_cancelled_answer_of_the_model_is_cut_short(
    app: Flask, small: Scope, model: ModelServer
) -> None:
    job = create(small, CASES[:2], {"answers": "model"})
    model.script("endless", interval=5)

    def run_it() -> None:
        with app.app_context():
            perform(job)

    worker = threading.Thread(target=run_it)
    worker.start()
    model.wait_for(lambda asked: asked.tokens_sent > 10)
    jobs.cancel(small.owner_id, job.id)
    assert model.wait_for(lambda asked: asked.closed_at).ended == "closed by client"
    worker.join(10)
    assert job_of(job).state == "cancelled"
    assert kept(job) == []
