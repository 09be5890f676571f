"""What a web process hears from Redis: the jobs that somebody follows there, and all ends."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis
from flask import Flask

from assistant.adapters.cache import connect
from assistant.extensions import cache, settings
from assistant.services.events.channels import Channels, Heard
from assistant.services.jobs import event_log
from tests.services.factories import wait_for


class Reader:
    """Channels over a connection that can be opened again, and what they have heard."""

    def __init__(self) -> None:
        self.channels = Channels()
        self.stack = ExitStack()
        self.heard: list[Heard] = []

    def open(self) -> None:
        """Connect."""
        client = connect(settings.redis_url, read_timeout=5)
        self.stack.enter_context(self.channels.open(client))

    def hears(self, *wanted: Heard) -> bool:
        """Read what there is, and return whether it was exactly this."""
        self.heard += self.channels.read(0.05) or []
        return self.heard == list(wanted)

    def follow(self, job_id: uuid.UUID) -> ExitStack:
        """Begin to follow a job while nobody reads yet, as a follower of another thread."""
        following = ExitStack()
        following.enter_context(self.channels.hear(job_id))
        return following


@pytest.fixture
def reader(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Make channels; followers do not wait, since the test reads in the same thread."""
    monkeypatch.setattr("assistant.services.events.channels.CONFIRM_SECONDS", 0.01)
    made = Reader()
    with made.stack:
        yield made


def say(job_id: uuid.UUID, number: int) -> event_log.Event:
    """Say something of a job, as its worker would."""
    said = event_log.event(1, number, "delta", {"text": f"word{number}"})
    event_log.append(job_id, said)
    return said


def listeners(job_id: uuid.UUID) -> int:
    """Return how many connections Redis would tell of a job."""
    [(_, number)] = cache.ask(lambda r: r.pubsub_numsub(event_log.key_of(job_id))) or [(b"", 0)]
    return int(number)


def test_only_followed_jobs_are_heard(reader: Reader) -> None:
    reader.open()
    followed, other = uuid.uuid4(), uuid.uuid4()
    with reader.follow(followed):
        wait_for(lambda: reader.hears(Heard(followed)), 2)
        reader.heard.clear()
        say(other, 0)
        first, second = say(followed, 0), say(followed, 1)
        wait_for(lambda: reader.hears(Heard(followed, first), Heard(followed, second)), 2)
        assert listeners(other) == 0
    wait_for(lambda: listeners(followed) == 0, 2)


def test_a_follower_is_told_of_what_it_may_have_missed_only_if_it_gave_up_waiting(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.open()
    job_id = uuid.uuid4()
    with reader.follow(job_id):
        assert wait_for(lambda: reader.hears(Heard(job_id)), 2)
        reader.heard.clear()
        # The second one finds the channel confirmed.
        with reader.follow(job_id):
            said = say(job_id, 0)
            wait_for(lambda: reader.hears(Heard(job_id, said)), 2)


def test_an_answer_to_an_earlier_request_confirms_nothing(reader: Reader) -> None:
    reader.open()
    job_id = uuid.uuid4()
    with reader.follow(job_id):
        pass
    with reader.follow(job_id):
        # Of the answers that wait, subscribed, unsubscribed, subscribed, only the last one counts.
        name = event_log.key_of(job_id).encode()
        assert list(reader.channels._heard(b"subscribe", name)) == []
        assert list(reader.channels._heard(b"subscribe", name)) == [Heard(job_id)]


def test_every_end_is_heard_with_its_owner(reader: Reader) -> None:
    reader.open()
    job_id, owner_id = uuid.uuid4(), uuid.uuid4()
    done = event_log.event(1, event_log.LAST, "done", {})
    cache.ask(event_log.appending(job_id, done, ended_for=owner_id))
    wait_for(lambda: reader.hears(Heard(job_id, ended_for=owner_id)), 2)


def test_what_is_followed_is_heard_over_the_next_connection(reader: Reader) -> None:
    job_id = uuid.uuid4()
    with reader.follow(job_id):
        with pytest.raises(AssertionError):
            reader.channels.read(0)
        reader.open()
        first = say(job_id, 0)
        wait_for(lambda: reader.hears(Heard(job_id, first)), 2)
        cache.ask(lambda r: r.client_kill_filter(_type="pubsub"))
        with pytest.raises(redis.RedisError):
            wait_for(lambda: reader.channels.read(0.05) is None and False, 2)
        reader.stack.close()
        reader.open()
        second = say(job_id, 1)
        wait_for(lambda: reader.hears(Heard(job_id, first), Heard(job_id, second)), 2)


def test_a_broken_connection_is_never_opened_again_for_one_channel_alone(reader: Reader) -> None:
    reader.open()
    kept = uuid.uuid4()
    with reader.follow(kept), ExitStack() as others:
        wait_for(lambda: reader.hears(Heard(kept)), 2)
        cache.ask(lambda r: r.client_kill_filter(_type="pubsub"))
        wait_for(lambda: listeners(kept) == 0, 2)
        # Followers come before whoever reads has seen that it is broken.
        for _ in range(4):
            others.enter_context(reader.channels.hear(uuid.uuid4()))
        with pytest.raises(redis.RedisError):
            wait_for(lambda: reader.channels.read(0.05) is None and False, 2)


def test_nothing_is_kept_of_what_is_followed_no_more(reader: Reader) -> None:
    reader.open()
    for _ in range(20):
        with reader.follow(uuid.uuid4()):
            reader.channels.read(0.05)
    wait_for(lambda: reader.channels.read(0.05) is None, 2)
    assert not reader.channels._channels
    assert not reader.channels._asked
