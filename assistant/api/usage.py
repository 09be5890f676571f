"""The endpoint for one's own limits and usage."""

from typing import Any

from assistant.api.arguments import StrictBlueprint
from assistant.schemas.usage import OwnUsageSchema, UsageQuerySchema
from assistant.security import allow, caller_id
from assistant.services.accounts import usage

blp = StrictBlueprint("usage", __name__, url_prefix="/usage", description="Limits and usage")


@blp.get("")
@allow()
@blp.arguments(UsageQuerySchema, location="query")
@blp.response(200, OwnUsageSchema)
def get_usage(query: dict[str, Any]) -> dict[str, Any]:
    """Return your limits, and what you have used up on each day of this month or of others."""
    return usage.of_owner(caller_id(), query.get("since"), query.get("until"))
