"""Sign-in, tokens and users."""

import re
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from assistant import names
from assistant.adapters import passwords
from assistant.schemas.text import ONE_LINE, Line, Request, Text

# No @: whoever took somebody's e-mail address as a name could keep them from signing in with it.
_USERNAME = re.compile(r"\w[\w.+-]*")
# What is said of it in the documentation: of other alphabets, only words can say which signs are
# letters.
USERNAME = r"^[^\u0000-/:-@\[-^`\{-\u00a0][^\u0000-*,/:-@\[-^`\{-\u00a0]*$"
SIGNS = "Use letters, digits and . _ - + only, beginning with a letter or digit."


def _check_signs(name: str) -> None:
    if not _USERNAME.fullmatch(name):
        raise ValidationError(SIGNS)


class Username(Line):
    """A name to sign in with; the rules are for how it will be spelled."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Letters of any alphabet, digits and . _ - +; not one that looks like another's, is "
        said += "written as an id, or is the system's (409)"
        super().__init__(
            shortest=2,
            longest=64,
            validate=[_check_signs],
            metadata={"pattern": USERNAME, "description": said},
            **kwargs,
        )

    def _validate(self, value: str) -> None:
        super()._validate(names.spelled(value))


class NewPassword(Text):
    """A password to come, in the form that is kept of it."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Without controls, invisible marks and what cannot be typed on every keyboard (422)"
        described = {"pattern": ONE_LINE, "description": said}
        super().__init__(shortest=12, longest=128, load_only=True, metadata=described, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.strip():
            raise ValidationError("Must not be blank.")
        if bad := passwords.cannot_be_typed(text):
            points = ", ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(bad))
            raise ValidationError(
                f"Leave out what cannot be typed on every keyboard in the same way: {points}."
            )
        return passwords.normalised(text)


class Email(Line):
    """An e-mail address."""

    pattern = None

    def __init__(self, **kwargs: Any) -> None:
        checks = [validate.Email()]
        super().__init__(
            shortest=3, longest=254, validate=checks, metadata={"format": "email"}, **kwargs
        )


class RegistrationSchema(Request):
    """What a new user says."""

    username = Username(required=True)
    email = Email(required=True)
    password = NewPassword(required=True)
    invitation = Text(
        longest=100,
        load_only=True,
        metadata={"description": "Where registration is by invitation; see /auth/options"},
    )


class GrantSchema(Schema):
    """Which of OAuth2's grants a request for tokens is."""

    class Meta:
        """The rest belongs to the grant."""

        unknown = EXCLUDE

    grant_type = fields.String(load_default=None, allow_none=True)


class TokenRequestSchema(Schema):
    """OAuth2's password grant; what else its clients send is ignored."""

    class Meta:
        """Ignore grant_type, scope, client_id and the like."""

        unknown = EXCLUDE

    username = Text(longest=254, shortest=1, required=True)
    password = Text(longest=1024, shortest=1, required=True, load_only=True)
    cookie = fields.Boolean(load_default=False)


class RefreshSchema(Schema):
    """A refresh token to change for a new pair; without one, that of the cookie."""

    class Meta:
        """Ignore grant_type and the like."""

        unknown = EXCLUDE

    refresh_token = Text(longest=512, shortest=1, load_only=True)


class AuthOptionsSchema(Schema):
    """How people get in here."""

    registration = fields.String(metadata={"enum": ["open", "closed", "invitation"]})
    passwords = fields.Boolean(metadata={"description": "Whether people sign in with passwords"})


class PasswordByLinkSchema(Request):
    """A new password for whoever forgot theirs."""

    token = Text(longest=100, shortest=1, required=True, load_only=True)
    password = NewPassword(required=True)


class TokensSchema(Schema):
    """A pair of tokens; send the first as `Authorization: Bearer …`."""

    always = ("access_token", "token_type", "expires_in")

    access_token = fields.String()
    refresh_token = fields.String(metadata={"description": "Left out if it is in a cookie"})
    token_type = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds"})


class UserSchema(Schema):
    """A user."""

    settable = ("username", "email", "role", "is_active", "limits")

    id = fields.UUID()
    username = fields.String()
    email = fields.String()
    role = fields.String()
    is_active = fields.Boolean()
    limits = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "What an administrator has set instead of the settings"},
    )
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
