"""The endpoint for the audit log."""

from typing import Any

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.models import Role
from assistant.schemas.audit import AuditEventSchema, AuditQuerySchema
from assistant.security import allow
from assistant.services import audit

blp = StrictBlueprint("audit", __name__, url_prefix="/audit-events", description="Who did what")


@blp.get("")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(AuditQuerySchema, location="query")
@blp.response(200, AuditEventSchema(many=True))
@blp.alt_response(403, "FORBIDDEN")
def list_audit_events(query: dict[str, Any]) -> Any:
    """List sign-ins, failures, changes of accounts and keys, and deletions, newest first."""
    page = responses.page(query)
    return responses.listed(audit.list_(page, **query), page)
