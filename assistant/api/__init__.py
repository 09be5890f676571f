"""Register the REST API's resources, each in a module of its own, and describe them in OpenAPI."""

from flask import Flask

from assistant import __version__
from assistant.api import (
    api_keys,
    audit,
    auth,
    collections,
    conversations,
    docs_assets,
    documents,
    evaluations,
    events,
    health,
    invitations,
    jobs,
    mcp,
    messages,
    models,
    openai,
    pages,
    prefer_header,
    search,
    sessions,
    users,
    websocket,
)
from assistant.api.forms import FormRequest
from assistant.config import Settings
from assistant.extensions import api

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
        OPENAPI_SWAGGER_UI_URL="/docs/assets/",
        OPENAPI_SWAGGER_UI_CONFIG={"persistAuthorization": True, "displayRequestDuration": True},
        API_SPEC_OPTIONS={
            "info": {
                "description": "Send messages and documents, follow the jobs that answer and "
                "index them. Every error is a problem (RFC 9457)."
            }
        },
    )
    # A job reads the same whether it comes from Redis, where it lies as text, or from here.
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's own provider
    app.request_class = FormRequest
    api.init_app(app)
    for name, scheme in SECURITY_SCHEMES.items():
        api.spec.components.security_scheme(name, scheme)
    for resource in RESOURCES:
        api.register_blueprint(resource.blp, url_prefix=PREFIX + (resource.blp.url_prefix or ""))
    api.register_blueprint(health.blp)
    app.register_blueprint(docs_assets.blp)
    openai.init_app(app)
    mcp.init_app(app)
    app.after_request(prefer_header.wait_if_preferred)


RESOURCES = (
    auth,
    users,
    sessions,
    api_keys,
    invitations,
    audit,
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

SECURITY_SCHEMES = {
    "password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": f"{PREFIX}/auth/token", "scopes": {}}},
    },
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ask_…",
        "description": "An API key; it needs the scope that the operation names",
    },
}
