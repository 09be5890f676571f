"""What replies have taken, and what that cost, by day, owner and model."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text

from assistant.database import SYSTEM, transaction
from assistant.models import ModelProvider
from assistant.services.providers import rows

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What the replies of a day took of one owner's model; no `cost` where no price is known."""

    day: date
    owner: str
    model: str
    replies: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


# By the name that was asked for, which decides who is paid; without one, what has answered.
_TAKEN = text("""
SELECT (messages.created_at AT TIME ZONE 'UTC')::date AS day, users.username AS owner,
    coalesce(nullif(coalesce(messages.options ->> 'model', conversations.model), 'extractive'),
        messages.model) AS model,
    count(*) AS replies, sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion
FROM messages
JOIN users ON users.id = messages.owner_id
JOIN conversations ON conversations.id = messages.conversation_id
WHERE messages.role = 'assistant' AND prompt_tokens IS NOT NULL AND messages.model IS NOT NULL
    AND messages.created_at >= now() - make_interval(days => :days)
GROUP BY 1, 2, 3
ORDER BY 1 DESC, 2, 3
""")


def by_day(days: int) -> list[Taken]:
    """Return it for the last days, the latest first."""
    providers = rows.list_()
    with transaction(SYSTEM) as session:
        found = session.execute(_TAKEN, {"days": days}).all()
    return [
        Taken(
            *(row.day, row.owner, row.model, row.replies),
            int(row.prompt),
            int(row.completion),
            _cost(providers, row.model, row.prompt, row.completion),
        )
        for row in found
    ]


def _cost(
    providers: list[ModelProvider], model: str, prompt: Decimal, completion: Decimal
) -> float | None:
    name = model.partition("/")[0]
    by_name = (one for one in providers if one.name == name)
    by_model = (one for one in providers if model in one.models)
    provider = next(by_name, None) or next(by_model, None)
    if provider is None or provider.input_price is None or provider.output_price is None:
        return None
    cost = prompt * provider.input_price + completion * provider.output_price
    return float(cost / MILLION)
