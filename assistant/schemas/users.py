"""Users, as they and administrators change them."""

from marshmallow import fields

from assistant.models import Role
from assistant.schemas.auth import Email, NewPassword, RegistrationSchema, Username
from assistant.schemas.paging import PageSchema
from assistant.schemas.text import Request, Search, Text
from assistant.schemas.values import Flag


class NewUserSchema(RegistrationSchema):
    """A user whom an administrator creates."""

    role = fields.Enum(Role, by_value=True)


class ProfileChangeSchema(Request):
    """What to change about yourself; what is not given stays."""

    username = Username()
    email = Email()
    password = NewPassword()
    old_password = Text(
        longest=1024,
        shortest=1,
        load_only=True,
        metadata={"description": "Needed for a new e-mail address or password"},
    )


class UserChangeSchema(Request):
    """What to change about a user; what is not given stays."""

    username = Username()
    email = Email()
    password = NewPassword()
    role = fields.Enum(Role, by_value=True)
    is_active = Flag()


class UserQuerySchema(PageSchema):
    """Which users to list."""

    q = Search(metadata={"description": "Part of a name or an e-mail address, in any case"})
