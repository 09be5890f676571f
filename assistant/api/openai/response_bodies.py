"""What a client asks of a model through `POST /responses`, checked member by member."""

import re
import uuid
from typing import Any, Literal

from pydantic import Field

from assistant.api.openai.arguments import Body, MissingParameter, checked
from assistant.api.openai.metadata import Metadata
from assistant.errors import InvalidInput
from assistant.extensions import settings
from assistant.openai_ids import Prefix, known
from assistant.services.responses import asking
from assistant.services.responses.creating import NoPrevious, Wanted
from assistant.services.responses.storable import storable

COMPLETION_WINDOW = re.compile(r"[28]h")


class Create(Body):
    """The members that count; `input` and what names other things is checked by hand."""

    model: str | None = None
    input: Any = None
    instructions: str | None = None
    background: bool = False
    stream: bool = False
    store: bool = True
    previous_response_id: str | None = None
    conversation: Any = None
    include: list[str] = Field(default_factory=list)
    max_output_tokens: int | None = Field(default=None, ge=1)
    max_tool_calls: int | None = Field(default=None, ge=0)
    metadata: Metadata = Field(default_factory=dict)
    parallel_tool_calls: bool = True
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    text: dict[str, Any] = Field(default_factory=dict)
    tools: list[dict[str, Any]] = Field(default_factory=list)
    tool_choice: Any = None
    truncation: Literal["auto", "disabled"] = "disabled"
    reasoning: dict[str, Any] | None = None
    user: str | None = None
    background_options: dict[str, Any] = Field(default_factory=dict)


def read(given: Any) -> tuple[Create, Wanted]:
    """Return a request as it came and what it asks for; raises `InvalidInput`."""
    body = checked(Create, storable(given))
    previous_id, conversation_id = _previous(body), _conversation(body)
    if previous_id is not None and conversation_id is not None:
        raise InvalidInput(
            "Send `previous_response_id` or `conversation`, not both.",
            pointer="/previous_response_id",
        )
    if body.input is None and previous_id is None and conversation_id is None:
        raise MissingParameter("Missing required parameter: 'input'.", pointer="/input")
    _demand_possible(body)
    wanted = Wanted(
        asked=asked(body),
        input=[] if body.input is None else body.input,
        previous_id=previous_id,
        conversation_id=conversation_id,
        stored=body.store,
        background=body.background,
    )
    return body, wanted


def asked(body: Create) -> dict[str, Any]:
    """Return the members that the answer repeats."""
    tools = asking.tools(body.tools)
    return {
        "model": asking.model(body.model),
        "instructions": body.instructions,
        "include": body.include,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "metadata": body.metadata,
        "parallel_tool_calls": body.parallel_tool_calls,
        "temperature": settings.temperature if body.temperature is None else body.temperature,
        "top_p": body.top_p,
        "text": {**body.text, "format": asking.text_format(body.text.get("format"))},
        "tools": tools,
        "tool_choice": asking.tool_choice(body.tool_choice, tools),
        "truncation": body.truncation,
        "reasoning": body.reasoning,
        "user": body.user,
    }


def _demand_possible(body: Create) -> None:
    if body.background and not body.store:
        raise InvalidInput(
            "A response in the background has to be stored, or nobody could read it.",
            pointer="/store",
        )
    window = body.background_options.get("completion_window")
    if window is not None and not (isinstance(window, str) and COMPLETION_WINDOW.fullmatch(window)):
        raise InvalidInput(
            "`completion_window` is `2h` or `8h`.", pointer="/background_options/completion_window"
        )


def _previous(body: Create) -> uuid.UUID | None:
    given = body.previous_response_id
    if given is None:
        return None
    found = known(Prefix.RESPONSE, given)
    if found is None:
        raise NoPrevious(
            "There is no response with this id that could be continued.",
            pointer="/previous_response_id",
        )
    return found


def _conversation(body: Create) -> uuid.UUID | None:
    given = body.conversation
    if given is None:
        return None
    name = given.get("id") if isinstance(given, dict) else given
    if not isinstance(name, str):
        raise InvalidInput(
            "`conversation` is an id, or an object with it.", pointer="/conversation"
        )
    found = known(Prefix.CONVERSATION, name)
    if found is None:
        raise asking.no_conversation(name)
    return found
