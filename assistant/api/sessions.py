"""Endpoints for where one is signed in."""

import uuid
from typing import Any

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.models import Session
from assistant.schemas.paging import PageSchema
from assistant.schemas.sessions import SessionSchema
from assistant.security import allow, caller, caller_id
from assistant.services.accounts import signed_in

blp = StrictBlueprint("sessions", __name__, url_prefix="/sessions", description="Where you are in")


@blp.get("")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, SessionSchema(many=True))
def list_sessions(query: dict[str, Any]) -> Any:
    """List where you are signed in, newest first."""
    page = responses.page(query)
    return responses.listed([_shown(found) for found in signed_in.list_(caller_id(), page)], page)


def _shown(session: Session) -> dict[str, Any]:
    known = responses.values_of(session, SessionSchema)
    return {**known, "is_current": session.id == caller().session_id}


@blp.delete("")
@allow(scope="write", signed_in=True)
@blp.response(204)
def end_all_sessions() -> None:
    """Sign out everywhere, also here; API keys stay."""
    signed_in.end_everywhere(caller_id())


@blp.delete("/<uuid:session_id>")
@allow(scope="write", signed_in=True)
@blp.response(204)
def end_session(session_id: uuid.UUID) -> None:
    """End one of your sessions; its tokens are worthless at once."""
    signed_in.end(caller_id(), session_id)
