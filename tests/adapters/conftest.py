"""A scripted model server, and chats with it over real HTTP."""

from collections.abc import Callable, Iterator

import pytest

from assistant.adapters.chat import OpenAIChat
from tests.doubles.model_server import ModelServer

Connect = Callable[..., OpenAIChat]
KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(running: ModelServer) -> ModelServer:
    running.reset()
    return running


@pytest.fixture
def connect(server: ModelServer) -> Iterator[Connect]:
    """Return a function that makes chats, which are closed at the end."""
    chats: list[OpenAIChat] = []

    def make(base_url: str = server.url, key: str | None = KEY, **limits: float) -> OpenAIChat:
        chats.append(OpenAIChat(base_url, key, **limits))
        return chats[-1]

    yield make
    for chat in chats:
        chat.close()


@pytest.fixture
def chat(connect: Connect) -> OpenAIChat:
    return connect()
