"""Endpoints for invitations, with which people register."""

import uuid
from typing import Any

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.models import Role
from assistant.schemas.paging import PageSchema
from assistant.schemas.users import InvitationCreationSchema, InvitationSchema, MadeInvitationSchema
from assistant.security import allow, caller_id
from assistant.services.accounts import invitations

blp = StrictBlueprint("invitations", __name__, url_prefix="/invitations", description="Newcomers")


@blp.get("")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(PageSchema, location="query")
@blp.response(200, InvitationSchema(many=True))
@blp.alt_response(403, "FORBIDDEN")
def list_invitations(query: dict[str, Any]) -> Any:
    """List the invitations that nobody has used yet, newest first."""
    page = responses.page(query)
    return responses.listed(invitations.list_(page), page)


@blp.post("")
@allow(scope="admin", role=Role.ADMIN, signed_in=True)
@blp.arguments(InvitationCreationSchema)
@blp.response(201, MadeInvitationSchema)
@blp.alt_response(403, "FORBIDDEN")
def create_invitation(values: dict[str, int]) -> dict[str, Any]:
    """Make an invitation; whoever has its text registers with it, once."""
    made, text = invitations.create(caller_id(), **values)
    return {**responses.values_of(made, InvitationSchema), "invitation": text}


@blp.delete("/<uuid:invitation_id>")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(204)
@blp.alt_response(403, "FORBIDDEN")
def withdraw_invitation(invitation_id: uuid.UUID) -> None:
    """Withdraw an invitation."""
    invitations.withdraw(invitation_id)
