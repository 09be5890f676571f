"""`flask models`: the servers of language models beside the one of the settings."""

from dataclasses import asdict
from decimal import Decimal
from typing import IO, Any

import click

from assistant.cli.groups import Group
from assistant.cli.output import Columns, as_json, has_terminal, moment, print_json, print_table
from assistant.models import ModelProvider
from assistant.services.providers import rows, usage

COLUMNS: Columns = {
    "NAME": lambda one: one["name"],
    "ADDRESS": lambda one: one["base_url"],
    "KEY": lambda one: "sealed" if one["has_key"] else "none",
    "MODELS": lambda one: ", ".join(one["models"]),
    "CONTEXT": lambda one: one["context_tokens"] or "",
    "CAN": lambda one: ", ".join(one["can"]),
    "SLOTS": lambda one: one["slots"] or "",
    "PRICE": lambda one: _price(one),
    "FALLBACK": lambda one: one["fallback"] or "",
    "ADDED (UTC)": lambda one: moment(one["created_at"]),
}
USED: Columns = {
    "DAY (UTC)": lambda one: one["day"],
    "OWNER": lambda one: one["owner"],
    "MODEL": lambda one: one["model"],
    "ATTEMPTS": lambda one: one["attempts"],
    "PROMPT TOKENS": lambda one: one["prompt_tokens"],
    "COMPLETION TOKENS": lambda one: one["completion_tokens"],
    "COST": lambda one: "" if one["cost"] is None else f"{one['cost']:.4f}",
}
NOTHING = "There is only the server of OPENAI_BASE_URL. Add another: flask models add --help"


@click.group(cls=Group)
def models() -> None:
    """Add, list and remove servers of language models, and seal their keys anew.

    The server of OPENAI_BASE_URL needs no entry: it is asked for all models that nobody here has.
    """


def _body_of(provider: ModelProvider) -> dict[str, Any]:
    prices = {"input": provider.input_price, "output": provider.output_price}
    return {
        "name": provider.name,
        "base_url": provider.base_url,
        "has_key": provider.sealed_key is not None,
        "models": provider.models,
        "can": provider.can,
        "context_tokens": provider.context_tokens,
        "slots": provider.slots,
        "prices": {name: None if price is None else float(price) for name, price in prices.items()},
        "fallback": provider.fallback,
        "created_at": provider.created_at.isoformat(),
    }


def _price(one: Any) -> str:
    given = [one["prices"][name] for name in ("input", "output")]
    return "" if None in given else " / ".join(f"{price:g}" for price in given)


@models.command("list")
@as_json
def list_models(as_json: bool) -> None:
    """List the servers with their models; of keys only whether there is one.

    \b
    Example:
      flask models list
    """
    bodies = [_body_of(provider) for provider in rows.list_()]
    if as_json:
        print_json(bodies)
    else:
        print_table(COLUMNS, bodies, nothing=NOTHING)


@models.command()
@click.argument("name")
@click.argument("base_url", metavar="ADDRESS")
@click.option("--model", "names", multiple=True, required=True, help="May be given several times.")
@click.option("--key", is_flag=True, help="Ask for its key.")
@click.option(
    "--key-file",
    type=click.File(encoding="utf-8"),
    help="Read its key from this file, - for standard input.",
)
@click.option("--context", "context_tokens", type=click.IntRange(256), help="Tokens, all together.")
@click.option("--can", multiple=True, type=click.Choice(rows.CAPABILITIES), help="Several times.")
@click.option("--slots", type=click.IntRange(1), help="Requests at once; else as many as come.")
@click.option("--price", type=(float, float), help="Of a million tokens: prompt and answer.")
@click.option("--fallback", metavar="MODEL", help="Asked when the server is down.")
@as_json
def add(
    name: str,
    base_url: str,
    names: tuple[str, ...],
    key: bool,
    key_file: IO[str] | None,
    can: tuple[str, ...],
    price: tuple[float, float] | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Add a server and say which models it has.

    A message that names one of these models is answered there, in five seconds at the latest; where
    two servers have one of the same name, the first is asked, and `name/model` says which is meant.

    \b
    Example:
      flask models add lab http://10.0.0.7:8000/v1 --model qwen3-32b --context 32768 --slots 8 --key
    """
    secret = _key(key, key_file)
    input_price, output_price = (Decimal(str(one)) for one in price) if price else (None, None)
    made = rows.add(
        name,
        base_url,
        list(dict.fromkeys(names)),
        key=secret,
        can=list(dict.fromkeys(can)),
        input_price=input_price,
        output_price=output_price,
        **values,
    )
    if as_json:
        print_json(_body_of(made))
    else:
        click.echo(f"Added {made.name} with {', '.join(made.models)}.")


def _key(is_asked_for: bool, file: IO[str] | None) -> str | None:
    """Return the key that was given, which never stands in the command line."""
    if is_asked_for and file is not None:
        raise click.UsageError("Give --key or --key-file, not both.")
    if not is_asked_for and file is None:
        return None
    if file is None and not has_terminal():
        raise click.UsageError(
            "There is no terminal in which to ask for the key. Give --key-file FILE (- for "
            "standard input)."
        )
    given = file.read() if file is not None else click.prompt("Key", hide_input=True)
    key = str(given).strip()
    if not key:
        raise click.UsageError("The key is empty.")
    return key


@models.command()
@click.argument("name")
@as_json
def remove(name: str, as_json: bool) -> None:
    """Remove a server; its models are then asked of the one of OPENAI_BASE_URL.

    \b
    Example:
      flask models remove lab
    """
    rows.remove(name)
    if as_json:
        print_json({"name": name})
    else:
        click.echo("Removed.")


@models.command()
@as_json
def rekey(as_json: bool) -> None:
    """Seal all keys with today's ENCRYPTION_KEY; the one before is in ENCRYPTION_KEY_PREVIOUS.

    \b
    Example:
      flask models rekey
    """
    count = rows.rekey()
    if as_json:
        print_json({"sealed": count})
    else:
        click.echo(f"Sealed {count} keys anew.")


@models.command("usage")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True)
@as_json
def usage_of_models(days: int, as_json: bool) -> None:
    """Show what was taken by day, owner and model, and what that cost at today's prices.

    The figures are those of `flask usage`.

    \b
    Example:
      flask models usage --days 30
    """
    bodies = [{**asdict(one), "day": one.day.isoformat()} for one in usage.by_day(days)]
    if as_json:
        print_json(bodies)
    else:
        print_table(USED, bodies, nothing="Nothing was taken of any model.")
