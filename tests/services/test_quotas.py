"""What a user may have and use up holds whatever happens to jobs, and nothing stays reserved."""

import io
import os
import signal
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from assistant.config import EXTRACTIVE
from assistant.database import transaction
from assistant.errors import AssistantError, PermanentError, QuotaExceeded, TokensSpent
from assistant.extensions import settings
from assistant.models import Job
from assistant.services import jobs, quotas
from assistant.services.accounts import administration, deletion, usage
from assistant.services.accounts.caller import Caller
from assistant.services.conversations import regenerating
from assistant.services.documents import changes
from assistant.services.generation import analysis
from assistant.services.jobs import Run
from assistant.services.jobs.sweeping import sweep
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
from tests.services.test_killed import killed

# The question of `ask`, the longest answer, and room for either side of it.
ONE = 1100


def limit(owner: uuid.UUID, **limits: int | None) -> None:
    administration.update(owner, limits=limits)


def figures(owner: uuid.UUID) -> dict[str, int]:
    with transaction(owner) as session:
        return quotas.figures(session, owner)


def reserved(owner: uuid.UUID) -> int:
    return figures(owner)["reserved"]


def used(owner: uuid.UUID) -> dict[str, Any]:
    """Return what was used up today, which has to be of one model and no key."""
    (row,) = usage.of_owner(owner, None, None)["days"]
    assert row["day"] == datetime.now(UTC).date()
    assert (row["model"], row["key_id"]) == ("scripted-model", None)
    return row


def use_up(owner: uuid.UUID, tokens: int, day: str = "(now() AT TIME ZONE 'utc')::date") -> None:
    sql(
        "INSERT INTO usage_days VALUES (:owner, "
        f"{day}, 'm', '00000000-0000-0000-0000-000000000000', 1, :tokens, 0, 0)",
        owner=owner,
        tokens=tokens,
    )


def refusal(owner: uuid.UUID, **values: Any) -> TokensSpent:
    with pytest.raises(TokensSpent) as caught:
        ask(owner, **values)
    return caught.value


# --- Tokens ---------------------------------------------------------------------------------------


def test_a_question_reserves_its_estimate_and_the_longest_answer(
    owner: uuid.UUID, model: ModelServer
) -> None:
    first = ask(owner, "word " * 280, options={"max_tokens": 50})
    assert 550 < reserved(owner) == first.reserved_tokens < 650
    perform(first)
    # What was said is known by its tokens now, and goes with the next question.
    said = message_of(first)
    assert said.prompt_tokens is not None
    assert said.completion_tokens is not None
    before = said.prompt_tokens + said.completion_tokens
    second = ask(owner, "And?", conversation_id=first.conversation_id, options={"max_tokens": 50})
    assert before + 50 < second.reserved_tokens < before + 100
    # One that is asked before the last is answered may need the whole window.
    third = ask(owner, "And?", conversation_id=first.conversation_id, options={"max_tokens": 50})
    assert third.reserved_tokens == settings.context_tokens
    assert reserved(owner) == second.reserved_tokens + third.reserved_tokens


def test_a_question_about_documents_may_need_the_whole_window(owner: uuid.UUID) -> None:
    assert ask(owner, use_documents=True).reserved_tokens == settings.context_tokens


def test_what_needs_no_model_reserves_nothing(owner: uuid.UUID, configure: Configure) -> None:
    limit(owner, tokens_per_day=1)
    assert ask(owner, use_documents=True, options={"model": EXTRACTIVE}).reserved_tokens == 0
    configure(answer_documents=EXTRACTIVE)
    assert ask(owner, use_documents=True).reserved_tokens == 0
    assert upload(owner, "Text.").reserved_tokens == 0
    assert refusal(owner).code == "quota_exceeded"


def ended_well(job: Job, model: ModelServer) -> None:
    assert perform(job).state == "succeeded"


def failed(job: Job, model: ModelServer) -> None:
    model.script("401")
    assert perform(job).state == "failed"


def cancelled(job: Job, model: ModelServer) -> None:
    jobs.cancel(job.owner_id, job.id)


def overdue(job: Job, model: ModelServer) -> None:
    sql("UPDATE jobs SET deadline_at = now() - interval '1 s' WHERE id = :id", id=job.id)
    sweep()


def lost_for_good(job: Job, model: ModelServer) -> None:
    for _ in range(5):
        hold(job)
        lose_lease(job)
        sweep()
        pass_time(job)
    assert job_of(job).state == "failed"


def gone_with_its_row(job: Job, model: ModelServer) -> None:
    sql("DELETE FROM jobs WHERE id = :id", id=job.id)


@pytest.mark.parametrize(
    "end", [ended_well, failed, cancelled, overdue, lost_for_good, gone_with_its_row]
)
def test_no_reservation_outlives_its_job(
    owner: uuid.UUID, model: ModelServer, end: Callable[[Job, ModelServer], None]
) -> None:
    job = ask(owner)
    assert reserved(owner) > 0
    end(job, model)
    assert reserved(owner) == 0


