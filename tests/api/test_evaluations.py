"""Evaluations through the API: who may, what is refused, and what comes back."""

from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from assistant.services import jobs
from tests.conftest import User
from tests.factories import assert_problem, change_rows, indexed, job, walk

QUESTIONS = [
    {"question": "When does the ferry leave?", "filename": "ferry.txt", "answer": "noon"},
    {"question": "Who won the chess championship of Norway in 1987?", "refuse": True},
]
CSV = (
    "question,filename,answer,refuse\nWhen does the ferry leave?,ferry.txt,noon,\nWhy blue?,,,yes\n"
)
MEASURES = {
    *("recall_at_1", "recall_at_5", "recall_at_10", "ndcg_at_10", "mrr_at_10", "given"),
    *("stated", "quoted", "refused_rightly", "refused_wrongly", "seconds"),
}


@pytest.fixture
def sailor(user: User) -> User:
    """Return a user with two documents."""
    indexed(user, "The ferry to the island leaves at noon.", "ferry.txt")
    indexed(user, "Bread is baked from flour, water and salt.", "bread.txt")
    return user


def evaluate(user: User, **body: Any) -> dict[str, Any]:
    """Promise an evaluation and return its job."""
    response = user.post("/evaluations", json=body or {"questions": QUESTIONS})
    assert response.status_code == 202, response.text
    accepted: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/api/v1/jobs/{accepted['id']}"
    assert accepted["kind"] == "evaluations.run"
    return accepted


def test_a_set_of_questions_is_asked_and_judged(sailor: User) -> None:
    accepted = evaluate(sailor)
    path = f"/evaluations/{accepted['id']}"
    before = sailor.get(path).get_json()
    assert (before["state"], before["result"], before["questions"]) == ("queued", None, [])
    assert (before["question_count"], before["name"]) == (2, "Evaluation")
    jobs.run(accepted["id"])
    ended = job(sailor, accepted["id"])
    assert ended["result"] == {"evaluation_id": accepted["id"]}
    assert ended["progress"] == {"stage": "done", "done": 2, "total": 2}
    shown = sailor.get(path).get_json()
    assert (shown["state"], shown["job_id"]) == ("succeeded", accepted["id"])
    assert {row["name"] for row in shown["result"]["measures"]} == MEASURES
    first, second = shown["questions"]
    assert (first["number"], first["question"]) == (0, QUESTIONS[0]["question"])
    assert first["outcomes"][0]["rank"] == 1
    assert first["outcomes"][0]["quoted"] is True
    assert second["outcomes"][0]["refused"] is True
    # A setting can be sent again as it is shown.
    assert (
        sailor.post(
            "/evaluations", json={"questions": QUESTIONS, "settings": shown["settings"]}
        ).status_code
        == 202
    )


def test_two_settings_are_compared_and_drawn(sailor: User) -> None:
    settings = [{"name": "<usual>"}, {"search": "dense", "retrieval_limit": 3}]
    accepted = evaluate(sailor, csv=CSV, settings=settings, name="Ferry & bread")
    picture = sailor.get(f"/evaluations/{accepted['id']}/plot")
    assert_problem(picture, 409)
    jobs.run(accepted["id"])
    shown = sailor.get(f"/evaluations/{accepted['id']}").get_json()
    names = [setting["name"] for setting in shown["settings"]]
    assert names == ["<usual>", "retrieval_limit 3, search dense"]
    assert all(0 < row["p"] <= 1 for row in shown["result"]["measures"])
    picture = sailor.get(f"/evaluations/{accepted['id']}/plot")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert picture.headers["Content-Security-Policy"].startswith("sandbox")
    written = [element.text for element in ElementTree.fromstring(picture.data).iter()]
    assert {"Ferry & bread", *names} <= set(written)


def test_the_list_goes_on_page_by_page(sailor: User) -> None:
    made = [evaluate(sailor, questions=QUESTIONS, name=f"Number {n}")["id"] for n in range(3)]
    jobs.run(made[0])
    pages = walk(sailor, "/evaluations?limit=2")
    assert [[one["id"] for one in page] for page in pages] == [made[:0:-1], made[:1]]
    assert [one["state"] for page in pages for one in page] == ["queued", "queued", "succeeded"]
    assert all("result" not in one for page in pages for one in page)


def test_deleting_cancels_and_removes(sailor: User) -> None:
    accepted = evaluate(sailor)
    assert sailor.delete(f"/evaluations/{accepted['id']}").status_code == 204
    assert job(sailor, accepted["id"])["state"] == "cancelled"
    for method in (sailor.get, sailor.delete):
        assert_problem(method(f"/evaluations/{accepted['id']}"), 404)
    assert sailor.get("/evaluations").get_json() == []


