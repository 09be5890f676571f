"""Users, as they and administrators change them."""

from marshmallow import Schema, fields, validate

from assistant.models import Role
from assistant.schemas.auth import Email, NewPassword, RegistrationSchema, Username, UserSchema
from assistant.schemas.paging import PageSchema
from assistant.schemas.text import Request, Search, Text
from assistant.schemas.values import INT64, Flag

HIGHEST_OPEN_JOBS, HIGHEST_LIMIT = 1_000_000, 10**15
STAYS = "As it is; an administrator changes it, and another value is a 403"


def _limit(least: int = 0) -> fields.Integer:
    most = HIGHEST_OPEN_JOBS if least else HIGHEST_LIMIT
    return fields.Integer(
        strict=True, allow_none=True, metadata=INT64, validate=validate.Range(min=least, max=most)
    )


class UserCreationSchema(RegistrationSchema):
    """A user whom an administrator creates."""

    class Meta(RegistrationSchema.Meta):
        """Nobody invites whom they create."""

        exclude = ("invitation",)

    role = fields.Enum(Role, by_value=True)


class LimitsChangeSchema(Request):
    """Limits for one user instead of the settings'; null leaves one to these, 0 is no limit."""

    open_jobs = _limit(1)
    documents = _limit()
    stored_bytes = _limit()
    tokens_per_day = _limit()
    tokens_per_month = _limit()


class ProfileChangeSchema(Request):
    """What to change about yourself; what is not given stays."""

    read_as = UserSchema

    username = Username()
    email = Email()
    password = NewPassword()
    # Others set these: they may come back as they are.
    role = fields.Enum(Role, by_value=True, metadata={"description": STAYS})
    is_active = Flag(metadata={"description": STAYS})
    limits = fields.Nested(LimitsChangeSchema, metadata={"description": STAYS})
    old_password = Text(
        longest=1024,
        shortest=1,
        load_only=True,
        metadata={"description": "Needed for a new e-mail address or password"},
    )


class ChangedUserSchema(UserSchema):
    """A user who was just changed, and what that ended."""

    sessions_ended = fields.Integer()
    keys_revoked = fields.Integer(
        metadata={"description": "With a new password all; being disabled revokes none"}
    )


class UserChangeSchema(Request):
    """What to change about a user; what is not given stays."""

    read_as = ChangedUserSchema

    username = Username()
    email = Email()
    password = NewPassword()
    role = fields.Enum(Role, by_value=True)
    is_active = Flag()
    limits = fields.Nested(LimitsChangeSchema)


class InvitationCreationSchema(Request):
    """An invitation to make."""

    days = fields.Integer(strict=True, load_default=7, validate=validate.Range(min=1, max=365))


class InvitationSchema(Schema):
    """An invitation, without its text."""

    id = fields.UUID()
    created_at = fields.DateTime()
    expires_at = fields.DateTime()


class MadeInvitationSchema(InvitationSchema):
    """An invitation that was just made."""

    invitation = fields.String(metadata={"description": "To register with; shown this once"})


class PasswordLinkCreationSchema(Request):
    """A link for a new password to make."""

    hours = fields.Integer(strict=True, load_default=24, validate=validate.Range(min=1, max=168))


class PasswordLinkSchema(Schema):
    """What lets a user set a new password, once."""

    token = fields.String(metadata={"description": "For POST /auth/password; shown this once"})
    expires_at = fields.DateTime()


class UserQuerySchema(PageSchema):
    """Which users to list."""

    q = Search(metadata={"description": "Part of a name or an e-mail address, in any case"})
