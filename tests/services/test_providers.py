"""Several model servers at once: chosen by name, not overrun, and replaced where one is down."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from assistant.adapters.provided import Adapters
from assistant.errors import Conflict, InvalidInput, NotFound, PermanentError
from assistant.extensions import adapters, cache
from assistant.services import jobs
from assistant.services.generation import model_list
from assistant.services.providers import choosing, rows, usage
from assistant.services.providers.choosing import KnownProviders
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import ask, attempts_of, job_of, message_of, pass_time, perform, sql

DEAD = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def none_yet(owner: uuid.UUID) -> Iterator[None]:
    """Let each test begin and end with the settings' server alone."""
    choosing.forget()
    yield
    sql("DELETE FROM model_providers")
    choosing.forget()


@pytest.fixture
def lab() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def add(name: str, server: ModelServer | str, *models: str, **values: Any) -> None:
    url = server if isinstance(server, str) else server.url
    rows.add(name, url, models or ("lab-model",), **{"can": [], **values})


def test_a_model_is_asked_of_who_has_it(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    add("lab", lab, "lab-model", context_tokens=32_000)
    first = ask(owner, options={"model": "lab-model"})
    assert perform(first).state == "succeeded"
    assert [asked.body["model"] for asked in lab.requests] == ["lab-model"]
    assert "authorization" in lab.requests[0].headers
    assert message_of(first).model == "lab-model"
    second = ask(owner)
    perform(second)
    assert len(lab.requests) == len(model.requests) == 1
    third = ask(owner, options={"model": "lab/whatever/it-is"})
    assert perform(third).state == "succeeded"
    assert lab.requests[-1].body["model"] == "whatever/it-is"
    assert "lab-model" in {one.id for one in model_list.list_()}
    assert adapters.chat_model.context("lab-model", 8192) == 32_000
    assert adapters.chat_model.context("scripted-model", 8192) == 8192


def test_what_cannot_be_added_is_said(lab: ModelServer) -> None:
    add("lab", lab)
    with pytest.raises(Conflict):
        add("lab", lab)
    for name in ("default", "a b", "", "x" * 33, "Ä"):
        with pytest.raises(InvalidInput):
            add(name, lab)
    with pytest.raises(InvalidInput):
        add("other", "not an address")
    with pytest.raises(InvalidInput):
        add("other", lab, "extractive")
    for values in ({"input_price": -1}, {"output_price": 10**7}, {"fallback": "x" * 162}):
        with pytest.raises(InvalidInput):
            add("other", lab, "other-model", **values)
    with pytest.raises(InvalidInput):
        add("other", lab, "x" * 129)
    with pytest.raises(NotFound):
        rows.remove("nobody")
    rows.remove("lab")
    assert rows.list_() == []


def test_one_that_is_down_is_named_and_tried_again(owner: uuid.UUID, model: ModelServer) -> None:
    add("lab", DEAD)
    job = ask(owner, options={"model": "lab-model"})
    back = perform(job)
    assert (back.state, back.error["code"]) == ("queued", "model_unreachable")
    assert "provider 'lab'" in back.error["detail"]
    assert "OPENAI" not in back.error["detail"]
    assert model.requests == []


def test_another_answers_for_one_that_is_down_if_the_operator_says_so(
    owner: uuid.UUID, model: ModelServer
) -> None:
    add("lab", DEAD, fallback="scripted-model")
    job = ask(owner, options={"model": "lab-model"})
    assert perform(job).state == "succeeded"
    assert (message_of(job).model, len(model.requests)) == ("scripted-model", 1)


def test_those_that_stand_in_for_each_other_come_to_an_end(owner: uuid.UUID) -> None:
    add("one", DEAD, "first", fallback="second")
    add("two", DEAD, "second", fallback="first")
    back = perform(ask(owner, options={"model": "first"}))
    assert (back.state, back.error["code"]) == ("queued", "model_unreachable")


def test_what_was_said_already_is_not_said_again_by_another(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    add("lab", lab, fallback="scripted-model")
    lab.script("cut")
    back = perform(ask(owner, options={"model": "lab-model"}))
    assert back.error["code"] == "model_stream_cut"
    assert model.requests == []


def test_one_that_has_enough_to_do_holds_up_nobody(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    add("lab", lab, slots=1)
    provider = KnownProviders().of("lab-model")
    assert provider is not None
    leave = KnownProviders().enter(provider, 60)
    waiting = ask(owner, options={"model": "lab-model"})
    back = perform(waiting)
    assert (back.state, back.error["code"], back.failures) == ("queued", "provider_busy", 0)
    shown = jobs.read_status(owner, waiting.id).body
    assert b'"blocker":"provider_slots"' in shown.replace(b" ", b"")
    other = ask(owner)
    assert perform(other).state == "succeeded"
    leave()
    pass_time(waiting)
    assert perform(waiting).state == "succeeded"
    assert len(attempts_of(waiting)) == 2
    assert cache.ask(lambda client: client.zcard("provider:lab")) == 0


def test_a_slot_is_given_back_however_it_ends(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    add("lab", lab, slots=1)
    for behaviour in ("answer", "400", "cut", "429"):
        lab.script(behaviour)
        perform(ask(owner, options={"model": "lab-model"}))
    assert cache.ask(lambda client: client.zcard("provider:lab")) == 0
    assert len(lab.requests) == 4


def test_a_slot_of_a_dead_worker_is_free_after_a_while(lab: ModelServer) -> None:
    add("lab", lab, slots=1)
    provider = KnownProviders().of("lab-model")
    assert provider is not None
    KnownProviders().enter(provider, 0.01)
    sql("SELECT pg_sleep(0.02)")
    KnownProviders().enter(provider, 60)()


def test_what_was_taken_is_counted_by_owner_and_model(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    prices = {"input_price": Decimal("1000"), "output_price": Decimal("2000")}
    add("lab", lab, **prices)
    for options in ({"model": "lab-model"}, {"model": "lab-model"}, {"model": "lab/else"}, {}):
        perform(ask(owner, "One two three?", options=options))
    name = sql("SELECT username FROM users WHERE id = :id", id=owner)[0].username
    taken = [one for one in usage.by_day(1) if one.owner == name]
    assert [(one.model, one.attempts, one.cost) for one in taken] == [
        ("lab-model", 2, 0.026),
        ("lab/else", 1, 0.013),
        ("scripted-model", 1, None),
    ]
    assert (taken[0].prompt_tokens, taken[0].completion_tokens) == (6, 10)


def test_a_key_is_kept_sealed(
    owner: uuid.UUID, lab: ModelServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, first, second = "sk-secret-of-the-lab-1", "a" * 32, "b" * 32
    with_keys(configure, first)
    add("lab", lab, key=key)
    [row] = rows.list_()
    assert row.sealed_key is not None
    assert key not in row.sealed_key
    provider = KnownProviders().of("lab-model")
    assert provider is not None
    assert provider.api_key == key
    assert key not in repr(provider)

    with_keys(configure, second)
    with pytest.raises(PermanentError, match="another ENCRYPTION_KEY"):
        KnownProviders().of("lab-model")
    with_keys(configure, second, first)
    assert rows.rekey() == 1
    with_keys(configure, second)
    found = KnownProviders().of("lab-model")
    assert found is not None
    assert found.api_key == key


def test_a_key_that_cannot_be_opened_fails_its_own_jobs_alone(
    owner: uuid.UUID, model: ModelServer, lab: ModelServer
) -> None:
    add("lab", lab)
    sql("UPDATE model_providers SET sealed_key = 'rubbish'")
    choosing.forget()
    job = ask(owner, options={"model": "lab-model"})
    assert perform(job).state == "failed"
    assert job_of(job).error["code"] == "model_credentials"
    assert perform(ask(owner)).state == "succeeded"
    assert "lab-model" in {one.id for one in model_list.list_()}


def with_keys(configure: Configure, key: str, previous: str | None = None) -> None:
    before = SecretStr(previous) if previous else None
    configure(encryption_key=SecretStr(key), encryption_key_previous=before)
    assert isinstance(adapters._get_current_object(), Adapters)  # type: ignore[attr-defined]
