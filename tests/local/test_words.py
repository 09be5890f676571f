"""What a local run says to the person who started it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from assistant.config import Settings
from assistant.local import demo
from assistant.local import stack as local_stack
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


REPLY = {"content": "Sundays [1]", "citations": [], "model": "m", "tokens_used": 1}
ENDED = {
    "id": "1",
    "state": "succeeded",
    "error": None,
    "finished_at": "2026-01-01T00:00:00Z",
    "progress": {"stage": "done", "done": 1, "total": 1},
    "result": {"chunks": 16, "assistant_message": REPLY},
    "access_token": "t",
}


def answer(request: httpx.Request) -> httpx.Response:
    if not request.url.path.endswith("/events"):
        return httpx.Response(200, json=ENDED)
    said = [("progress", {"stage": "generating", "total": None})]
    said += [("delta", {"text": REPLY["content"]}), ("done", ENDED)]
    frames = [f"id: 1\nevent: {name}\ndata: {json.dumps(data)}\n\n" for name, data in said]
    return httpx.Response(200, text=":\n" + "".join(frames))


@pytest.mark.parametrize("bundled", [True, False])
def test_the_demo_says_which_model_answers_before_it_does(
    capsys: pytest.CaptureFixture[str], bundled: bool
) -> None:
    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://api") as client:
        demo._show(client, bundled_model=bundled)
    said = capsys.readouterr().out
    assert said.count("a tiny model that shows the plumbing") == bundled
    assert said.find("a tiny model") < said.find(REPLY["content"])
