"""What happened to accounts: added to, and never changed."""

import uuid
from enum import StrEnum

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Json, Key, Moment


class Action(StrEnum):
    """What somebody did, or tried to."""

    SIGNED_IN = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGNED_OUT = "session.ended"
    REFRESH_REUSED = "session.stolen"
    PASSWORD_FAILED = "password.failed"
    PASSWORD_LINK = "password_link.created"
    PASSWORD_BY_LINK = "password_link.used"
    INVITED = "invitation.created"
    UNINVITED = "invitation.withdrawn"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    KEY_CREATED = "api_key.created"
    KEY_REVOKED = "api_key.revoked"
    DOCUMENT_DELETED = "document.deleted"
    COLLECTION_DELETED = "collection.deleted"
    CONVERSATION_DELETED = "conversation.deleted"
    EVALUATION_DELETED = "evaluation.deleted"
    PURGED = "audit.purged"


WHOLE_ADDRESS = text("masklen(address) IN (32, 128)")


class AuditEvent(Model):
    """That somebody did something: ids and words of ours, never what people wrote.

    No `actor_id` is the command line, or somebody of whom nothing is known. `details` are of ours,
    too, such as the role that somebody has now.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_actor", "actor_id", "id"),
        Index("ix_audit_events_subject", "subject_id", "id"),
        Index("ix_audit_events_action", "action", "id"),
        Index("ix_audit_events_at", "at"),
        Index("ix_audit_events_whole_address", "at", postgresql_where=WHOLE_ADDRESS),
    )

    id: Mapped[Key]
    at: Mapped[Moment]
    action: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[uuid.UUID | None]
    key_id: Mapped[uuid.UUID | None]
    subject_id: Mapped[uuid.UUID | None]
    address: Mapped[str | None] = mapped_column(INET)
    details: Mapped[Json]
