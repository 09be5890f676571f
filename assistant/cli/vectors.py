"""`flask vectors`: whether Chroma holds what PostgreSQL says it has to."""

import uuid
from dataclasses import asdict
from typing import Any

import click

from assistant.cli.following import progress_bar
from assistant.cli.groups import Group
from assistant.cli.output import Columns, as_json, counted, print_json, print_table
from assistant.services.upkeep import verification

WRONG: Columns = {
    "COLLECTION": lambda one: one["collection_id"],
    "VECTORS": lambda one: one["vectors"],
    "MISSING": lambda one: one["missing"],
    "STRAYS": lambda one: one["strays"],
    "WRONG": lambda one: f"{one['wrong']} of {one['sampled']} looked at",
    "ERROR": lambda one: one["error"],
    "NAME": lambda one: one["name"],
}


@click.group(cls=Group)
def vectors() -> None:
    """Compare the index with the database."""


@vectors.command()
@click.option("--repair", is_flag=True, help="Put right what is not.")
@click.option("--collection", metavar="ID", type=click.UUID, help="Only this one's.")
@as_json
def verify(repair: bool, collection: uuid.UUID | None, as_json: bool) -> None:
    """Compare PostgreSQL and Chroma both ways.

    Every vector that belongs into an index has to be there, nothing else may be, no index may lack
    its row, and of each index the values of up to 100 vectors are compared. Searches and jobs go
    on meanwhile. Exit code 1 says that something is not right, or was not and could not be
    repaired.

    \b
    Example:
      flask vectors verify
      flask vectors verify --repair --json
    """
    compared, wrong, left = 0, [], []
    total = dict.fromkeys(("vectors", "missing", "strays", "sampled", "wrong"), 0)
    with progress_bar("Comparing", verification.amount(collection)) as bar:
        for one in verification.collections(collection):
            found = verification.verify(one, bar.update)
            compared += 1
            total = {name: count + getattr(found, name) for name, count in total.items()}
            if not found.is_right:
                wrong.append(asdict(found))
                after = verification.repair(one, found) if repair else found
                left += [] if after.is_right else [asdict(after)]
    nobodys, told = verification.nobodys() if collection is None else ([], True)
    if repair:
        verification.remove(nobodys)
        remaining, _ = verification.nobodys() if nobodys else ([], True)
    else:
        remaining = nobodys
    report = {
        **{"collections": compared, **total, "wrong_collections": wrong},
        **{"indexes_without_rows": nobodys, "left": left, "left_without_rows": remaining},
    }
    if as_json:
        print_json(report)
    else:
        _print(report, repair=repair, told=told)
    if left or remaining:
        raise click.exceptions.Exit(1)


def _print(report: dict[str, Any], *, repair: bool, told: bool) -> None:
    print_table(WRONG, report["wrong_collections"])
    for name in report["indexes_without_rows"]:
        click.echo(f"{name} belongs to no collection.")
    if not told:
        click.echo(
            "Another installation uses this Chroma server, too: indexes that belong to nobody were "
            "not looked for."
        )
    collections = counted(report["collections"], "collection")
    vectors = counted(report["vectors"], "vector")
    wrong = len(report["wrong_collections"]) + len(report["indexes_without_rows"])
    left = len(report["left"]) + len(report["left_without_rows"])
    if not wrong:
        click.echo(f"{collections} with {vectors}: PostgreSQL and Chroma agree.")
    elif not repair:
        click.echo(f"Of {collections} {wrong} are not right. Repair them: --repair")
    elif left:
        click.echo(f"{wrong - left} of {wrong} repaired; for the others see the log of Chroma.")
    else:
        click.echo(f"{wrong} of {wrong} repaired.")
