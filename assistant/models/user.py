"""The people who own everything else."""

from enum import StrEnum

from sqlalchemy import Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, Key
from assistant.models.deletable import Deletable


class Role(StrEnum):
    """What a user may do beyond using their own things."""

    USER = "user"
    ADMIN = "admin"


# Processes of before know nothing of the columns, and may change a name without them.
KEYED = "name_keyed = username"


class User(Deletable, Model):
    """A person with a name, an e-mail address and a password.

    `name_key` and `name_look` were made of the name `name_keyed` by the rules `name_rules`, and
    keep others from taking one that is the same or looks it. They are null where older names are
    alike already, or have not been looked at; these have no rules either.
    `limits` are those that an administrator has set instead of the settings' (see `quotas`).
    Once everything of a deleted one is gone, the row stays without name and address, so that the
    job that deleted it still has an owner.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username", func.lower(text("username")), unique=True),
        Index("uq_users_email", func.lower(text("email")), unique=True),
        Index("uq_users_name_key", "name_key", unique=True, postgresql_where=text(KEYED)),
        Index("uq_users_name_look", "name_look", unique=True, postgresql_where=text(KEYED)),
    )

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str | None]
    name_look: Mapped[str | None]
    name_keyed: Mapped[str | None]
    name_rules: Mapped[str | None]
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(String(16), default=Role.USER.value)
    is_active: Mapped[bool] = mapped_column(default=True)
    limits: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created] = mapped_column(onupdate=func.now())
