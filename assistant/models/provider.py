"""Servers of language models beside the one that the settings name."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Numeric, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created

PRICE = Numeric(12, 6)


class ModelProvider(Model):
    """A server and the models that it is asked for; its key is sealed with ENCRYPTION_KEY.

    `can` are words such as `tools`. Prices are for a million tokens, of a currency that is the
    operator's. At most `slots` requests are under way at once. `fallback` is the model that is
    asked when the server is down.
    """

    __tablename__ = "model_providers"
    __table_args__ = (
        CheckConstraint("slots > 0", name="slots"),
        CheckConstraint("context_tokens > 0", name="context_tokens"),
    )

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    base_url: Mapped[str] = mapped_column(Text)
    sealed_key: Mapped[str | None] = mapped_column(Text)
    models: Mapped[list[str]] = mapped_column(ARRAY(String(128)))
    can: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    context_tokens: Mapped[int | None]
    slots: Mapped[int | None]
    input_price: Mapped[Decimal | None] = mapped_column(PRICE)
    output_price: Mapped[Decimal | None] = mapped_column(PRICE)
    fallback: Mapped[str | None] = mapped_column(String(161))
    created_at: Mapped[Created]
