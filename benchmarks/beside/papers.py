"""Stories of documents: uploaded here, found, quoted, replaced and deleted there."""

import uuid
from email.message import EmailMessage
from typing import Any

from benchmarks.beside.people import NEW, Person, Web, demand
from benchmarks.beside.scene import Scene

# More text than what the release of now indexes in the queue for everybody.
LONG_LINES = 1900
TABLE = "keeper,barrels\n{sentence},seven\nNobody,none\n"
RICH = "{{\\rtf1\\ansi The log of the harbour.\\par {sentence}\\par}}"
LEFT = """
    SELECT 'row' AS what FROM documents WHERE id = :id
    UNION ALL SELECT 'text' FROM document_texts WHERE document_id = :id
    UNION ALL SELECT 'chunk' FROM chunks WHERE document_id = :id
"""


def paper(scene: Scene) -> None:
    """A document is found and quoted in both processes until one deletes it, and then in none."""
    here, there, said = scene.here, scene.there, scene.sentence()
    ada = scene.person()
    data, key = f"{scene.text(4)}{said}\n".encode(), {"Idempotency-Key": uuid.uuid4().hex}
    files = {"file": ("log.txt", data)}
    job = ada.call(here, "POST", "/documents", files=files, headers=key)
    again = ada.call(there, "POST", "/documents", files=files, headers=key)
    demand(job == again, f"one key made {job} and {again}")
    document = job["document_id"]
    ada.ended(there, job["id"])
    for web in (here, there):
        _as_sent(ada, web, document, data)
        _found(ada, web, document, said)
    body = {"content": f"What does {said[:-1]}?", "document_ids": [document]}
    asked = ada.ended(here, ada.call(there, "POST", "/messages", json=body)["id"])
    [cited] = asked["result"]["assistant_message"]["citations"]
    where = "start={start}&end={end}&generation={generation}".format(**cited)
    for web in (here, there):
        quoted = ada.call(web, "GET", f"/documents/{document}/text?{where}")["text"]
        demand(quoted == cited["quote"], f"{web.release}: {cited} quotes {quoted!r}")
    analysis = ada.call(here, "POST", f"/documents/{document}/analysis")
    demand(ada.ended(there, analysis["id"])["result"]["summary"], "an analysis without a summary")
    receipt = gone(scene, ada, document)
    if here.release == NEW:
        # What an earlier release has deleted is left to upkeep.
        replied = ada.call(there, "GET", f"/messages/{asked['message_id']}")["citations"]
        demand([c["quote"] for c in replied] == [None], f"{there.release}: still quotes {replied}")
        demand(receipt["citations"] == 1, f"the receipt {receipt} counts no citation")


def gone(scene: Scene, somebody: Person, document: str) -> dict[str, Any]:
    """Delete a document here, and return the receipt; nowhere is anything of it left."""
    here, there = scene.here, scene.there
    removal = somebody.call(here, "DELETE", f"/documents/{document}")
    search = {"query": "Who counted barrels?", "document_ids": [document]}
    receipt: dict[str, Any] = somebody.ended(there, removal["id"])["result"]
    for web in (here, there):
        somebody.refused(web, "GET", f"/documents/{document}", 404)
        somebody.refused(web, "GET", f"/documents/{document}/content", 404)
        somebody.refused(web, "POST", "/search", 404, json=search)
    left = [what for [what] in scene.cast.books.rows(LEFT, id=document)]
    demand(not left, f"of document {document} there is left: {left}")
    return receipt


def revised(scene: Scene) -> None:
    """A document is replaced and moved in the process that has not indexed it."""
    here, there, said = scene.here, scene.there, scene.sentence()
    ada = scene.person()
    first = scene.upload(ada, here, "log.txt", scene.text().encode())
    ada.ended(there, first["id"])
    document, newer = first["document_id"], f"{scene.text(3)}{said}\n".encode()
    files = {"file": ("log.txt", newer)}
    ada.ended(here, ada.call(there, "PUT", f"/documents/{document}", files=files)["id"])
    shelf = ada.call(here, "POST", "/collections", json={"name": f"Shelf {scene.number}"})
    move = {"collection_id": shelf["id"]}
    ada.ended(there, ada.call(here, "PATCH", f"/documents/{document}", json=move)["id"])
    for web in (here, there):
        _as_sent(ada, web, document, newer)
        _found(ada, web, document, said, collection_ids=[shelf["id"]])
    removal = ada.call(there, "DELETE", f"/collections/{shelf['id']}")
    ada.ended(here, removal["id"])
    for web in (here, there):
        ada.refused(web, "GET", f"/collections/{shelf['id']}", 404)
        ada.refused(web, "GET", f"/documents/{document}", 404)
    left = [what for [what] in scene.cast.books.rows(LEFT, id=document)]
    demand(not left, f"of document {document} there is left: {left}")


