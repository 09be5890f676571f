"""Ask each model of the server that has it, and another if the operator says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from assistant.chat import (
    DOWN,
    ChatModel,
    ChatRequest,
    ChatStream,
    Piece,
    Provider,
    Providers,
    Refusal,
    Text,
    Usage,
)
from assistant.errors import PermanentError

# Two may stand in for each other.
MOST_FALLBACKS = 4
# So long beyond its own limit a request may hold a slot, should its process die.
SPARE_SECONDS = 30.0


class Connected(ChatModel, Protocol):
    """A server to which connections are kept, and of whose models something is learnt."""

    def forget(self) -> None: ...

    def close(self) -> None: ...


Connect = Callable[[str, str], Connected]


class RoutedChat:
    """All language models; those that no provider has are asked of the `default` server."""

    def __init__(self, default: Connected, providers: Providers | None, connect: Connect) -> None:
        self._default = default
        self._providers = providers
        self._connect = connect
        self._chats: dict[tuple[str, str], Connected] = {}

    def stream(self, request: ChatRequest) -> ChatStream:
        """Send the request and return its running answer."""
        provider = self.provider_of(request.model)
        if provider is None:
            return self._default.stream(request)
        return RoutedStream(self, request, provider)

    def context(self, model: str, default: int) -> int:
        """Return how many tokens a model takes."""
        provider = self.provider_of(model)
        if provider is None:
            return self._default.context(model, default)
        said = provider.context_tokens or default
        return self.chat_of(provider).context(provider.model, said)

    def forget(self) -> None:
        """Forget what was learnt of models, as a new process has."""
        for chat in (self._default, *self._chats.values()):
            chat.forget()

    def close(self) -> None:
        """Close the connections that are kept for later requests."""
        for chat in (self._default, *self._chats.values()):
            chat.close()

    def provider_of(self, model: str) -> Provider | None:
        """Return who has a model; None if it is for the default server."""
        return self._providers.of(model) if self._providers is not None else None

    def chat_of(self, provider: Provider) -> Connected:
        """Return the connections to a provider, and what was learnt of its models."""
        place = provider.base_url, provider.api_key
        if place not in self._chats:
            self._chats[place] = self._connect(*place)
        return self._chats[place]

    def start(self, request: ChatRequest, provider: Provider | None) -> "Started":
        """Ask one of them; raises `TransientError` if it has enough to do."""
        if provider is None:
            return self._default.stream(request), lambda: None
        assert self._providers is not None
        leave = self._providers.enter(provider, request.timeout + SPARE_SECONDS)
        try:
            return self.chat_of(provider).stream(replace(request, model=provider.model)), leave
        except BaseException:
            leave()
            raise


Started = tuple[ChatStream, Callable[[], None]]


class RoutedStream:
    """One running answer of a provider, or of who answers in its place."""

    def __init__(self, chat: RoutedChat, request: ChatRequest, provider: Provider) -> None:
        self.model = provider.model
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.max_tokens: int | None = None
        self._chat = chat
        self._request = request
        self._provider: Provider | None = provider
        self._aborted = False
        self._fallbacks = 0
        self._stream, self._leave = chat.start(request, provider)

    def __iter__(self) -> Iterator[str]:
        return (piece.text for piece in self.pieces() if isinstance(piece, Text | Refusal))

    def pieces(self) -> Iterator[Piece]:
        """Yield all that is said, in order; from another, if the first does not say a word."""
        said = False
        try:
            while True:
                try:
                    for piece in self._stream.pieces():
                        said = True
                        yield piece
                    return
                except PermanentError as error:
                    if said or error.code not in DOWN or not self._go_on():
                        raise self._advised(error) from None
        finally:
            self._take_over()
            self.abort()

    def abort(self) -> None:
        """Close the connection to the server; may be called from any thread, at any time."""
        self._aborted = True
        self._stream.abort()
        self._leave()

    def _go_on(self) -> bool:
        """Ask another in its place; return whether there is one."""
        other = self._provider.fallback if self._provider is not None else None
        if other is None or self._aborted or self._fallbacks == MOST_FALLBACKS:
            return False
        self._fallbacks += 1
        self._leave()
        self._provider = self._chat.provider_of(other)
        request = replace(self._request, model=other)
        self._stream, self._leave = self._chat.start(request, self._provider)
        self.model = other
        if self._aborted:
            # Whoever said so has only stopped the one before.
            self.abort()
        return True

    def _take_over(self) -> None:
        stream = self._stream
        self.model, self.usage = stream.model, stream.usage
        self.finish_reason, self.max_tokens = stream.finish_reason, stream.max_tokens

    def _advised(self, error: PermanentError) -> PermanentError:
        """Let an error say where this provider is set, which is not in the settings."""
        if self._provider is not None:
            for setting in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
                where = f"the provider '{self._provider.name}' (flask models list)"
                error.detail = error.detail.replace(setting, where)
        return error
