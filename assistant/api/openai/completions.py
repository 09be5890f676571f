"""Endpoint of legacy completions, which some clients still begin with."""

from typing import Any

from flask import Response, jsonify

from assistant.api.hanging_up import while_connected
from assistant.api.openai.arguments import body
from assistant.api.openai.blueprint import blp
from assistant.api.openai.chat import Sampling, check_stop
from assistant.api.openai.remembering import remembered
from assistant.api.openai.streams import streamed
from assistant.errors import InvalidInput
from assistant.security import allow, caller_id
from assistant.services.model_calls import legacy


class Completion(Sampling):
    """The body of a legacy completion, as far as we look at it; the rest is passed on unseen."""

    prompt: Any


@blp.post("/completions")
@allow(scope="write")
@remembered(waits=True)
def create_completion() -> Response:
    """Let the model go on with a text, and answer with what it says, whole or as it comes."""
    asked = body(Completion)
    check_stop(asked)
    if not asked.prompt or not isinstance(asked.prompt, str | list):
        raise InvalidInput("'prompt' is a text, or a list of texts.", pointer="/prompt")
    owner_id = caller_id()
    if asked.stream:
        return streamed(legacy.stream(owner_id, asked.raw))
    return jsonify(while_connected(lambda: legacy.complete(owner_id, asked.raw)))
