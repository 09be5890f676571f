"""A new message in a conversation that is interrupted by it, with real workers."""

import time

import pytest

from tests.live import Live, accepted

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", ["ask", "edit"])
def test_an_interrupted_reply_leaves_the_model_and_the_new_one_comes(live: Live, way: str) -> None:
    made = live.client.post("/conversations", json={"when_busy": "interrupt"}).json()
    live.model.script("endless", interval=20)
    old = live.ask("Tell me a long story.", conversation_id=made["id"])
    live.model.wait_for(lambda asked: asked.tokens_sent > 5, seconds=30)
    story = live.model.requests[-1]
    live.model.script(text="A short one.")
    sent_at = time.time()
    if way == "ask":
        new = live.ask("A short one, please.", conversation_id=made["id"])
    else:
        question = live.get(f"/messages/{old['message_id']}")["parent_id"]
        body = {"content": "A short one, please."}
        new = accepted(live.client.post(f"/messages/{question}/edit", json=body))
    new = live.ended(new)
    took = time.time() - sent_at
    assert story.ended == "closed by client"
    assert story.closed_at is not None
    print(f"\nstream closed {(story.closed_at - sent_at) * 1000:.0f} ms after the new message,")
    print(f"which was answered after {took * 1000:.0f} ms")
    assert story.closed_at - sent_at < 1
    assert live.get(f"/jobs/{old['id']}")["state"] == "cancelled"
    assert (new["state"], new["attempt"]) == ("succeeded", 1)
    assert new["result"]["assistant_message"]["content"] == "A short one."
    # The two never ran at once, and both are still there.
    newer = live.model.requests[-1]
    assert newer.at >= story.closed_at
    told = [message["content"] for message in newer.body["messages"]]
    assert told[-1] == "A short one, please."
    assert len(told) == (3 if way == "ask" else 1)
    ends = live.get(f"/conversations/{made['id']}/branches")
    assert [end["message_id"] for end in ends] == [
        new["message_id"],
        *([] if way == "ask" else [old["message_id"]]),
    ]
