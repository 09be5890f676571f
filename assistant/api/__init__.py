"""Register the REST API's resources, each in a module of its own, and describe them in OpenAPI."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from assistant import __version__
from assistant.api import (
    administration,
    api_keys,
    audit,
    auth,
    collections,
    console,
    conversations,
    description,
    docs_assets,
    documents,
    evaluations,
    events,
    health,
    invitations,
    jobs,
    limit_fields,
    mcp,
    messages,
    models,
    openai,
    pages,
    prefer_header,
    search,
    sessions,
    usage,
    users,
    websocket,
)
from assistant.api.forms import FormRequest
from assistant.config import Settings
from assistant.problems import ProblemApi

PREFIX = "/api/v1"


def init_app(app: Flask, settings: Settings) -> None:
    """Register every resource, and the documentation made from them."""
    app.config.update(
        API_TITLE=settings.app_name,
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL=f"{urlsplit(settings.public_url or '').path}/docs/assets/",
        OPENAPI_SWAGGER_UI_CONFIG={"persistAuthorization": True, "displayRequestDuration": True},
        API_SPEC_OPTIONS={"info": description.info(settings)},
    )
    # A job reads the same whether it comes from Redis, where it lies as text, or from here.
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's own provider
    app.request_class = FormRequest
    # Each application has its own, since it keeps what it has described.
    api = app.extensions["api"] = ProblemApi(app)
    for name, scheme in security_schemes(settings.public_url or "").items():
        api.spec.components.security_scheme(name, scheme)
    for resource in RESOURCES:
        api.register_blueprint(resource.blp, url_prefix=PREFIX + (resource.blp.url_prefix or ""))
    api.register_blueprint(health.blp)
    app.register_blueprint(docs_assets.blp)
    app.register_blueprint(console.blp)
    openai.init_app(app)
    description.init_app(api, settings)
    mcp.init_app(app)
    app.after_request(prefer_header.wait_if_preferred)
    app.after_request(limit_fields.tell)


RESOURCES = (
    auth,
    users,
    sessions,
    api_keys,
    invitations,
    audit,
    administration,
    usage,
    conversations,
    messages,
    documents,
    pages,
    collections,
    search,
    evaluations,
    jobs,
    events,
    websocket,
    models,
)


def security_schemes(public_url: str) -> dict[str, dict[str, Any]]:
    """Return how a request may say whose it is."""
    token_url = f"{public_url}{PREFIX}/auth/token"
    flow = {"tokenUrl": token_url, "refreshUrl": token_url, "scopes": {}}
    return {
        "password": {"type": "oauth2", "flows": {"password": flow}},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "ask_…",
            "description": "An API key; it needs the scope that the operation names",
        },
        "ticket": {
            "type": "apiKey",
            "in": "query",
            "name": "ticket",
            "description": "A ticket for one job, which works once, for those who send no headers",
        },
    }
