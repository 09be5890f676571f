"""Following a job: the text put together from the events is the stored one, whatever is lost."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from assistant.errors import NotFound
from assistant.extensions import cache
from assistant.models import Job
from assistant.services import jobs
from assistant.services.drafts import Draft
from assistant.services.events import following, log
from assistant.services.events.log import ATTEMPT, LAST, Event
from assistant.services.jobs import Run
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    hold,
    job_of,
    lose_lease,
    make_owner,
    message_of,
    pass_time,
    perform,
    upload,
    wait_for,
)


class Reader:
    """A client that puts a text together, and may come back with its cursor."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.text: str | None = None
        self.cursor: int | None = None
        self.kinds: list[str] = []
        self.done: dict[str, Any] | None = None
        self._steps: Iterator[list[Event]] | None = None

    def step(self) -> list[Event]:
        """Take what comes next."""
        if self._steps is None:
            self._steps = following.follow(self.job.owner_id, self.job.id, self.cursor, 0.2)
        events = next(self._steps, [])
        for event in events:
            assert self.cursor is None or event.number > self.cursor
            self.cursor = event.number
            self.kinds.append(event.kind)
            data = json.loads(event.data)
            if event.kind == "snapshot":
                self.text = data["text"]
            if event.kind == "delta":
                assert self.text is not None
                self.text += data["text"]
            if event.kind == "done":
                self.done = data
        return events

    def leave(self) -> None:
        """Hang up."""
        self._steps = None

    def to_the_end(self) -> "Reader":
        """Read until the job is done."""
        wait_for(lambda: self.step() is not None and self.done, 20)
        return self

    def agrees(self) -> None:
        """Demand that the text is what is stored, and that the job is as it is."""
        assert self.text == message_of(self.job).content
        assert self.done is not None
        assert self.done["state"] == job_of(self.job).state


def flush() -> None:
    cache.ask(lambda client: client.flushdb())


@pytest.fixture
def in_background(app: Flask) -> Iterator[Callable[..., threading.Thread]]:
    """Return a function that does a job in a thread, as a worker does."""
    threads = []

    def start(job: Job) -> threading.Thread:
        def work() -> None:
            with app.app_context():
                perform(job)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(30)


def test_a_reply_is_followed_from_its_acceptance_to_its_end(
    owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any]
) -> None:
    model.script(tokens=20, interval=50)
    job = ask(owner)
    reader = Reader(job)
    [queued] = reader.step()
    assert (queued.kind, json.loads(queued.data)["state"]) == ("state", "queued")
    in_background(job)
    reader.to_the_end().agrees()
    assert reader.kinds[1] == "state"
    assert reader.kinds.count("delta") >= 15, "word by word"
    assert reader.kinds[-1] == "done"
    assert reader.cursor == ATTEMPT + LAST


def test_who_comes_late_gets_the_text_in_one_piece(owner: uuid.UUID, model: ModelServer) -> None:
    model.script(tokens=30)
    job = ask(owner)
    perform(job)
    reader = Reader(job).to_the_end()
    reader.agrees()
    assert reader.kinds == ["snapshot", "done"]


def test_whoever_is_cut_off_right_before_the_end_gets_the_end_alone(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    perform(job)
    flush()
    reader = Reader(job)
    reader.cursor = ATTEMPT + LAST - 1
    reader.to_the_end()
    assert reader.kinds == ["done"]


def test_who_comes_back_gets_exactly_what_was_missed(
    owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any]
) -> None:
    model.script(tokens=40, interval=15)
    job = ask(owner)
    in_background(job)
    reader = Reader(job)
    for _ in range(6):
        wait_for(reader.step)
        reader.leave()
    wait_for(lambda: job_of(job).finished_at)
    reader.to_the_end().agrees()
    assert reader.kinds.count("snapshot") <= 2
    numbers = reader.cursor
    again = Reader(job)
    again.cursor = numbers
    again.step()
    assert again.kinds == [], "after the end there is nothing"


