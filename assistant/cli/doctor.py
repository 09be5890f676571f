"""`flask doctor`: what is wrong, and what to do about it."""

import textwrap
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from assistant.cli.groups import Command
from assistant.cli.output import as_json, counted, echo_styled, print_json, text_of
from assistant.services.operations.doctor import Finding, Status, examine

COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAIL: "red"}
INDENT = " " * 30


@click.command(cls=Command)
@click.option("--deep", is_flag=True, help="Also load the embedding model and ask for an answer.")
@as_json
@with_appcontext
def doctor(deep: bool, as_json: bool) -> None:
    """Check every server, the models, the disk and the settings.

    Exit code 1 says that something does not work; a warning does not change it.

    \b
    Example:
      flask doctor
      flask doctor --deep --json
    """
    findings = examine(deep=deep)
    worst = max((finding.status for finding in findings), key=list(Status).index)
    if as_json:
        print_json({"status": worst, "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        click.echo(_summary(findings))
    if worst is Status.FAIL:
        raise click.exceptions.Exit(1)


def _print(finding: Finding) -> None:
    line = f"{finding.status:<8} {finding.name:<20} {text_of(finding.detail)}"
    echo_styled(line, fg=COLOURS[finding.status])
    if finding.advice and finding.status is not Status.OK:
        for part in textwrap.wrap(finding.advice, 100 - len(INDENT)):
            click.echo(INDENT + part)


def _summary(findings: list[Finding]) -> str:
    count = [sum(finding.status is status for finding in findings) for status in Status]
    return f"{count[0]} ok, {counted(count[1], 'warning')}, {counted(count[2], 'failure')}."
