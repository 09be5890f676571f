"""Stories of accounts: names, passwords, tokens, and users who are shut out or leave."""

import time
import uuid

from benchmarks.beside.people import Person, demand
from benchmarks.beside.scene import Scene, scripted
from benchmarks.drill.victims import until

SHUT_OUT_SECONDS = 30.0
LONG = " ".join(f"word{number}" for number in range(1000))
ASKED_TO_STOP = "SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = :id"
LEFT = """
    SELECT 'documents' AS what FROM documents WHERE owner_id = :user
    UNION ALL SELECT 'conversations' FROM conversations WHERE owner_id = :user
    UNION ALL SELECT 'messages' FROM messages WHERE owner_id = :user
    UNION ALL SELECT 'chunks' FROM chunks WHERE owner_id = :user
    UNION ALL SELECT 'embeddings' FROM embeddings WHERE owner_id = :user
    UNION ALL SELECT 'collections' FROM collections WHERE owner_id = :user
    UNION ALL SELECT 'jobs' FROM jobs WHERE owner_id = :user AND kind <> 'users.delete'
"""


def account(scene: Scene) -> None:
    """Register, sign in, renew, rename and sign out, each time at the other web process."""
    here, there = scene.here, scene.there
    ada = Person(f"account{scene.number}", password=f"pässwörd of {scene.number}")
    mail = f"{ada.name}@example.org"
    body = {"username": ada.name, "email": mail, "password": ada.password}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    made = ada.call(here, "POST", "/auth/register", json=body, headers=key)
    again = ada.call(there, "POST", "/auth/register", json=body, headers=key)
    demand(made == again, f"one key made {made} and {again}")
    ada.refused(there, "POST", "/auth/register", 409, json=body)
    ada.sign_in(there)
    for web in (here, there, here):
        renewed = ada.call(web, "POST", "/auth/refresh", json={"refresh_token": ada.refresh_token})
        ada.take(renewed)
    new = f"Pässwörd number {scene.number}"
    change = {"password": new, "old_password": ada.password}
    ada.call(here, "PATCH", "/users/me", json=change)
    old, ada.password = {"username": mail, "password": ada.password}, new
    Person("").refused(there, "POST", "/auth/token", 401, data=old)
    ada.sign_in(there)
    ada.call(there, "PATCH", "/users/me", json={"username": f"renamed{scene.number}"})
    ada.name = f"Renamed{scene.number}"
    for web in (here, there):
        ada.sign_in(web)
        demand(ada.call(web, "GET", "/users/me")["id"] == made["id"], "somebody else signed in")
    ada.call(there, "POST", "/auth/logout", json={"refresh_token": ada.refresh_token})
    ada.refused(here, "GET", "/users/me", 401)


def disabled(scene: Scene) -> None:
    """A user who is disabled is shut out everywhere, and what runs for them stops."""
    here, there, admin = scene.here, scene.there, scene.cast.admin
    bob = scene.person()
    job = bob.call(there, "POST", "/messages", json={"content": scripted(LONG, 50)})
    bob.until(there, f"/jobs/{job['id']}", lambda job: job["state"] != "queued")
    admin.call(here, "PATCH", f"/users/{bob.id}", json={"is_active": False})
    give_up = time.monotonic() + SHUT_OUT_SECONDS
    while bob.try_(there, "GET", "/users/me").status_code != 401:
        demand(time.monotonic() < give_up, f"{there.release} lets in who is disabled")
    form = {"username": bob.name, "password": bob.password}
    Person("").refused(there, "POST", "/auth/token", 401, data=form)
    books, stops = scene.cast.books, scene.cast.new_is_there
    if stops:
        until(lambda: books.one(ASKED_TO_STOP, id=job["id"]), SHUT_OUT_SECONDS)
    admin.call(there, "PATCH", f"/users/{bob.id}", json={"is_active": True})
    bob.sign_in(here)
    if stops:
        bob.ended(here, job["id"], "cancelled")


def leaver(scene: Scene) -> None:
    """A user who leaves is gone everywhere with all that they had."""
    here, there = scene.here, scene.there
    eve = scene.person()
    paper = scene.upload(eve, here, "secret.txt", scene.text().encode())
    eve.ended(there, paper["id"])
    asked = eve.call(there, "POST", "/messages", json={"content": scripted("Yes.")})
    eve.ended(here, asked["id"])
    gone = eve.call(here, "DELETE", "/users/me")
    eve.ended(there, gone["id"])
    eve.refused(there, "GET", "/users/me", 401, 403)
    form = {"username": eve.name, "password": eve.password}
    Person("").refused(there, "POST", "/auth/token", 401, data=form)
    left = [what for [what] in scene.cast.books.rows(LEFT, user=eve.id)]
    demand(not left, f"of {eve.name} there is left: {left}")
    scene.cast.people.remove(eve)


STORIES = (account, disabled, leaver)
