"""What models have taken, and what that cost, by day, owner and model."""

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
    """What a day took of one owner's model; no `cost` where no price is known."""

    day: date
    owner: str
    model: str
    attempts: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


# By the name that was asked for, which decides who is paid.
_TAKEN = text("""
SELECT day, username AS owner, model, sum(attempts)::bigint AS attempts,
    sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion
FROM usage_days JOIN users ON users.id = owner_id
WHERE model <> '' AND day > (now() AT TIME ZONE 'utc')::date - :days
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
            *(row.day, row.owner, row.model, row.attempts),
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
