"""The chat adapter against a scripted server, over real HTTP."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable

import pytest

from assistant.adapters.chat import OpenAIChat
from assistant.adapters.chat.chunks import Reading
from assistant.errors import PermanentError, TransientError
from assistant.ports import ChatRequest, Usage
from tests.adapters.conftest import KEY, Connect
from tests.doubles.model_server import ModelServer


def ask(
    question: str = "Hello?", timeout: float = 10, model: str = "scripted-model"
) -> ChatRequest:
    return ChatRequest([("user", question)], model, 0.5, 50, timeout)


def failure(chat: OpenAIChat, request: ChatRequest) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        list(chat.stream(request))
    return caught.value


def test_streams_text_and_usage(server: ModelServer, chat: OpenAIChat) -> None:
    stream = chat.stream(ask())

    assert "".join(stream) == "This is the scripted answer."
    assert (stream.finish_reason, stream.model) == ("stop", "scripted-model")
    assert stream.usage == Usage(prompt_tokens=1, completion_tokens=5)
    asked = server.wait_for(lambda item: item.ended)
    assert asked.ended == "finished"
    assert asked.body["messages"] == [{"role": "user", "content": "Hello?"}]
    assert (asked.body["temperature"], asked.body["max_tokens"]) == (0.5, 50)
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_keeps_the_connection(server: ModelServer, chat: OpenAIChat) -> None:
    for _ in range(3):
        list(chat.stream(ask()))

    assert len({asked.connection for asked in server.requests}) == 1


def test_a_kept_connection_that_broke_is_replaced(server: ModelServer, chat: OpenAIChat) -> None:
    streams = [chat.stream(ask("[[script: delay=50]]")) for _ in range(3)]
    assert all(list(stream) for stream in streams)
    for _ in range(3):
        server.script("drop")

    assert list(chat.stream(ask()))

    assert [asked.ended for asked in server.requests[3:]] == ["dropped"] * 3 + ["finished"]


def test_a_new_connection_that_breaks_is_a_failure(server: ModelServer, chat: OpenAIChat) -> None:
    server.script("drop")

    assert failure(chat, ask()).code == "model_unreachable"
    assert len(server.requests) == 1


def test_64_streams_at_once(server: ModelServer, chat: OpenAIChat) -> None:
    streams = [chat.stream(ask("[[script: tokens=10 interval=20]]")) for _ in range(64)]

    assert {len("".join(stream).split()) for stream in streams} == {10}
    assert len({asked.connection for asked in server.requests}) == 64


def test_needs_no_key(connect: Connect) -> None:
    assert list(connect(key=None).stream(ask()))


def test_skips_thoughts(server: ModelServer, connect: Connect) -> None:
    server.script(reasoning=4, interval=30, text="42")
    patient = connect(token_timeout=0.1)

    assert list(patient.stream(ask())) == ["42"]


def test_the_first_token_may_take_as_long_as_the_answer(connect: Connect) -> None:
    chat = connect(token_timeout=0.1)

    assert list(chat.stream(ask("[[script: delay=400]]")))


def test_a_role_is_no_first_token() -> None:
    reading = Reading("scripted-model")

    reading.take({"choices": [{"delta": {"role": "assistant", "content": ""}}]})

    assert not reading.alive


@pytest.mark.parametrize(
    ("script", "tokens"),
    [
        ("hang", 0),
        ("delay=30000", 0),
        ("comments", 0),
        ("tokens=1000 interval=20", 3),
        ("hang_stream", 3),
        ("endless interval=1", 3),
    ],
)
def test_abort_closes_the_connection(
    server: ModelServer, chat: OpenAIChat, script: str, tokens: int
) -> None:
    """Before the first byte, between tokens and in full flow."""
    stream = chat.stream(ask(f"[[script: {script}]]", timeout=60))
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(stream))
    reader.start()
    # What came while the reader was busy comes in one piece.
    wait_until(lambda: server.requests and len("".join(seen).split()) >= tokens)

    started = time.time()
    stream.abort()
    reader.join(1)

    assert not reader.is_alive()
    assert stream.finish_reason is None
    asked = server.wait_for(lambda item: item.ended)
    assert asked.ended == "closed by client"
    assert asked.closed_at is not None
    assert asked.closed_at - started < 0.5


def test_abort_before_the_connection_is_open(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        chat = connect(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1")
        stream = chat.stream(ask())
        stream.abort()
        assert list(stream) == []
    assert stream.finish_reason is None


def test_abort_after_the_end_changes_nothing(chat: OpenAIChat) -> None:
    stream = chat.stream(ask())
    list(stream)

    stream.abort()

    assert stream.finish_reason == "stop"
    assert list(stream) == []


def test_a_reader_that_leaves_stops_the_model(server: ModelServer, chat: OpenAIChat) -> None:
    for _ in chat.stream(ask("[[script: endless interval=5]]")):
        break

    assert server.wait_for(lambda item: item.ended).ended == "closed by client"


@pytest.mark.parametrize("behaviour", ["hang", "comments", "drip", "endless interval=20"])
def test_the_whole_answer_has_a_limit(
    server: ModelServer, chat: OpenAIChat, behaviour: str
) -> None:
    started = time.monotonic()
    error = failure(chat, ask(f"[[script: {behaviour}]]", timeout=1))

    assert time.monotonic() - started < 2.2
    assert isinstance(error, TransientError)
    assert error.code == "model_timeout"
    assert server.wait_for(lambda item: item.ended).ended == "closed by client"


@pytest.mark.parametrize(
    ("behaviour", "timeout", "token_timeout", "words"),
    [
        ("hang", 0.3, 30, "did not begin to answer within 0.3 s"),
        ("comments", 0.3, 30, "did not begin to answer within 0.3 s"),
        ("endless interval=20", 0.3, 30, "did not finish its answer within 0.3 s"),
        ("hang_stream", 30, 0.2, "stopped answering"),
    ],
)
def test_a_timeout_names_the_limit_and_only_what_helps(
    connect: Connect, behaviour: str, timeout: float, token_timeout: float, words: str
) -> None:
    chat = connect(token_timeout=token_timeout)

    error = failure(chat, ask(f"[[script: {behaviour}]]", timeout=timeout))

    assert error.code == "model_timeout"
    assert words in error.detail
    assert ("MODEL_TIMEOUT" in error.detail) == (timeout == 0.3)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("cut", "model_stream_cut"),
        ("reset", "model_stream_cut"),
        ("no_choices", "model_stream_cut"),
        ("bad_json", "model_bad_answer"),
        ("html", "model_bad_answer"),
        ("empty", "model_bad_answer"),
        ("json", "model_bad_answer"),
        ("error_event", "model_stream_failed"),
        ("json_error", "model_stream_failed"),
        ("408", "model_unavailable"),
        ("409", "model_unavailable"),
        ("429", "model_rate_limited"),
        ("500", "model_unavailable"),
        ("503", "model_unavailable"),
        ("529", "model_unavailable"),
    ],
)
def test_what_may_pass_is_transient(chat: OpenAIChat, behaviour: str, code: str) -> None:
    error = failure(chat, ask(f"[[script: {behaviour}]]"))

    assert isinstance(error, TransientError)
    assert error.code == code


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("400", "model_rejected"),
        ("401", "model_credentials"),
        ("403", "model_credentials"),
        ("404", "model_not_found"),
        ("quota", "model_quota_spent"),
        ("context", "context_too_long"),
        ("context_llamacpp", "context_too_long"),
        ("context_vllm", "context_too_long"),
    ],
)
def test_what_stays_is_permanent(chat: OpenAIChat, behaviour: str, code: str) -> None:
    error = failure(chat, ask(f"[[script: {behaviour}]]"))

    assert not isinstance(error, TransientError)
    assert error.code == code


@pytest.mark.parametrize(
    ("base_url", "code"),
    [
        ("http://127.0.0.1:1/v1", "model_unreachable"),
        ("http://no-such-host.invalid/v1", "model_unreachable"),
        ("localhost:8000/v1", "model_address"),
    ],
)
def test_a_server_that_is_not_there(connect: Connect, base_url: str, code: str) -> None:
    error = failure(connect(base_url), ask())

    assert error.code == code
    assert "OPENAI_BASE_URL" in error.detail


@pytest.mark.parametrize(
    ("asked", "least", "most"), [("7", 7, 7), ("date:30", 25, 30), ("date:-5", 0, 0)]
)
def test_retry_after(chat: OpenAIChat, asked: str, least: float, most: float) -> None:
    error = failure(chat, ask(f"[[script: 429 retry_after={asked}]]"))

    assert error.retry_after is not None
    assert least <= error.retry_after <= most


def test_errors_keep_secrets(server: ModelServer, chat: OpenAIChat) -> None:
    question = "The launch code of the rocket is 4711, is that right?"
    for words in (f"bad key {KEY} given", f"cannot parse '{question}' here"):
        server.script("400", message=words)
        detail = failure(chat, ask(question)).detail
        assert KEY not in detail
        assert "launch code" not in detail
    server.script("400", message="top_p is wrong")
    assert "top_p is wrong" in failure(chat, ask(question)).detail


@pytest.mark.parametrize(
    ("refused", "gone", "instead"),
    [
        ("stream_options", "stream_options", None),
        ("max_tokens", "max_tokens", "max_completion_tokens"),
        ("temperature", "temperature", None),
    ],
)
def test_refused_parameters_are_left_out_from_then_on(
    server: ModelServer, chat: OpenAIChat, refused: str, gone: str, instead: str | None
) -> None:
    server.script(refused)

    assert list(chat.stream(ask()))
    assert list(chat.stream(ask()))

    first, *rest = (asked.body for asked in server.requests)
    assert gone in first
    assert len(rest) == 2
    assert all(gone not in body for body in rest)
    assert instead is None or all(instead in body for body in rest)


def test_an_answer_without_usage_counts(server: ModelServer, chat: OpenAIChat) -> None:
    stream = chat.stream(ask("[[script: hang_end]]", timeout=30))

    assert list(stream)
    assert (stream.finish_reason, stream.usage) == ("stop", None)


def test_works_in_a_forked_child(server: ModelServer, chat: OpenAIChat) -> None:
    list(chat.stream(ask()))
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()

    def answer() -> None:
        answers.put("".join(chat.stream(ask())))
        chat.close()

    child = fork.Process(target=answer)
    child.start()
    child.join(20)

    assert child.exitcode == 0
    assert answers.get() == "This is the scripted answer."
    assert "".join(chat.stream(ask())) == "This is the scripted answer."


def wait_until(true: Callable[[], object], seconds: float = 5) -> None:
    """Return once the condition holds."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.002)
