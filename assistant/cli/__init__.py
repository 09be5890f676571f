"""The `flask` commands for administrators."""

import importlib
import importlib.util

from flask import Flask

from assistant.cli.completion import completion
from assistant.cli.doctor import doctor
from assistant.cli.documents import documents
from assistant.cli.jobs import jobs
from assistant.cli.stats import stats
from assistant.cli.sweep import sweep
from assistant.cli.users import users


def init_app(app: Flask) -> None:
    """Register the commands; those of a local run only where its servers are installed."""
    for command in (users, jobs, documents, stats, doctor, sweep, completion):
        app.cli.add_command(command)
    if importlib.util.find_spec("supervisor"):
        app.cli.add_command(importlib.import_module("assistant.local.commands").local)
