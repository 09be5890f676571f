"""The product as an MCP server: tools that search, read and ask, for programs with a model.

Two eras of the protocol are spoken at one address: 2026-07-28, in which each request says all that
is to be known, and those before, which begin with `initialize`. Nothing is kept between requests;
what takes long is a job, and as a task in the words of the protocol the same job.
"""

from flask import Flask

from assistant.api.mcp.endpoint import blp


def init_app(app: Flask) -> None:
    """Register `/mcp`."""
    app.register_blueprint(blp)
