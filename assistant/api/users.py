"""Endpoints for one's own account, and for administrators to manage all accounts."""

import uuid
from typing import Any

from flask import Response, url_for

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.models import Role, User
from assistant.schemas.auth import UserSchema
from assistant.schemas.jobs import JobSchema
from assistant.schemas.users import (
    ChangedUserSchema,
    PasswordLinkCreationSchema,
    PasswordLinkSchema,
    ProfileChangeSchema,
    UserChangeSchema,
    UserCreationSchema,
    UserQuerySchema,
)
from assistant.security import allow, caller, caller_id, demand_session
from assistant.services.accounts import administration, password_links, profile, users
from assistant.services.accounts import deletion as account_deletion

blp = StrictBlueprint("users", __name__, url_prefix="/users", description="Accounts")

# What a key may change of others; anything else could let its user out, or somebody in, for good.
BY_KEY = {"is_active", "limits"}


@blp.get("/me")
@allow()
@blp.response(200, UserSchema)
def get_me() -> User:
    """Return who you are."""
    return users.get(caller_id())


@blp.patch("/me")
@allow(scope="write", signed_in=True)
@blp.arguments(ProfileChangeSchema)
@blp.response(200, UserSchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def change_me(values: dict[str, Any]) -> User:
    """Change your name, e-mail address or password.

    The last two want `old_password`; a new password ends your other sessions. Your API keys stay
    good: revoke with DELETE /api-keys/{key_id} those that you do not trust.
    """
    return profile.update(caller(), values, responses.seen())


@blp.delete("/me")
@allow(scope="write", signed_in=True)
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
def delete_me() -> Response:
    """Delete your account with everything in it.

    Every token stops working at once; the one that you use now still reads this job.
    """
    return responses.accepted_job(account_deletion.delete(caller(), caller_id()))


@blp.get("")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(UserQuerySchema, location="query")
@blp.response(200, UserSchema(many=True))
@blp.alt_response(403, "FORBIDDEN")
def list_users(query: dict[str, Any]) -> Any:
    """List all users, newest first."""
    page = responses.page(query)
    return responses.listed(users.list_all(page, query.get("q")), page)


@blp.post("")
@allow(scope="admin", role=Role.ADMIN, signed_in=True)
@blp.arguments(UserCreationSchema)
@idempotent(prepare=users.with_hash)
@blp.response(201, UserSchema)
@blp.alt_response(403, "FORBIDDEN")
def create_user(values: dict[str, Any]) -> Any:
    """Create a user, of any role."""
    user = users.register(**values)
    return user, 201, {"Location": url_for("users.get_user", user_id=user.id)}


@blp.get("/<uuid:user_id>")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(200, UserSchema)
@blp.alt_response(403, "FORBIDDEN")
def get_user(user_id: uuid.UUID) -> User:
    """Return a user."""
    return administration.get(user_id)


# Neither this nor an invitation takes an Idempotency-Key: the answer would be kept, and the token.
@blp.post("/<uuid:user_id>/password-link")
@allow(scope="admin", role=Role.ADMIN, signed_in=True)
@blp.arguments(PasswordLinkCreationSchema)
@blp.response(201, PasswordLinkSchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def create_password_link(values: dict[str, int], user_id: uuid.UUID) -> Any:
    """Make what lets a user who has forgotten the password set a new one, once."""
    made, token = password_links.create(user_id, by=caller_id(), **values)
    return {"token": token, "expires_at": made.expires_at}


@blp.patch("/<uuid:user_id>")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(UserChangeSchema)
@blp.response(200, ChangedUserSchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def change_user(values: dict[str, Any], user_id: uuid.UUID) -> dict[str, Any]:
    """Change a user; disabling and a new password end all their sessions at once.

    A new password revokes their API keys, too. A key may change `is_active` and `limits` of others
    only.
    """
    if user_id == caller_id() or administration.differing(user_id, values).keys() - BY_KEY:
        demand_session()
    changed = administration.update(user_id, by=caller_id(), seen=responses.seen(), **values)
    return {
        **responses.values_of(changed.user, UserSchema),
        "sessions_ended": changed.sessions_ended,
        "keys_revoked": changed.keys_revoked,
    }


@blp.delete("/<uuid:user_id>")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(202, JobSchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def delete_user(user_id: uuid.UUID) -> Response:
    """Delete a user with everything of theirs: shut out at once, removed by a job of yours.

    A key may delete others only.
    """
    if user_id == caller_id():
        demand_session()
    return responses.accepted_job(account_deletion.delete(caller(), user_id))
