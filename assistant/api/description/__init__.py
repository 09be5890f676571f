"""Complete the OpenAPI document: what views declare, with what holds for all of them."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from flask_smorest import Api

from assistant.api.description import directions, enumerations, examples, operations
from assistant.config import Settings

Document = dict[str, Any]

INFO = {
    "description": "Send messages and documents, follow the jobs that answer and index them. Every "
    "error is a problem (RFC 9457).",
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
}


def info(settings: Settings) -> Document:
    """Return what the document says of itself."""
    contact = {"name": f"Whoever operates this {settings.app_name}"}
    if settings.public_url:
        contact["url"] = settings.public_url
    return {**INFO, "contact": contact}


def init_app(api: Api, settings: Settings) -> None:
    """Let the document be completed when it is first asked for; then it stays as it is."""
    api.spec.to_dict = _made_once(api, api.spec.to_dict, settings)


def _made_once(
    api: Api, declared: Callable[[], Document], settings: Settings
) -> Callable[[], Document]:
    made: list[Document] = []

    def document() -> Document:
        if not made:
            made.append(_completed(api, deepcopy(declared()), settings))
        return made[0]

    return document


def _completed(api: Api, document: Document, settings: Settings) -> Document:
    references = api.ma_plugin.converter.refs
    classes = {name: key[0] for key, name in references.items()}
    operations.complete(document, classes)
    directions.complete(document, classes)
    enumerations.complete(document)
    examples.complete(document)
    document["servers"] = [{"url": settings.public_url or "/"}]
    return document