def test_the_provider_counts(owner: uuid.UUID, model: ModelServer) -> None:
    job = perform(ask(owner))
    (attempt,) = attempts_of(job)
    assert attempt.usage is not None
    row = used(owner)
    assert row["prompt_tokens"] == attempt.usage["prompt_tokens"] > 0
    assert row["completion_tokens"] == attempt.usage["completion_tokens"] > 0
    assert (row["attempts"], row["estimated_tokens"]) == (1, 0)
    perform(ask(owner))
    assert used(owner)["attempts"] == 2


def test_what_no_provider_counts_is_estimated_and_said_to_be(
    owner: uuid.UUID, model: ModelServer
) -> None:
    model.script("cut", after=20)
    job = ask(owner)
    assert perform(job).state == "queued"
    row = used(owner)
    assert row["estimated_tokens"] == row["total_tokens"] > 0
    pass_time(job)
    assert perform(job).state == "succeeded"
    again = used(owner)
    assert again["attempts"] == 2
    assert again["estimated_tokens"] == row["total_tokens"] < again["total_tokens"]


def test_a_worker_that_dies_leaves_what_it_has_used_up(owner: uuid.UUID) -> None:
    job = ask(owner)
    run = hold(job)
    for tokens in (100, 250):
        run.usage = {
            **{"prompt_tokens": tokens, "completion_tokens": 5},
            **{"estimated_tokens": tokens + 5, "model": "scripted-model"},
        }
        with transaction(owner) as session:
            run.fence(session)
            assert run.keep_usage(session) is None
    lose_lease(job)
    sweep()
    row = used(owner)
    assert (row["attempts"], row["total_tokens"], row["estimated_tokens"]) == (1, 255, 255)
    # What comes back to a job that is not its own any more counts nothing.
    run.usage = {**run.usage, "prompt_tokens": 999}
    with pytest.raises(jobs.Stopped), transaction(owner) as session:
        run.fence(session)
    assert used(owner)["total_tokens"] == 255


@pytest.mark.parametrize("checkpoints", [0, 3])
def test_a_kill_in_mid_stream_loses_at_most_what_came_after_the_last_checkpoint(
    app: Flask, owner: uuid.UUID, model: ModelServer, configure: Configure, checkpoints: int
) -> None:
    configure(checkpoint_seconds=0.01)
    job = ask(owner)
    at_most = reserved(owner)

    def die_later() -> None:
        """Let this process, which lacks the threads of the other, be killed at a checkpoint."""
        vars(app.extensions["adapters"]).pop("chat_model", None)
        keep, left = Run.keep_usage, iter(range(checkpoints))

        def keep_or_die(self: Run, session: Session) -> PermanentError | None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return keep(self, session)

        Run.keep_usage = keep_or_die  # type: ignore[method-assign]

    model.script("endless", interval=2)
    killed(job, die_later)
    first = attempts_of(job)[0].usage
    assert (first is not None) == bool(checkpoints)
    assert reserved(owner) == at_most
    assert perform(job).state == "succeeded"
    assert reserved(owner) == 0
    spent = [one.usage for one in attempts_of(job) if one.usage is not None]
    row = used(owner)
    assert row["attempts"] == len(spent) == 1 + bool(checkpoints)
    for name in ("prompt_tokens", "completion_tokens", "estimated_tokens"):
        assert row[name] == sum(one[name] for one in spent)
    assert bool(row["estimated_tokens"]) == bool(checkpoints)


