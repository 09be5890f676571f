"""Endpoint of chat completions, which go to the model and back with nothing lost."""

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.hanging_up import while_connected
from assistant.api.openai.arguments import Body, MissingParameter, body
from assistant.api.openai.blueprint import blp
from assistant.api.openai.remembering import remembered
from assistant.api.openai.streams import streamed
from assistant.errors import InvalidInput
from assistant.security import allow, caller_id
from assistant.services.model_calls import chat

LENIENT = ConfigDict(extra="ignore", strict=True)
Count = Annotated[int, Field(ge=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]


class Message(BaseModel):
    """What somebody says in a conversation."""

    model_config = LENIENT

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Any = None


class Tool(BaseModel):
    """What the model may call."""

    model_config = LENIENT

    type: str
    function: Any = None


class Sampling(Body):
    """What chat and legacy completions have in common."""

    model: Annotated[str, Field(min_length=1)]
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    max_tokens: Count | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: int | None = None
    stop: Any = None
    user: str | None = None


class Chat(Sampling):
    """The body of a chat completion, as far as we look at it; the rest is passed on unseen."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Count | None = None
    tools: list[Tool] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None


@blp.post("/chat/completions")
@allow(scope="write")
@remembered(waits=True)
def create_chat_completion() -> Response:
    """Ask the model, and answer with what it says, whole or as it comes."""
    asked = body(Chat)
    check_stop(asked)
    _check(asked)
    owner_id = caller_id()
    if asked.stream:
        return streamed(chat.stream(owner_id, asked.raw))
    return jsonify(while_connected(lambda: chat.complete(owner_id, asked.raw)))


def check_stop(asked: Sampling) -> None:
    """Raise `InvalidInput` unless `stop` is a text or some."""
    stop = asked.stop if isinstance(asked.stop, list) else [asked.stop or ""]
    if not all(isinstance(text, str) for text in stop):
        raise InvalidInput("'stop' is a text, or a list of texts.", pointer="/stop")


def _check(asked: Chat) -> None:
    for number, message in enumerate(asked.messages):
        place, content = f"/messages/{number}/content", message.content
        if content is None and message.role != "assistant":
            name = f"messages[{number}].content"
            raise MissingParameter(f"Missing required parameter: '{name}'.", pointer=place)
        is_parts = isinstance(content, list) and all(isinstance(part, dict) for part in content)
        if not (content is None or isinstance(content, str) or is_parts):
            raise InvalidInput(
                f"'messages[{number}].content' is a text, or a list of parts.", pointer=place
            )
    for number, tool in enumerate(asked.tools or []):
        named = isinstance(tool.function, dict) and isinstance(tool.function.get("name"), str)
        if tool.type == "function" and not named:
            name = f"tools[{number}].function.name"
            raise MissingParameter(
                f"Missing required parameter: '{name}'.", pointer=f"/tools/{number}/function/name"
            )
