"""Models as OpenAI's clients see them, and errors below `/v1` in general."""

from typing import Any

import pytest

from tests.conftest import User
from tests.factories import assert_openai_error


def test_models_are_listed_and_read(user: User) -> None:
    listed = user.openai("GET", "/models").get_json()
    assert listed["object"] == "list"
    first = listed["data"][0]
    assert first["object"] == "model"
    assert user.openai("GET", f"/models/{first['id']}").get_json() == first


def test_a_model_that_nobody_has(user: User) -> None:
    error = assert_openai_error(user.openai("GET", "/models/no/such"), 404)
    assert error["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/models", 405)]
)
def test_what_is_not_there_is_said_as_openai_says_it(
    user: User, method: str, path: str, status: int
) -> None:
    error = assert_openai_error(user.openai(method, path), status)
    assert error["type"] == "invalid_request_error"


def test_without_a_credential(client: Any) -> None:
    response = client.get("/v1/models")
    error = assert_openai_error(response, 401)
    assert error["code"] == "invalid_api_key"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