def test_it_is_nobody_elses(client: FlaskClient, sailor: User, other_user: User) -> None:
    accepted = evaluate(sailor)
    jobs.run(accepted["id"])
    path = f"/evaluations/{accepted['id']}"
    for place in ("/evaluations", path, f"{path}/plot"):
        assert_problem(client.get(f"/api/v1{place}"), 401)
    assert_problem(client.post("/api/v1/evaluations", json={"questions": QUESTIONS}), 401)
    assert_problem(client.delete(f"/api/v1{path}"), 401)
    for place in (path, f"{path}/plot"):
        assert_problem(other_user.get(place), 404)
    assert_problem(other_user.delete(path), 404)
    assert other_user.get("/evaluations").get_json() == []
    # What they ask is looked for among their own documents.
    refused = other_user.post("/evaluations", json={"questions": QUESTIONS})
    assert "there is no document ferry.txt" in assert_problem(refused, 422)["detail"]
    mine = [{"question": "When does the ferry leave?"}]
    for name, thing in (("document_ids", "documents"), ("collection_ids", "collections")):
        ids = [sailor.get(f"/{thing}").get_json()[0]["id"]]
        response = other_user.post("/evaluations", json={"questions": mine, name: ids})
        assert_problem(response, 404)
    assert sailor.get(path).get_json()["state"] == "succeeded"


def test_a_request_that_is_sent_again_asks_once(sailor: User) -> None:
    key = {"Idempotency-Key": "once"}
    both = [
        sailor.post("/evaluations", json={"questions": QUESTIONS}, headers=key) for _ in range(2)
    ]
    assert both[0].get_json() == both[1].get_json()
    assert len(sailor.get("/evaluations").get_json()) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/questions"),
        ({"questions": QUESTIONS, "csv": CSV}, "#/questions"),
        ({"questions": []}, "#/questions"),
        ({"questions": [{"question": "One?"}] * 1001}, "#/questions"),
        ({"questions": [{"question": "One?"}, {"question": " "}]}, "#/questions/1/question"),
        ({"questions": [{"question": "x" * 2001}]}, "#/questions/0/question"),
        ({"questions": [{"question": "One?", "passage": "x" * 10_001}]}, "#/questions/0/passage"),
        ({"questions": [{"question": "One?", "page": 1}]}, "#/questions/0/page"),
        ({"questions": [{"question": "One?", "page": 0, "filename": "a"}]}, "#/questions/0/page"),
        ({"questions": [{"question": "One?", "refuse": "no"}]}, "#/questions/0/refuse"),
        (
            {"questions": [{"question": "One?", "refuse": True, "answer": "1"}]},
            "#/questions/0/answer",
        ),
        ({"questions": [{"question": "One?", "file": "a"}]}, "#/questions/0/file"),
        ({"csv": "question,page\nOne?,x\n"}, "#/csv"),
        ({"csv": "question\n"}, "#/csv"),
        ({"csv": CSV, "settings": []}, "#/settings"),
        ({"csv": CSV, "settings": [{}, {}, {}]}, "#/settings"),
        ({"csv": CSV, "settings": [{"search": "both"}]}, "#/settings/0/search"),
        ({"csv": CSV, "settings": [{"retrieval_limit": 0}]}, "#/settings/0/retrieval_limit"),
        ({"csv": CSV, "settings": [{"threshold": 2}]}, "#/settings/0/threshold"),
        ({"csv": CSV, "settings": [{"answers": "guess"}]}, "#/settings/0/answers"),
        ({"csv": CSV, "settings": [{"name": "a"}, {"name": "b"}]}, "#/settings/1"),
        ({"questions": [{"question": "One?", "filename": "gone.txt"}]}, "#/questions"),
    ],
)
def test_a_mistake_is_pointed_to(sailor: User, body: dict[str, Any], pointer: str) -> None:
    problem = assert_problem(sailor.post("/evaluations", json=body), 422)
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert sailor.get("/evaluations").get_json() == []


def test_null_is_what_is_not_given(sailor: User) -> None:
    nothing = dict.fromkeys(("filename", "page", "passage", "answer", "refuse"))
    accepted = evaluate(sailor, questions=[{**QUESTIONS[0], **nothing}])
    jobs.run(accepted["id"])
    result = sailor.get(f"/evaluations/{accepted['id']}").get_json()["result"]
    assert [row["name"] for row in result["measures"]] == ["seconds"]


def test_who_is_shut_out_gets_nothing_asked(sailor: User) -> None:
    change_rows("UPDATE users SET is_active = false WHERE id = :id", id=sailor.id)
    response = sailor.post("/evaluations", json={"questions": QUESTIONS})
    assert response.status_code in (401, 403)
