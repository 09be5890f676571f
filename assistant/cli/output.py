"""Tables for people, JSON for scripts."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

Body = Mapping[str, Any]
# A hundred years; PostgreSQL knows no spans much longer than that.
LONGEST_DAYS = 36_500
Columns = Mapping[str, Callable[[Any], object]]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
limited = click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="How many at most.",
)
continued = click.option(
    "--after", type=click.UUID, help="Go on behind this id, the last one of the page before."
)


def older_than(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that says how old something has to be, in days."""
    days = click.FloatRange(min=0, max=LONGEST_DAYS)
    return click.option("--older-than", metavar="DAYS", type=days, required=True, help=what)


confirmed = click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")


def confirm(question: str) -> None:
    """Ask; raise `Abort` for a no, or `ClickException` where nobody can answer."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if has_terminal():
            raise
        raise click.ClickException(
            "Nothing was done, since there is no terminal in which to ask. Give --yes to go on "
            "without being asked."
        ) from None


def has_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as the API would write it."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def print_page(
    bodies: Sequence[Body], columns: Columns, limit: int, *, to_json: bool, nothing: str
) -> None:
    """Print a page of a list, of which one more row than `limit` was read."""
    shown = bodies[:limit]
    if to_json:
        print_json(shown)
    else:
        print_table(columns, shown, nothing=nothing)
    if len(bodies) > limit:
        click.echo(f"There are more: --after {shown[-1]['id']}", err=True)


def print_table(columns: Columns, bodies: Iterable[Any], *, nothing: str = "") -> None:
    """Print rows under headings; in a terminal the last column is cut to fit."""
    rows = [[text_of(value(body)) for value in columns.values()] for body in bodies]
    if not rows:
        if nothing:
            click.echo(nothing)
        return
    table = [list(columns), *rows]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        line = "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        line = _fit(line.rstrip())
        echo_styled(line, bold=True) if number == 0 else click.echo(line)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, one a line."""
    width = max(map(len, fields))
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {text_of(value)}".rstrip())


def echo_styled(line: str, **style: Any) -> None:
    """Print with colour, in a terminal whose user did not say otherwise (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
    click.echo(line if plain else click.style(line, **style))


def text_of(value: object) -> str:
    """Write a value into a cell: in one line, without characters that steer a terminal."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else " " for char in str(value))


def moment(value: str | datetime | None) -> str | None:
    """Write a time to the second, in UTC."""
    if value is None:
        return None
    then = datetime.fromisoformat(value) if isinstance(value, str) else value
    return then.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float | None) -> str | None:
    """Write a duration in the two largest units that say enough."""
    if seconds is None:
        return None
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, smaller_size in (
        ("d", 86_400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller_size} {smaller}"
    return f"{whole} s"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, such as `1 document` and `2 documents`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def byte_size(count: int) -> str:
    """Write a number of bytes in the unit that fits."""
    size, units = float(count), iter(("bytes", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while size >= 1024 and unit != "TiB":
        size, unit = size / 1024, next(units)
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def _width(text: str) -> int:
    """Count columns of a terminal: East Asian wide characters take two, accents none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _fit(line: str) -> str:
    if not sys.stdout.isatty():
        return line
    room = shutil.get_terminal_size().columns
    return line if _width(line) <= room else line[: room - 1] + "…"
