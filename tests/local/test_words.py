"""What a local run says to the person who started it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from assistant.config import Settings
from assistant.local import demo, following
from assistant.local import stack as local_stack
from assistant.local.errors import LocalRunError
from assistant.local.program import Program
from assistant.local.stack import LocalStack


@pytest.mark.parametrize(
    ("answer", "words"),
    [((0, "timed out"), ""), ((503, '{"status":\n"no"}'), ': 503 {"status": "no"}')],
)
def test_waiting_for_the_api_is_no_failure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], words: str
) -> None:
    reasons: list[str | None] = []

    def wait(waiting_for: Callable[[], str | None], **_: Any) -> None:
        reasons.append(waiting_for())

    monkeypatch.setattr(local_stack, "wait", wait)
    monkeypatch.setattr(local_stack, "ask", lambda _: answer)
    monkeypatch.setattr(LocalStack, "_raise_for_deaths", lambda *_: None)
    stack = LocalStack(settings)
    stack.wait_until_ready()
    assert reasons == [None, f"the API at {stack.api_url}{words}"]


def test_a_run_is_ready_only_when_flower_listens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it misses the first jobs, or shows them without a name."""
    reasons: list[str | None] = []
    listens = iter([False, True])

    def wait(waiting_for: Callable[[], str | None], **_: Any) -> None:
        reasons.append(waiting_for())

    monkeypatch.setattr(local_stack, "wait", wait)
    monkeypatch.setattr(local_stack, "ask", lambda _: (200, '{"checks": {"database": "ok"}}'))
    monkeypatch.setattr(local_stack, "answers_ok", lambda _: next(listens))
    monkeypatch.setattr(LocalStack, "_raise_for_deaths", lambda *_: None)
    stack = LocalStack(settings)
    stack._processes = [Program("flower", ["true"])]
    for _ in range(2):
        stack.wait_until_ready()
    flower = f"Flower at http://127.0.0.1:{settings.flower_port}"
    assert reasons == [None, flower, None, None]


CITATION = {"marker": 1, "filename": "handbook.pdf", "page": 2, "quote": "At noon on Sundays."}
REPLY = {
    "content": "Sundays [1]",
    "citations": [CITATION],
    "model": "m",
    "tokens_used": 1,
    "finish_reason": "length",
}
ENDED = {
    "id": "1",
    "state": "succeeded",
    "attempt": 1,
    "error": None,
    "finished_at": "2026-01-01T00:00:00Z",
    "progress": {"stage": "done", "done": 1, "total": 1},
    "result": {"chunks": 16, "assistant_message": REPLY},
    "access_token": "t",
}
RUNNING = {**ENDED, "state": "running", "finished_at": None}
SIGN_OF_LIFE = ":\n"


def event(number: int, name: str, data: dict[str, Any]) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def answer(request: httpx.Request) -> httpx.Response:
    if not request.url.path.endswith("/events"):
        return httpx.Response(200, json=ENDED)
    said = [("progress", {"stage": "generating", "total": None})]
    said += [("delta", {"text": REPLY["content"]}), ("done", ENDED)]
    return httpx.Response(200, text=":\n" + "".join(event(1, *one) for one in said))


def client_of(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler), base_url="http://api")


@pytest.mark.parametrize("bundled", [True, False])
def test_the_demo_says_which_model_answers_before_it_does(
    capsys: pytest.CaptureFixture[str], bundled: bool
) -> None:
    with client_of(answer) as client:
        demo._show(client, bundled_model=bundled)
    said = capsys.readouterr().out
    assert said.count("a tiny model that shows the plumbing") == bundled
    assert said.find("a tiny model") < said.find("Sundays [1]")


def test_the_demo_asks_for_a_short_answer_and_shows_the_evidence_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[dict[str, Any]] = []

    def noting(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/messages":
            asked.append(json.loads(request.content))
        return answer(request)

    with client_of(noting) as client:
        demo._show(client, bundled_model=True)
    assert [question["max_tokens"] < 100 for question in asked] == [True, True]
    said = capsys.readouterr().out
    assert 0 < said.find("[1] handbook.pdf, page 2: “At noon on Sundays.”") < said.find("Sundays [")


class Clock:
    """A time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(following, "time", clock)
    return clock


def stream_of(frames: Iterator[str]) -> httpx.Response:
    return httpx.Response(200, content=(frame.encode() for frame in frames))


@pytest.mark.parametrize("kind", ["delta", "reasoning"])
def test_the_demo_waits_for_a_reply_as_long_as_it_is_being_written(clock: Clock, kind: str) -> None:
    def slowly(_: httpx.Request) -> httpx.Response:
        def frames() -> Iterator[str]:
            for number in range(1, 30):
                clock.sleep(following.PATIENCE_SECONDS * 0.9)
                yield event(number, kind, {"text": "word "})
            yield event(30, "done", ENDED)

        return stream_of(frames())

    with client_of(slowly) as client:
        assert following.listen(client, RUNNING) == ENDED


def test_a_reply_of_which_nothing_moves_is_given_up(clock: Clock) -> None:
    def silently(_: httpx.Request) -> httpx.Response:
        def frames() -> Iterator[str]:
            while True:
                clock.sleep(10)
                yield SIGN_OF_LIFE

        return stream_of(frames())

    began = clock.now
    with client_of(silently) as client, pytest.raises(LocalRunError, match="has moved for 600 s"):
        following.listen(client, RUNNING)
    assert 600 < clock.now - began < 700


def test_a_stream_that_ends_before_its_job_is_asked_for_again(clock: Clock) -> None:
    asked: list[str | None] = []

    def cut(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        if len(asked) == 1:
            return httpx.Response(200, text=event(7, "delta", {"text": "word "}))
        return httpx.Response(200, text=event(8, "done", ENDED))

    with client_of(cut) as client:
        assert following.listen(client, RUNNING) == ENDED
    assert asked == [None, "7"]


@pytest.mark.parametrize("moves", [True, False])
def test_the_demo_waits_for_a_document_as_long_as_it_moves(clock: Clock, moves: bool) -> None:
    began = clock.now

    def slowly(_: httpx.Request) -> httpx.Response:
        passed = int(clock.now - began)
        if passed > 5000:
            return httpx.Response(200, json=ENDED)
        done = passed // 300 if moves else 0
        progress = {"stage": "embedding", "done": done, "total": 100}
        return httpx.Response(200, json={**RUNNING, "progress": progress})

    with client_of(slowly) as client:
        if moves:
            assert following.follow(client, RUNNING) == ENDED
            return
        with pytest.raises(LocalRunError, match=r"running, embedding.*try it again"):
            following.follow(client, RUNNING)
    assert clock.now - began < 700
