"""Check what of a request is about models, tools and the form of the answer."""

import re
from collections.abc import Sequence
from typing import Any

from assistant.config import EXTRACTIVE
from assistant.errors import InvalidInput, NothingNamed, Unavailable
from assistant.extensions import settings
from assistant.services.generation import model_list
from assistant.services.providers import choosing
from assistant.services.responses import file_search
from assistant.services.responses.output_items import Members

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
FORMATS = ("text", "json_object", "json_schema")
CHOICES = ("none", "auto", "required")
FUNCTION, FILE_SEARCH = "function", "file_search"
MOST_TOOLS = 128


class UnknownModel(InvalidInput):
    """No model has this name."""

    code = "model_not_found"


def no_conversation(name: str) -> NothingNamed:
    """Return what to say of a conversation that is not there."""
    return NothingNamed(
        f"There is no conversation with the id {name[:100]!r}.", pointer="/conversation"
    )


def model(name: str | None) -> str:
    """Return the model that is to answer; raises `UnknownModel`."""
    if name is None:
        return settings.openai_model
    if choosing.found(name) is not None:
        return name
    try:
        offered = [one.id for one in model_list.list_()]
    except Unavailable:
        # Whoever answers will say whether it knows it.
        return name
    if name not in offered or name == EXTRACTIVE:
        raise UnknownModel(
            f"The model {name[:100]!r} does not exist, or does not answer here. GET /v1/models "
            "lists all.",
            pointer="/model",
        )
    return name


def text_format(given: Any) -> Members:
    """Return the form that the answer is to have."""
    if given is None:
        return {"type": "text"}
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in FORMATS:
        raise InvalidInput(
            f"The type of a format is one of: {', '.join(FORMATS)}.", pointer="/text/format/type"
        )
    if kind != "json_schema":
        return {"type": kind}
    _demand_name(given.get("name"), "/text/format/name")
    if not isinstance(given.get("schema"), dict):
        raise InvalidInput("`schema` is a JSON schema.", pointer="/text/format/schema")
    names = ("type", "name", "description", "schema", "strict")
    return {name: given[name] for name in names if given.get(name) is not None}


def tools(given: Sequence[Members]) -> list[Members]:
    """Return the tools that a model may use."""
    if len(given) > MOST_TOOLS:
        raise InvalidInput(f"At most {MOST_TOOLS} tools may be offered.", pointer="/tools")
    return [_tool(tool, f"/tools/{number}") for number, tool in enumerate(given)]


def _tool(tool: Members, pointer: str) -> Members:
    kind = tool.get("type")
    if kind == FUNCTION:
        return _function(tool, pointer)
    if kind == FILE_SEARCH:
        return file_search.checked(tool, pointer)
    raise InvalidInput(
        f"Tools of this type are not offered here. It is one of: {FUNCTION}, {FILE_SEARCH}.",
        pointer=f"{pointer}/type",
    )


def _function(tool: Members, pointer: str) -> Members:
    _demand_name(tool.get("name"), f"{pointer}/name")
    parameters, description = tool.get("parameters"), tool.get("description")
    if parameters is not None and not isinstance(parameters, dict):
        raise InvalidInput("`parameters` is a JSON schema.", pointer=f"{pointer}/parameters")
    if description is not None and not isinstance(description, str):
        raise InvalidInput("`description` is a string.", pointer=f"{pointer}/description")
    return {
        "type": FUNCTION,
        "name": tool["name"],
        "description": description,
        "parameters": parameters,
        "strict": tool.get("strict"),
    }


def _demand_name(name: Any, pointer: str) -> None:
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise InvalidInput(
            "A name has 1 to 64 letters, digits, underscores and hyphens.", pointer=pointer
        )


def tool_choice(given: Any, offered: Sequence[Members]) -> str | Members:
    """Return how a model is to choose among tools; the one that is named has to be there."""
    if given is None:
        return "auto"
    if isinstance(given, str):
        if given not in CHOICES:
            raise InvalidInput(
                f"`tool_choice` is an object, or one of: {', '.join(CHOICES)}.",
                pointer="/tool_choice",
            )
        if given == "required" and not offered:
            raise InvalidInput("There is no tool that could be required.", pointer="/tool_choice")
        return given
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in (FUNCTION, FILE_SEARCH):
        raise InvalidInput(
            "A tool can be chosen of the type `function` or `file_search`.",
            pointer="/tool_choice/type",
        )
    if kind == FILE_SEARCH and any(tool["type"] == kind for tool in offered):
        return {"type": kind}
    names = [tool["name"] for tool in offered if tool["type"] == FUNCTION]
    if kind == FUNCTION and given.get("name") in names:
        return {"type": kind, "name": given["name"]}
    raise InvalidInput("The chosen tool is not among `tools`.", pointer="/tool_choice")
