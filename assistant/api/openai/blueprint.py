"""The blueprint of all that is below `/v1`; it is no part of our own OpenAPI document."""

from flask import Blueprint

blp = Blueprint("openai", __name__)
