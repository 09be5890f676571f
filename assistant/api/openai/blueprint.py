"""The blueprint of all that is below `/v1`; it is no part of our own OpenAPI document."""

from flask import Blueprint, request

from assistant.errors import InvalidInput
from assistant.schemas.text import UNSTORABLE

blp = Blueprint("openai", __name__)


@blp.before_request
def demand_text() -> None:
    """Refuse ids and cursors that hold what no text has and PostgreSQL does not take."""
    for name, value in (*(request.view_args or {}).items(), *request.args.items(multi=True)):
        if isinstance(value, str) and UNSTORABLE.search(value):
            raise InvalidInput(f"`{name}` has characters that are none.", parameter=name)
