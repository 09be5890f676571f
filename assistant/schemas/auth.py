"""Sign-in, tokens and users."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from assistant.schemas.text import Line, Request, Text

PASSWORD = {"shortest": 12, "longest": 128}
# No @: whoever took somebody's e-mail address as a name could keep them from signing in with it.
USERNAME = validate.Regexp(
    r"^[\w][\w.+-]*\Z",
    error="Use letters, digits and . _ - + only, beginning with a letter or digit.",
)


class Username(Line):
    """A name to sign in with."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(shortest=2, longest=64, validate=[USERNAME], **kwargs)


class Email(Line):
    """An e-mail address."""

    def __init__(self, **kwargs: Any) -> None:
        checks = [validate.Email()]
        super().__init__(
            shortest=3, longest=254, validate=checks, metadata={"format": "email"}, **kwargs
        )


class RegistrationSchema(Request):
    """What a new user says."""

    username = Username(required=True)
    email = Email(required=True)
    password = Text(**PASSWORD, required=True, load_only=True)


class TokenRequestSchema(Schema):
    """OAuth2's password grant; what else its clients send is ignored."""

    class Meta:
        """Ignore grant_type, scope, client_id and the like."""

        unknown = EXCLUDE

    username = Text(longest=254, shortest=1, required=True)
    password = Text(longest=1024, shortest=1, required=True, load_only=True)


class RefreshSchema(Schema):
    """A refresh token to change for a new pair."""

    class Meta:
        """Ignore grant_type and the like."""

        unknown = EXCLUDE

    refresh_token = Text(longest=512, shortest=1, required=True, load_only=True)


class TokensSchema(Schema):
    """A pair of tokens; send the first as `Authorization: Bearer …`."""

    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds"})


class UserSchema(Schema):
    """A user."""

    id = fields.UUID()
    username = fields.String()
    email = fields.String()
    role = fields.String()
    is_active = fields.Boolean()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
