"""The models that may be asked for."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.adapters.model_access import ModelAccess
from assistant.adapters.model_list import HttpModelList
from assistant.errors import TransientError
from assistant.extensions import cache
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_problem

DEFAULT = {"id": "scripted-model", "is_default": True}
OTHER = {"id": "other-model", "is_default": False}
VERBATIM = {"id": "extractive", "is_default": False}


def models_of(app: Flask, user: User) -> Any:
    return app.test_client().get("/api/v1/models", headers=user.headers)


def test_the_default_model_comes_first(user: User, model: ModelServer) -> None:
    response = user.get("/models/")
    assert response.status_code == 200
    assert response.get_json() == [DEFAULT, OTHER, VERBATIM]


def test_the_provider_is_asked_once_a_minute(user: User, model: ModelServer) -> None:
    assert user.get("/models").get_json() == [DEFAULT, OTHER, VERBATIM]
    model.script("503")
    assert user.get("/models").get_json() == [DEFAULT, OTHER, VERBATIM]
    (key,) = cache.ask(lambda client: client.keys("models:*")) or []
    assert 0 < (cache.ask(lambda client: client.ttl(key)) or 0) <= 60
    cache.ask(lambda client: client.delete(key))
    assert_problem(user.get("/models"), 503)


@pytest.mark.parametrize("behaviour", ["503", "500", "429", "401", "403", "html"])
def test_a_provider_that_fails_is_a_503_that_tells_nobody_where(
    user: User, model: ModelServer, behaviour: str
) -> None:
    model.script(behaviour)
    response = user.get("/models")
    body = assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in str(body)


def test_a_provider_that_is_away_is_a_503(user: User, another_app: Callable[..., Flask]) -> None:
    app = another_app(openai_base_url="http://127.0.0.1:9/v1")
    assert_problem(models_of(app, user), 503)


def test_a_provider_without_a_list_offers_the_default_model(user: User, model: ModelServer) -> None:
    model.script("404")
    assert user.get("/models").get_json() == [DEFAULT, VERBATIM]


def test_a_default_that_the_provider_does_not_name_is_there_all_the_same(
    user: User, another_app: Callable[..., Flask], model: ModelServer
) -> None:
    app = another_app(openai_model="mine")
    listed = models_of(app, user).get_json()
    assert listed == [
        {"id": "mine", "is_default": True},
        OTHER,
        {"id": "scripted-model", "is_default": False},
        VERBATIM,
    ]


def test_without_redis_the_provider_is_asked_each_time(
    user: User, another_app: Callable[..., Flask], model: ModelServer
) -> None:
    app = another_app(redis_url="redis://127.0.0.1:1/0")
    assert models_of(app, user).get_json() == [DEFAULT, OTHER, VERBATIM]


def test_a_provider_that_hangs_is_given_up(model: ModelServer) -> None:
    model.script("hang")
    models = HttpModelList(ModelAccess.of(model.url, None), read=0.2)
    began = time.monotonic()
    with pytest.raises(TransientError):
        models.ids()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("key", ["sk-ünicode", "line\nbreak"])
def test_a_key_that_no_header_can_hold_is_a_failure_and_no_crash(
    model: ModelServer, key: str
) -> None:
    with pytest.raises(TransientError) as caught:
        HttpModelList(ModelAccess.of(model.url, key)).ids()
    assert key not in caught.value.detail


def test_addresses_and_keys_are_read_in_one_place() -> None:
    access = ModelAccess.of("http://name:secret@host/v1", " key\n")
    assert (access.key, access.server) == ("key", "http://host/v1")
    assert ModelAccess.of(None, None).url == "https://api.openai.com/v1"


def test_what_needs_no_model_answers_from_documents_only(user: User) -> None:
    asked = {"content": "Say hello.", "model": "extractive"}
    problem = assert_problem(user.post("/messages", json=asked), 422)
    assert "use_documents" in problem["detail"]
    assert user.post("/messages", json={**asked, "use_documents": True}).status_code == 202
