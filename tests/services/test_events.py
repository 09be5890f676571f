"""Following a job: the text put together from the events is the stored one, whatever is lost."""

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from flask import Flask
from sqlalchemy import event as sql_event

from assistant.database import db
from assistant.errors import AssistantError, NotFound, Unavailable
from assistant.extensions import cache, settings
from assistant.models import Job
from assistant.services import jobs
from assistant.services.events import catch_up_slots, following, hub, listening, reply_endings
from assistant.services.events.feeds import Feed
from assistant.services.events.following import Follower
from assistant.services.events.listening import Listener
from assistant.services.generation.partial_reply import Draft
from assistant.services.jobs import Run, event_log
from assistant.services.jobs.event_log import ATTEMPT, LAST, Event
from assistant.services.jobs.status import Body
from tests.doubles.model_server import ModelServer
from tests.doubles.proxy import Proxy
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
    sql,
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
        self.take(events)
        return events

    def take(self, events: list[Event]) -> None:
        """Take these."""
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
    assert [e.attempt for e in event_log.read(job.id)][-1] == 2


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
        patch.setattr(event_log, "append", lambda *_, **__: None)
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
    monkeypatch.setattr("assistant.services.events.feeds.MOST_WAITING", 5)
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


def test_a_checkpoint_in_the_middle_of_a_look_doubles_nothing(
    app: Flask, owner: uuid.UUID, configure: Configure
) -> None:
    configure(checkpoint_seconds=0)
    job = ask(owner)
    run = hold(job)
    draft = Draft(run, message_of(job).id)
    draft.add("one ")
    flush()
    looking = threading.current_thread()
    added: list[threading.Thread] = []

    def add() -> None:
        with app.app_context():
            draft.add("two ")

    def after_the_job_was_read(*executed: Any) -> None:
        if "FROM jobs" in executed[2] and threading.current_thread() is looking and not added:
            added.append(threading.Thread(target=add))
            added[0].start()
            added[0].join(10)

    sql_event.listen(db.engine, "after_cursor_execute", after_the_job_was_read)
    try:
        reader = Reader(job)
        reader.step()
    finally:
        sql_event.remove(db.engine, "after_cursor_execute", after_the_job_was_read)
    assert added
    wait_for(lambda: reader.step() is not None and reader.cursor == run.text_number)
    assert reader.text == message_of(job).content == "one two "


