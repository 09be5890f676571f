"""`flask documents`: the documents of all owners, and their index."""

import uuid
from typing import Any

import click

from assistant.cli.following import follow, progress_bar
from assistant.cli.groups import Group
from assistant.cli.output import (
    Columns,
    as_json,
    byte_size,
    continued,
    counted,
    limited,
    moment,
    print_json,
    print_page,
    print_table,
)
from assistant.errors import AssistantError
from assistant.models import Document, DocumentStatus
from assistant.schemas.documents import WholeDocumentSchema
from assistant.services.accounts import users as people
from assistant.services.documents import documents as service
from assistant.services.documents import reindexing
from assistant.services.paging import Page
from assistant.services.retrieval import rebuilding

COLUMNS: Columns = {
    "ID": lambda document: document["id"],
    "STATUS": lambda document: document["status"],
    "SIZE": lambda document: byte_size(document["size"]),
    "PAGES": lambda document: document["page_count"],
    "CHUNKS": lambda document: document["chunk_count"],
    "CREATED (UTC)": lambda document: moment(document["created_at"]),
    "FILE": lambda document: document["filename"],
}
REBUILT: Columns = {
    "COLLECTION": lambda done: done["collection_id"],
    "VECTORS": lambda done: done["vectors"],
    "OF ANOTHER MODEL": lambda done: done["other_model"],
    "NAME": lambda done: done["name"],
}

collection = click.option("--collection", metavar="ID", type=click.UUID, help="Only this one's.")
everything = click.option("--all", "everything", is_flag=True, help="All there are.")


@click.group(cls=Group)
def documents() -> None:
    """Show documents, index them again, rebuild the index."""


@documents.command("list")
@click.option("--owner", metavar="NAME|ID", help="Only this user's.")
@click.option("--status", type=click.Choice([status.value for status in DocumentStatus]))
@limited
@continued
@as_json
def list_documents(
    owner: str | None, status: str | None, limit: int, after: uuid.UUID | None, as_json: bool
) -> None:
    """List documents, newest first.

    \b
    Example:
      flask documents list --owner ada --status failed
    """
    owner_id = people.look_up(owner).id if owner else None
    found = service.list_all(Page(limit=limit, after=after), owner_id, status)
    bodies = [_body(document) for document in found]
    print_page(bodies, COLUMNS, limit, to_json=as_json, nothing="There are no such documents.")


def _body(document: Document) -> dict[str, Any]:
    body: dict[str, Any] = WholeDocumentSchema().dump(document)
    return {**body, "owner_id": str(document.owner_id)}


@documents.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
@collection
@click.option("--owner", metavar="NAME|ID", help="Only this user's.")
@everything
@click.option("--no-wait", is_flag=True, help="Do not wait for the jobs.")
@as_json
def reindex(
    ids: tuple[uuid.UUID, ...],
    collection: uuid.UUID | None,
    owner: str | None,
    everything: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Index documents again from their files, as jobs of their owners.

    What is searchable stays so until its new version is complete. Texts that were embedded before
    are not embedded again. Ctrl-C stops the waiting, not the jobs.

    \b
    Example:
      flask documents reindex 0199c3f2-7d3b-7c3e-9f43-0d6a4c2f1b11
      flask documents reindex --owner ada
      flask documents reindex --all --no-wait
    """
    _demand_one(bool(ids), collection is not None, owner is not None, everything)
    owner_id = people.look_up(owner).id if owner else None
    targets = reindexing.targets(document_ids=ids, collection_id=collection, owner_id=owner_id)
    accepted: list[uuid.UUID] = []
    for target, result in reindexing.promise(targets):
        if isinstance(result, AssistantError):
            click.echo(f"Error: {target.id}: {result.detail}", err=True)
        else:
            accepted.append(result.id)
    refused = len(targets) - len(accepted)
    if no_wait:
        _report({"accepted": len(accepted), "refused": refused, "job_ids": accepted}, as_json)
    else:
        follow(accepted, refused=refused, as_json=as_json)
    if refused:
        raise click.exceptions.Exit(1)


def _demand_one(*given: bool) -> None:
    if sum(given) != 1:
        raise click.UsageError(
            "Say which: one or more IDs, or one of --collection, --owner, --all."
        )


def _report(done: dict[str, Any], to_json: bool) -> None:
    if to_json:
        print_json(done)
    else:
        documents = counted(done["accepted"], "document")
        click.echo(f"{documents} will be indexed again: flask jobs list")


@documents.command()
@collection
@everything
@click.option("--drop", is_flag=True, help="Throw away the old index first.")
@as_json
def rebuild(collection: uuid.UUID | None, everything: bool, drop: bool, as_json: bool) -> None:
    """Refill Chroma from the embeddings in PostgreSQL; nothing is embedded again.

    For a Chroma that was lost or is new. Searches go on meanwhile. With --drop, for an index that
    is damaged, they find little until the end.

    \b
    Example:
      flask documents rebuild --all
    """
    if everything == (collection is not None):
        raise click.UsageError("Say which: --collection or --all.")
    targets = rebuilding.targets(collection)
    done = []
    with progress_bar("Rebuilding", sum(target.vectors for target in targets)) as bar:
        for target in targets:
            done.append(rebuilding.rebuild(target.collection, drop=drop, on_progress=bar.update))
    if as_json:
        print_json({"vectors": sum(one["vectors"] for one in done), "collections": done})
    else:
        print_table(REBUILT, done, nothing="There are no collections.")
