"""Guess how many tokens a model would be given."""

import json
import uuid

from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.models import Response
from assistant.services.responses import creating, history, prompts
from assistant.services.responses.creating import Wanted
from assistant.token_estimates import estimate_tokens


def count(owner_id: uuid.UUID, wanted: Wanted) -> int:
    """Return about how many tokens a response would be given, with all that was said before."""
    response_id = uuid7()
    with transaction(owner_id) as session:
        items = creating.items_of(session, owner_id, response_id, wanted)
        creating.sequence_of(session, owner_id, wanted)
        response = Response(
            id=response_id,
            owner_id=owner_id,
            previous_id=wanted.previous_id,
            conversation_id=wanted.conversation_id,
        )
        said_before = history.before(session, response)
    messages = prompts.messages_of(wanted.asked["instructions"], [*said_before, *items])
    tools = json.dumps(wanted.asked["tools"]) if wanted.asked["tools"] else ""
    return prompts.estimate(messages) + estimate_tokens(tools)
