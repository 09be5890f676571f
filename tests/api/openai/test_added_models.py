"""Models of servers that the operator has added, as OpenAI's clients may ask for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from assistant.services import jobs
from assistant.services.providers import choosing, rows
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_openai_error
from tests.services.factories import sql

MESSAGES = [{"role": "user", "content": "What is the recipe of the house?"}]


@pytest.fixture
def lab(user: User) -> Iterator[ModelServer]:
    """Serve a model that only one added server has."""
    with ModelServer() as server:
        rows.add("lab", server.url, ["in-house"], can=[])
        choosing.forget()
        yield server
    sql("DELETE FROM model_providers")
    choosing.forget()


@pytest.mark.parametrize("name", ["in-house", "lab/in-house", "lab/any"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {"messages": MESSAGES}),
        ("/completions", {"prompt": "The recipe of the house"}),
        ("/embeddings", {"input": "The recipe of the house"}),
    ],
)
def test_what_is_meant_for_one_server_goes_to_no_other(
    user: User, lab: ModelServer, model_server: ModelServer, name: str, path: str, body: Any
) -> None:
    model_server.reset()
    response = user.openai("POST", path, json={"model": name, **body})
    error = assert_openai_error(response, 404 if path == "/embeddings" else 400)
    assert name in error["message"]
    assert model_server.requests == lab.requests == []


@pytest.mark.parametrize("name", ["in-house", "lab/in-house"])
def test_a_response_is_asked_of_who_has_the_model(user: User, lab: ModelServer, name: str) -> None:
    body = {"model": name, "input": "Hello.", "background": True}
    made = user.openai("POST", "/responses", json=body).get_json()
    jobs.run(made["id"].removeprefix("resp_"))
    assert user.openai("GET", f"/responses/{made['id']}").get_json()["status"] == "completed"
    assert [asked.body["model"] for asked in lab.requests] == ["in-house"]
    listed = user.openai("GET", "/models").get_json()["data"]
    assert "in-house" in {model["id"] for model in listed}
