"""Embeddings: by the model that documents are searched with, or by one of the provider's."""

import base64
import uuid
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from assistant.errors import InvalidInput, UnknownModel
from assistant.extensions import settings
from assistant.services.generation import model_list
from assistant.services.model_calls import answers, chat, refusals
from assistant.services.model_calls.counting import Counted
from assistant.services.model_calls.places import Place
from assistant.services.providers import choosing
from assistant.services.retrieval import given_texts

PATH = "/embeddings"
MOST_TEXTS = 2048
# What programs ask for that were written for OpenAI. The answer names the model that it is from.
USUAL = "text-embedding-"
HUB = "sentence-transformers/"


def own_name() -> str:
    """Return the name by which clients know our own model."""
    name = settings.embedding_model
    return PurePath(name).name if name.startswith(("/", ".")) else name


def is_own(model: str) -> bool:
    """Return whether a name is that of our own model."""
    names = (settings.embedding_model, settings.encoder, own_name())
    return model in names or model.removeprefix(HUB) == own_name()


def embed(owner_id: uuid.UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request for embeddings; raises what is wrong with it."""
    model = body["model"]
    if not is_own(model):
        if choosing.found(model) is None and model_list.is_listed(model):
            return _passed_on(owner_id, body)
        if not model.startswith(USUAL):
            raise UnknownModel(
                f"The model {model[:100]!r} does not exist. '{own_name()}' embeds here."
            )
    texts = _texts(body["input"])
    with Place(owner_id), Counted(owner_id, {**body, "model": own_name()}) as counted:
        found = given_texts.embed(owner_id, texts, body.get("dimensions"))
        counted.take({"usage": {"prompt_tokens": found.tokens}})
    as_base64 = body.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": number,
            "embedding": vector if as_base64 else _floats(vector),
        }
        for number, vector in enumerate(found.vectors)
    ]
    usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    return {"object": "list", "model": own_name(), "data": data, "usage": usage}


def _floats(vector: str) -> list[float]:
    return [float(number) for number in np.frombuffer(base64.b64decode(vector), "<f4")]


def _texts(given: Any) -> Sequence[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise InvalidInput("'input' is a text, or a list of texts.", pointer="/input")
    if any(isinstance(text, int | list) and not isinstance(text, bool) for text in texts):
        raise InvalidInput(
            "'input' has tokens, which are those of another model. Send text: with LangChain, "
            "`OpenAIEmbeddings(check_embedding_ctx_length=False)`.",
            pointer="/input",
        )
    if len(texts) > MOST_TEXTS:
        raise InvalidInput(f"'input' has at most {MOST_TEXTS} texts.", pointer="/input")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInput(f"input[{number}] is no text.", pointer="/input")
        if not text:
            raise InvalidInput(f"input[{number}] is empty.", pointer="/input")
    return texts


def _passed_on(owner_id: uuid.UUID, body: dict[str, Any]) -> dict[str, Any]:
    with Place(owner_id), Counted(owner_id, body) as counted:
        given = chat.read(chat.opened(PATH, body))
        counted.take(given if isinstance(given, dict) else {})
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(data, list) or not all(
        isinstance(row, dict) and "embedding" in row for row in data
    ):
        raise refusals.no_answer("answered with something that is no list of embeddings")
    rows = [{"object": "embedding", "index": number, **row} for number, row in enumerate(data)]
    usage = answers.usage_of(given.get("usage")) or {"prompt_tokens": 0, "total_tokens": 0}
    usage.pop("completion_tokens", None)
    return {
        "model": body["model"],
        **given,
        "object": "list",
        "data": sorted(rows, key=lambda row: int(row["index"])),
        "usage": usage,
    }