def test_a_process_of_the_release_before_is_counted_too(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    spent = '{"prompt_tokens": 7, "completion_tokens": 3}'
    sql("UPDATE job_attempts SET usage = :spent WHERE job_id = :id", spent=spent, id=job.id)
    (row,) = usage.of_owner(owner, None, None)["days"]
    assert (row["model"], row["total_tokens"], row["estimated_tokens"]) == (None, 10, 0)


def test_who_has_used_up_the_day_waits_for_the_next(owner: uuid.UUID, model: ModelServer) -> None:
    limit(owner, tokens_per_day=ONE)
    use_up(owner, 99_999, "(now() AT TIME ZONE 'utc')::date - 1")
    job = ask(owner)
    waits = refusal(owner)
    assert "reserved for jobs that are open" in waits.detail
    assert "Wait for some to end" in waits.detail
    assert waits.retry_after is not None
    assert waits.retry_after <= 300
    perform(job)
    use_up(owner, ONE)
    waits = refusal(owner)
    assert "Wait until midnight" in waits.detail
    assert waits.retry_after is not None
    assert 0 < waits.retry_after <= 24 * 3600
    # Nothing of what was refused was written.
    assert sql("SELECT count(*) AS n FROM conversations WHERE owner_id = :o", o=owner)[0].n == 1


def test_a_month_is_a_limit_of_its_own(owner: uuid.UUID) -> None:
    limit(owner, tokens_per_month=3 * ONE)
    use_up(owner, 9 * ONE, "date_trunc('month', now() AT TIME ZONE 'utc')::date - 1")
    ask(owner)
    use_up(owner, 2 * ONE, "date_trunc('month', now() AT TIME ZONE 'utc')::date")
    waits = refusal(owner)
    assert "in a month" in waits.detail


def test_settings_hold_for_all_but_those_for_whom_something_else_is_set(
    owner: uuid.UUID, configure: Configure
) -> None:
    other = make_owner()
    configure(max_tokens_per_day=10)
    refusal(owner)
    limit(owner, tokens_per_day=0)
    ask(owner)
    refusal(other)
    limit(owner, tokens_per_day=None)
    refusal(owner)


def together(app: Flask, times: int, work: Callable[[], object]) -> list[object]:
    """Do something in several threads at once; return what each got, or what it was refused."""
    start = threading.Barrier(times)

    def one(_: int) -> object:
        with app.app_context():
            start.wait(10)
            try:
                return work()
            except AssistantError as error:
                return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_many_at_once_no_two_take_the_last_tokens(app: Flask, owner: uuid.UUID) -> None:
    limit(owner, tokens_per_day=3 * ONE)
    found = together(app, 12, lambda: ask(owner))
    assert sum(isinstance(one, Job) for one in found) == 3
    assert all(isinstance(one, Job | TokensSpent) for one in found)
    assert reserved(owner) <= 3 * ONE


def test_whoever_gets_over_it_in_mid_stream_keeps_the_text(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(checkpoint_seconds=0.01)
    job = ask(owner)
    limit(owner, tokens_per_day=40)
    model.script("endless", interval=2)
    ended = perform(job)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "quota_exceeded"
    assert len(attempts_of(job)) == 1
    reply = message_of(job)
    assert (reply.status, reply.content[:11]) == ("failed", "word0 word1")
    row = used(owner)
    assert row["total_tokens"] == row["estimated_tokens"] > 40
    with pytest.raises(TokensSpent):
        regenerating.retry(owner, job)
    limit(owner, tokens_per_day=0)
    assert regenerating.retry(owner, job).reserved_tokens > 0


def test_an_analysis_ends_when_nothing_is_left(owner: uuid.UUID, model: ModelServer) -> None:
    document = document_of(perform(upload(owner, "One sentence about ships. " * 4000)))
    job = analysis.create(owner, document.id)
    assert job.reserved_tokens == settings.context_tokens
    limit(owner, tokens_per_day=5000)
    ended = perform(job)
    assert ended.error is not None
    assert ended.error["code"] == "quota_exceeded"
    assert used(owner)["attempts"] == 1
    assert 5000 < used(owner)["total_tokens"] < 5000 + settings.context_tokens
    assert reserved(owner) == 0


def test_open_jobs_have_a_limit_of_ones_own(owner: uuid.UUID) -> None:
    limit(owner, open_jobs=2)
    for _ in range(2):
        ask(owner)
    with pytest.raises(AssistantError, match="You have 2 jobs open"):
        ask(owner)


# --- Documents ------------------------------------------------------------------------------------


def test_so_many_documents_and_no_more(owner: uuid.UUID) -> None:
    limit(owner, documents=2)
    for number in range(2):
        upload(owner, f"Text {number}.")
    with pytest.raises(QuotaExceeded, match="2 documents"):
        upload(owner, "One more.")
    assert len(sql("SELECT FROM documents WHERE owner_id = :o", o=owner)) == 2


def test_bytes_count_once_and_newer_files_with_their_document(owner: uuid.UUID) -> None:
    limit(owner, stored_bytes=100)
    first = upload(owner, "a" * 60)
    upload(owner, "a" * 60)
    with pytest.raises(QuotaExceeded, match="would take 101"):
        upload(owner, "b" * 41)
    assert first.document_id is not None
    with pytest.raises(QuotaExceeded):
        changes.replace(owner, first.document_id, io.BytesIO(b"c" * 41), "notes.txt")
    changes.replace(owner, first.document_id, io.BytesIO(b"c" * 40), "notes.txt")
    with pytest.raises(QuotaExceeded):
        upload(owner, "d")


def test_of_many_uploads_at_once_no_two_take_the_last_place(app: Flask, owner: uuid.UUID) -> None:
    limit(owner, documents=3)
    numbers = iter(range(100))
    found = together(app, 8, lambda: upload(owner, f"Text {next(numbers)}."))
    assert sum(isinstance(one, Job) for one in found) == 3


def test_attachments_count_and_a_mail_says_which_were_too_many(owner: uuid.UUID) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Notes", "ada@example.org"
    mail.set_content("See the notes.")
    for number in range(3):
        mail.add_attachment(f"Note {number}.", filename=f"note{number}.txt")
    limit(owner, documents=3)
    job = perform(upload(owner, mail.as_bytes(), "mail.eml"))
    assert job.state == "succeeded", job.error
    listed = document_of(job).attachments or []
    assert [bool(each["document_id"]) for each in listed] == [True, True, False]
    assert listed[2]["reason"]["code"] == "quota_exceeded"


def test_nothing_is_kept_of_a_user_who_is_gone(owner: uuid.UUID) -> None:
    use_up(owner, 5)
    sql("UPDATE users SET role = 'admin' WHERE id = :id", id=make_owner())
    assert perform(deletion.delete(Caller(owner), owner)).state == "succeeded"
    assert sql("SELECT FROM usage_days WHERE owner_id = :o", o=owner) == []