@pytest.mark.parametrize("when", ["before", "meanwhile", "after"])
def test_a_flushed_redis_changes_nothing(
    owner: uuid.UUID,
    model: ModelServer,
    in_background: Callable[..., Any],
    configure: Configure,
    when: str,
) -> None:
    configure(checkpoint_seconds=0.1)
    model.script(tokens=40, interval=20)
    job = ask(owner)
    in_background(job)
    reader = Reader(job)
    if when != "before":
        wait_for(lambda: reader.step() is not None and reader.text)
        reader.leave()
    if when == "after":
        wait_for(lambda: job_of(job).finished_at)
    else:
        wait_for(lambda: len(model.requests) and model.requests[0].tokens_sent > 10)
    flush()
    reader.to_the_end().agrees()


def test_a_new_attempt_begins_with_what_it_starts_from(
    owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(checkpoint_seconds=100)
    job = ask(owner)
    run = hold(job)
    reader = Reader(job)
    draft = Draft(run, message_of(job).id)
    draft.add("All that the first")
    reader.step()
    assert reader.text == "All that the first"
    lose_lease(job)
    jobs.sweep()
    pass_time(job)
    perform(job)
    reader.to_the_end().agrees()
    assert reader.text == "This is the scripted answer."
    draft.add(" attempt says now is not heard.")
    assert [e.attempt for e in log.read(job.id)][-1] == 2


def test_text_that_was_never_kept_is_taken_back_at_the_end(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(checkpoint_seconds=100)
    job = ask(owner)
    draft = Draft(hold(job), message_of(job).id)
    draft.add("Never kept")
    reader = Reader(job)
    reader.step()
    assert reader.text == "Never kept"
    jobs.cancel(owner, job.id)
    lose_lease(job)
    jobs.sweep()
    reader.to_the_end().agrees()
    assert reader.text == ""


def test_while_redis_is_away_the_end_is_told_all_the_same(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    reader = Reader(job)
    reader.step()
    with monkeypatch.context() as patch:
        patch.setattr(log, "append", lambda *_, **__: None)
        perform(job)
    reader.to_the_end().agrees()


def test_progress_of_a_document_is_followed(owner: uuid.UUID) -> None:
    job = upload(owner, "The lamp burns whale oil. " * 50)
    reader = Reader(job)
    reader.step()
    perform(job)
    reader.to_the_end()
    assert "progress" in reader.kinds
    assert reader.text is None
    assert reader.done is not None
    assert reader.done["state"] == "succeeded"


def test_a_job_of_somebody_else_is_not_found(owner: uuid.UUID) -> None:
    job = ask(owner)
    with pytest.raises(NotFound):
        next(following.follow(make_owner(), job.id, None, 0.1))


def test_a_slow_reader_is_sent_away(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.services.events.hub.MOST_WAITING", 5)
    job = ask(owner)
    steps = following.follow(owner, job.id, None, 0.1)
    next(steps)

    def work(run: Run) -> dict[str, Any]:
        draft = Draft(run, message_of(job).id)
        for _ in range(50):
            draft.add("word ")
        run.save = draft.save
        return replies_result(job)

    jobs.run(str(job.id), work)
    wait_for(lambda: next(steps, None) is None)
    reader = Reader(job)
    reader.to_the_end().agrees()


def replies_result(job: Job) -> dict[str, Any]:
    reply = message_of(job)
    return {"user_message_id": str(reply.parent_id), "assistant_message_id": str(reply.id)}


def test_a_thousand_cuts_leave_the_text_whole(
    owner: uuid.UUID, model: ModelServer, in_background: Callable[..., Any], configure: Configure
) -> None:
    configure(checkpoint_seconds=0.05)
    model.script(tokens=100, interval=10)
    job = ask(owner)
    in_background(job)
    readers = [Reader(job) for _ in range(20)]
    for cut in range(40):
        reader = readers[cut % len(readers)]
        wait_for(lambda reader=reader: reader.step() is not None)
        reader.leave()
        if cut % 10 == 5:
            flush()
    wait_for(lambda: job_of(job).finished_at, 30)
    for reader in readers:
        reader.to_the_end().agrees()
