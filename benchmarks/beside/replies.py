"""Stories of replies: asked for in one web process, followed, cancelled and read in the other."""

import json
import time
import uuid
from typing import Any

import httpx

from benchmarks.beside.people import Broken, Person, Web, demand
from benchmarks.beside.scene import Scene, scripted

FOLLOWED_SECONDS = 600.0
LASTING = " ".join(f"word{number}" for number in range(200))


def question(scene: Scene) -> None:
    """One key makes one reply; followed in the other web process, it is what was stored."""
    here, there, said = scene.here, scene.there, scene.sentence()
    ada = scene.person()
    body, key = {"content": scripted(said, 100)}, {"Idempotency-Key": uuid.uuid4().hex}
    job = ada.call(here, "POST", "/messages", json=body, headers=key)
    text = follow(ada, there, job["id"])
    for web in (here, there):
        again = ada.try_(web, "POST", "/messages", json=body, headers=key)
        told = f"{web.release}: one key made {job} and {again.text}"
        demand(again.status_code == 202 and again.json() == job, told)
        replies(ada, web, ada.ended(web, job["id"]), said)
    demand(text == said, f"{there.release}: {text!r} was heard instead of {said!r}")
    follow_up = {"content": scripted("And so on."), "conversation_id": job["conversation_id"]}
    ada.ended(here, ada.call(there, "POST", "/messages", json=follow_up)["id"])


def waited(scene: Scene) -> None:
    """Who prefers to wait gets the reply, or else a job that goes on."""
    ada, said = scene.person(), scene.sentence()
    body, prefer = {"content": scripted(said)}, {"Prefer": "wait=20"}
    answer = ada.try_(scene.here, "POST", "/messages", json=body, headers=prefer)
    demand(answer.status_code in (200, 202), f"{scene.here.release}: {answer.text}")
    replies(ada, scene.there, ada.ended(scene.there, answer.json()["id"]), said)


def cancelled(scene: Scene) -> None:
    """What one process was asked for, another cancels, and does again on request."""
    here, there = scene.here, scene.there
    bob = scene.person()
    long = bob.call(here, "POST", "/messages", json={"content": scripted(LASTING, 60)})
    bob.until(there, f"/messages/{long['message_id']}", lambda reply: reply["content"])
    bob.call(there, "POST", f"/jobs/{long['id']}/cancel")
    job = bob.ended(here, long["id"], "cancelled")
    kept = bob.call(here, "GET", f"/messages/{job['message_id']}")
    demand(kept["status"] == "cancelled", f"{here.release}: the reply is {kept}")
    demand(LASTING.startswith(kept["content"]), f"{here.release}: the reply is {kept}")
    retried = bob.call(here, "POST", f"/jobs/{long['id']}/retry")
    demand(retried["retry_of"] == long["id"], f"{here.release}: {retried}")
    bob.call(there, "POST", f"/jobs/{retried['id']}/cancel")
    bob.ended(there, retried["id"], "cancelled")


def branched(scene: Scene) -> None:
    """A reply is made again, and a question asked in other words, in the other process."""
    here, there, words = scene.here, scene.there, [scene.sentence() for _ in range(2)]
    ada = scene.person()
    job = ada.call(here, "POST", "/messages", json={"content": scripted(words[0])})
    job = ada.ended(here, job["id"])
    again = ada.call(there, "POST", f"/messages/{job['message_id']}/regenerate", json={})
    replies(ada, here, ada.ended(here, again["id"]), words[0])
    asked = ada.call(here, "GET", f"/messages/{job['message_id']}")["parent_id"]
    edit = {"content": scripted(words[1])}
    edited = ada.call(there, "POST", f"/messages/{asked}/edit", json=edit)
    replies(ada, here, ada.ended(here, edited["id"]), words[1])
    branches = f"/conversations/{job['conversation_id']}/branches"
    found = [ada.call(web, "GET", branches) for web in (here, there)]
    demand(found[0] == found[1] and len(found[0]) == 3, f"branches {found}")


def replies(somebody: Person, web: Web, job: dict[str, Any], said: str) -> None:
    """Demand that a reply is what the model said, in the job and in the conversation."""
    shown = job["result"]["assistant_message"]["content"]
    demand(shown == said, f"{web.release}: job {job['id']} shows {shown!r} instead of {said!r}")
    listed = f"/messages?conversation_id={job['conversation_id']}"
    found = [m for m in somebody.call(web, "GET", listed) if m["id"] == job["message_id"]]
    told = f"{web.release}: job {job['id']} has the messages {found}"
    demand([(m["content"], m["status"]) for m in found] == [(said, "succeeded")], told)


def follow(somebody: Person, web: Web, job_id: str) -> str:
    """Return the text that a follower of a reply has put together by the end of it."""
    give_up, cursor, text = time.monotonic() + FOLLOWED_SECONDS, "", ""
    while time.monotonic() < give_up:
        headers = {"Authorization": f"Bearer {somebody.token}"}
        if cursor:
            headers["Last-Event-ID"] = cursor
        try:
            path = f"/jobs/{job_id}/events"
            with web.http.stream("GET", path, headers=headers, timeout=30) as answer:
                demand(answer.status_code == 200, f"{web.release}: {path}: {answer.status_code}")
                event: dict[str, str] = {}
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    event[name] = value
                    if name or "data" not in event:
                        continue
                    cursor, data = event["id"], json.loads(event["data"])
                    if event["event"] == "done":
                        return text
                    if event["event"] in ("delta", "snapshot"):
                        text = data["text"] if event["event"] == "snapshot" else text + data["text"]
                    event = {}
        except httpx.HTTPError:
            # A follower comes back with the cursor.
            time.sleep(0.2)
    raise Broken(f"{web.release}: job {job_id} was followed in vain; heard {text!r}")


STORIES = (question, waited, cancelled, branched)