def large(scene: Scene) -> None:
    """What takes long is whole in the end, whichever queues it went through."""
    ada, said = scene.person(), scene.sentence()
    data = f"{scene.text(LONG_LINES)}{said}\n".encode()
    job = scene.upload(ada, scene.here, "long.txt", data)
    ada.ended(scene.there, job["id"])
    for web in (scene.here, scene.there):
        _as_sent(ada, web, job["document_id"], data)
        _found(ada, web, job["document_id"], said)
    gone(scene, ada, job["document_id"])


def formats(scene: Scene) -> None:
    """What a web process accepts becomes searchable, and is moved by one that may not know it."""
    here, there, said = scene.here, scene.there, scene.sentence()
    ada = scene.person()
    shelf = ada.call(here, "POST", "/collections", json={"name": f"Shelf {scene.number}"})
    move = {"collection_id": shelf["id"]}
    for name, text in (("page.html", "<p>{sentence}</p>"), ("a.csv", TABLE), ("b.rtf", RICH)):
        files = {"file": (name, text.format(sentence=said).encode())}
        answer = ada.try_(here, "POST", "/documents", files=files)
        told = f"{here.release}: {name}: {answer.status_code} {answer.text}"
        demand(answer.status_code in (202, 415), told)
        if answer.status_code == 202:
            ada.ended(there, answer.json()["id"])
            document = answer.json()["document_id"]
            _found(ada, there, document, said)
            ada.ended(here, ada.call(there, "PATCH", f"/documents/{document}", json=move)["id"])
            _found(ada, here, document, said, collection_ids=[shelf["id"]])
    shown = [[d["filename"] for d in ada.call(web, "GET", "/documents")] for web in (here, there)]
    demand(shown[0] == shown[1], f"listed {shown}")


def mail(scene: Scene) -> None:
    """What came with a mail goes with it, also if a process deletes it that knows of no mails."""
    here, there, said = scene.here, scene.there, scene.sentence()
    ada, letter = scene.person(), EmailMessage()
    letter["Subject"], letter["From"] = "The log", "keeper@example.org"
    letter.set_content("The log of the harbour is attached.")
    letter.add_attachment(f"{scene.text(3)}{said}", filename="log.txt")
    answer = ada.try_(here, "POST", "/documents", files={"file": ("log.eml", bytes(letter))})
    if answer.status_code == 415:
        return
    job = ada.ended(there, answer.json()["id"])
    whole = ada.call(here, "GET", "/documents")
    came = [each for each in whole if each.get("parent_id") == job["document_id"]]
    demand(len(came) == 1, f"{here.release}: with a mail came {came}")
    ada.ended(there, came[0]["job_id"])
    _found(ada, there, came[0]["id"], said)
    removal = ada.call(there, "DELETE", f"/documents/{job['document_id']}")
    ada.ended(here, removal["id"])
    for each in whole:
        for web in (here, there):
            ada.refused(web, "GET", f"/documents/{each['id']}", 404)
        left = [what for [what] in scene.cast.books.rows(LEFT, id=each["id"])]
        demand(not left, f"of document {each['id']} there is left: {left}")


def _as_sent(somebody: Person, web: Web, document: str, data: bytes) -> None:
    """Demand that file and text are what was uploaded."""
    shown = somebody.call(web, "GET", f"/documents/{document}")
    demand(shown["status"] == "ready", f"{web.release}: {shown}")
    file = somebody.try_(web, "GET", f"/documents/{document}/content")
    demand(file.content == data, f"{web.release}: another file of {document}")
    text = somebody.call(web, "GET", f"/documents/{document}/text")["text"]
    demand(text.strip() == data.decode().strip(), f"{web.release}: another text of {document}")


def _found(somebody: Person, web: Web, document: str, said: str, **where: Any) -> None:
    """Demand that a search finds a sentence of a document."""
    search = {"query": said, **(where or {"document_ids": [document]})}
    hits = somebody.call(web, "POST", "/search", json=search)
    told = f"{web.release}: {said!r} of {document} is not in {hits}"
    demand(any(h["document_id"] == document and said in h["text"] for h in hits), told)


STORIES = (paper, revised, formats, mail)
