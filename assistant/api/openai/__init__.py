"""The API as OpenAI's clients know it, below `/v1`; whoever speaks that needs no other.

Errors there have OpenAI's shape (`assistant.openai_errors`), whoever raises them.
"""

from flask import Flask

from assistant.api.openai import (
    chat,
    completions,
    conversations,
    embeddings,
    file_batches,
    files,
    models,
    responses,
    store_files,
    store_search,
    vector_stores,
)
from assistant.api.openai.blueprint import blp
from assistant.openai_errors import PREFIX

# Each registers its endpoints as it is imported.
ENDPOINTS = (
    *(chat, completions, conversations, embeddings, models, responses),
    *(files, vector_stores, store_files, file_batches, store_search),
)


def init_app(app: Flask) -> None:
    """Register what is below `/v1`."""
    app.register_blueprint(blp, url_prefix=PREFIX)
