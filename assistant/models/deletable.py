"""What is deleted in two steps: hidden at once, and gone when a job has removed all of it."""

from sqlalchemy import ColumnElement
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped

from assistant.models.columns import Moment


class Deletable:
    """A row that nobody may use from the moment on that its deletion was asked for.

    `is_live` says so of an object and, in a statement, of each row. Only what deletes looks at the
    moment itself.
    """

    deleted_at: Mapped[Moment | None]

    @hybrid_property
    def is_live(self) -> bool:
        """Return whether nobody has asked to delete it."""
        return self.deleted_at is None

    @is_live.inplace.expression
    @classmethod
    def _is_live(cls) -> ColumnElement[bool]:
        return cls.deleted_at.is_(None)