def test_whoever_comes_late_may_be_cut_off_after_any_event(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(checkpoint_seconds=100)
    job = ask(owner)
    run = hold(job)
    run.progress("thinking")
    draft = Draft(run, message_of(job).id)
    draft.add("All that ")
    run.progress("citing")
    draft.add("is said.")
    run.emit("citations", {"citations": []})
    run.progress("ending")
    first = next(following.follow(owner, job.id, None, 0.1))
    assert len(first) > 2
    for cut in range(1, len(first) + 1):
        reader = Reader(job)
        reader.take(first[:cut])
        if cut < len(first):
            reader.step()
        assert reader.text == draft.text, f"cut after {reader.kinds[:cut]}"


def test_a_number_that_was_never_given_out_is_no_cursor(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    reader = Reader(job)
    [queued] = next(following.follow(owner, job.id, ATTEMPT * 9, 0.1))
    assert queued.kind == "state"
    perform(job)
    reader.take(next(following.follow(owner, job.id, ATTEMPT + LAST + 1, 0.1)))
    assert reader.kinds == ["snapshot", "done"]
    reader.agrees()


@pytest.fixture
def subscribed(owner: uuid.UUID) -> None:
    """Wait until live events are heard, and nobody is told to look because they begin to be."""
    about, feed = uuid.uuid4(), Feed()
    with hub.hub().feed(about, owner, feed):
        numbers = itertools.count()

        def heard() -> list[Event]:
            event_log.append(about, event_log.event(1, next(numbers), "state", {}))
            return feed.take(0.1)

        wait_for(heard)


@pytest.mark.usefixtures("subscribed")
def test_who_follows_a_job_that_is_deleted_hears_so(owner: uuid.UUID) -> None:
    job = ask(owner)
    steps = following.follow(owner, job.id, None, 20)
    next(steps)
    sql("DELETE FROM jobs WHERE id = :id", id=job.id)
    with pytest.raises(NotFound):
        next(steps)


@pytest.mark.parametrize("unfinished", [True, False])
def test_who_waits_wakes_to_finish_what_was_passed_on_in_part(unfinished: bool) -> None:
    passed: list[Event] = []

    def pass_on(events: Sequence[Event]) -> bool:
        passed.extend(events)
        return True

    feed = Feed(pass_on, lambda: unfinished)
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(feed.take, 30)
        wait_for(lambda: feed._waiting)
        feed.put(event_log.event(1, 1, "state", {}))
        assert len(passed) == 1
        if not unfinished:
            assert not taken.done()
            feed.nudge(close=True)
        assert taken.result(5) == []


def test_who_is_sent_away_does_not_look_any_more(owner: uuid.UUID) -> None:
    job, feed = ask(owner), Feed()
    follower = Follower(owner, job.id, None)
    follower.catch_up()
    sql("DELETE FROM jobs WHERE id = :id", id=job.id)
    feed.nudge(close=True)
    assert follower.wait(feed, 5) == []


def test_what_is_missing_is_looked_for_at_its_own_pace(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(checkpoint_seconds=100)
    monkeypatch.setattr(following, "PATIENCE_SECONDS", 60.0)
    job = ask(owner)
    run, feed = hold(job), Feed()
    draft = Draft(run, message_of(job).id)
    follower = Follower(owner, job.id, None)
    follower.catch_up()
    draft.add("lost ")
    flush()
    draft.add("heard ")
    [late] = event_log.read(job.id)
    feed.put(late)
    assert follower.wait(feed, 1) == []
    # With the row gone, one more look would fail.
    sql("DELETE FROM jobs WHERE id = :id", id=job.id)
    closing = threading.Timer(0.3, lambda: feed.nudge(close=True))
    for number in range(1, 20):
        feed.put(Event(late.number + number, "delta", '{"text": "x"}'))
    closing.start()
    assert follower.wait(feed, 1) == []
    closing.join()


def test_few_look_at_the_same_time(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up_slots, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(catch_up_slots, "PATIENCE_SECONDS", 0.05)
    job = ask(owner)
    with catch_up_slots.turn(), pytest.raises(Unavailable):
        next(following.follow(owner, job.id, None, 0.1))
    assert next(following.follow(owner, job.id, None, 0.1))


def test_nobody_takes_all_the_places(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_OF_ONE_OWNER", 2)
    job = ask(owner)
    kept = [following.follow(owner, job.id, None, 0.1) for _ in range(2)]
    for steps in kept:
        assert next(steps)
    with pytest.raises(Unavailable) as refused:
        next(following.follow(owner, job.id, None, 0.1))
    assert refused.value.retry_after == 5
    another = make_owner()
    assert next(following.follow(another, ask(another).id, None, 0.1))
    kept.pop().close()
    assert next(following.follow(owner, job.id, None, 0.1))


def test_a_subscription_that_died_in_silence_is_noticed(
    app: Flask,
    owner: uuid.UUID,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(hub, "LISTEN_SECONDS", 0.2)
    address = urlsplit(settings.redis_url)
    with Proxy(address.port or 6379) as proxy:
        there = address._replace(netloc=f"{address.netloc.rpartition(':')[0]}:{proxy.port}")
        configure(redis_url=urlunsplit(there))
        listening_hub, job_id, feed = hub.Hub(app), uuid.uuid4(), Feed()
        with listening_hub.feed(job_id, owner, feed):
            wait_for(lambda: feed.look)
            proxy.set("blackhole")
            wait_for(lambda: "live events are not heard" in caplog.text)
            feed.look = False
            proxy.set("pass")
            wait_for(lambda: feed.look)
            event_log.append(job_id, event_log.event(1, 0, "state", {}))
            assert [event.kind for event in wait_for(lambda: feed.take(1))] == ["state"]


def test_live_events_go_on_after_something_unexpected(
    app: Flask,
    owner: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(hub, "RECONNECT_SECONDS", 0.05)
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.05)
    listening_hub, job_id, feed = hub.Hub(app), uuid.uuid4(), Feed()
    positions = itertools.count()

    def called_out() -> list[Event]:
        event_log.append(job_id, event_log.event(1, next(positions), "state", {}))
        return feed.take(0.1)

    with listening_hub.feed(job_id, owner, feed):
        for name in ("_hand_out", "_find_ended"):
            monkeypatch.setattr(listening_hub, name, None)
        called_out()
        wait_for(lambda: "live events are not heard: TypeError" in caplog.text)
        wait_for(lambda: "looking after followed jobs failed" in caplog.text)
        monkeypatch.undo()
        assert wait_for(called_out)


class Ear:
    """A client of a listener that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answered: list[str] = []
        self.dropped: list[str] = []

    def tell(self, job_id: uuid.UUID, events: list[Event]) -> None:
        """Remember what happened to a job."""
        self.told += [event.kind for event in events]

    def answer(self, job: Body, reply: Body | None) -> None:
        """Remember a reply."""
        assert reply is not None
        self.answered.append(job["id"])

    def refuse(self, error: AssistantError, job_id: uuid.UUID) -> None:
        """Remember nothing."""

    def drop(self, why: str) -> None:
        """Remember that it was sent away."""
        self.dropped.append(why)


@pytest.fixture
def listen(app: Flask) -> Iterator[Callable[[uuid.UUID], Ear]]:
    """Return a function that listens for an owner."""
    listeners = []

    def begin(owner_id: uuid.UUID) -> Ear:
        ear = Ear()
        listeners.append(Listener(owner_id, ear))
        wait_for(lambda: listeners[-1]._began_at or ear.dropped)
        return ear

    yield begin
    for listener in listeners:
        listener.close()


def test_an_end_that_cannot_be_told_is_told_later(
    owner: uuid.UUID,
    model: ModelServer,
    listen: Callable[[uuid.UUID], Ear],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "RETRY_SECONDS", 0.05)
    ear = listen(owner)
    # Of a job that is gone there is nothing to tell, and nothing ends.
    gone = event_log.appending(uuid.uuid4(), event_log.event(1, LAST, "done", {}), ended_for=owner)
    cache.ask(gone)
    refusals = iter([True, True])
    read = reply_endings.read

    def read_if_there(*which: Any) -> Any:
        if next(refusals, False):
            raise Unavailable("The database does not answer.")
        return read(*which)

    monkeypatch.setattr(reply_endings, "read", read_if_there)
    jobs_done = [perform(ask(owner)) for _ in range(2)]
    wait_for(lambda: len(ear.answered) == 2)
    assert sorted(ear.answered) == sorted(str(job.id) for job in jobs_done)
    assert ear.dropped == []


def test_whoever_finds_no_place_to_listen_is_sent_away(
    owner: uuid.UUID, listen: Callable[[uuid.UUID], Ear], configure: Configure
) -> None:
    configure(max_followers=0)
    assert "Too many" in listen(owner).dropped[0]


def test_an_end_that_redis_did_not_hear_of_is_told_once(
    owner: uuid.UUID,
    model: ModelServer,
    listen: Callable[[uuid.UUID], Ear],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    perform(ask(owner))
    ear = listen(owner)
    heard = perform(ask(owner))
    wait_for(lambda: ear.answered)
    with monkeypatch.context() as patch:
        patch.setattr(event_log, "appending", lambda *_, **__: lambda client: client.ping())
        unheard = perform(ask(owner))
    cache.ask(lambda client: client.client_kill_filter(_type="pubsub"))
    wait_for(lambda: len(ear.answered) > 1)
    again = perform(ask(owner))
    wait_for(lambda: str(again.id) in ear.answered)
    assert ear.answered == [str(job.id) for job in (heard, unheard, again)]
