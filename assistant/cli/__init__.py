"""The `flask` commands for administrators."""

import importlib
import importlib.util

from flask import Flask

from assistant.cli import (
    accounts,
    audit,
    completion,
    doctor,
    documents,
    evaluating,
    invitations,
    jobs,
    keys,
    models,
    sessions,
    stats,
    sweep,
    usage,
    vectors,
)

COMMANDS = (
    *(
        accounts.users,
        sessions.sessions,
        keys.keys,
        invitations.invitations,
        models.models,
        jobs.jobs,
        documents.documents,
    ),
    *(audit.audit, stats.stats, usage.usage, doctor.doctor, sweep.sweep),
    *(vectors.vectors, evaluating.evaluate, completion.completion),
)


def init_app(app: Flask) -> None:
    """Register the commands; those of a local run only where its servers are installed."""
    for command in COMMANDS:
        app.cli.add_command(command)
    if importlib.util.find_spec("supervisor"):
        app.cli.add_command(importlib.import_module("assistant.local.commands").local)
