"""`flask eval`: how well a set of questions is answered."""

import time
import uuid
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import with_appcontext
from marshmallow import ValidationError

from assistant.cli.following import POLL_SECONDS, progress_bar
from assistant.cli.groups import Command
from assistant.cli.output import Columns, as_json, print_fields, print_json, print_table
from assistant.models import JobState
from assistant.models.job import TERMINAL
from assistant.schemas.evaluations import EvaluationSettingSchema, EvaluationWithResultSchema
from assistant.services.accounts import users as people
from assistant.services.evaluation import evaluations, question_sets
from assistant.services.evaluation.report import BY_NAME
from assistant.services.retrieval.retrieval import Scope

INSTALLED = "installed"
Body = dict[str, Any]


class Setting(click.ParamType[Body]):
    """A way to answer, as `search=dense,retrieval_limit=6`."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Body:
        """Return what the API would be sent."""
        if isinstance(value, dict):
            return value
        if value.strip() == INSTALLED:
            return {"name": "as installed"}
        given = dict(self._pair(part, param, ctx) for part in value.split(","))
        try:
            loaded: Body = EvaluationSettingSchema().load(given)
        except ValidationError as error:
            said = [f"{name}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
            self.fail(" ".join(said), param, ctx)
        return loaded

    def _pair(
        self, part: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals:
            self.fail(f"{part!r} is not NAME=VALUE, nor `{INSTALLED}`.", param, ctx)
        if name == "threshold" and value == "none":
            return name, None
        if name == "rerank" and value in ("true", "false"):
            return name, value == "true"
        try:
            return name, {"retrieval_limit": int, "threshold": float}.get(name, str)(value)
        except ValueError:
            self.fail(f"{value!r} is no number.", param, ctx)


@click.command("eval", cls=Command)
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--owner", metavar="NAME|ID", required=True, help="Whose documents are asked.")
@click.option("--id", "known", type=click.UUID, help="Show this evaluation instead of a new one.")
@click.option("--name", default=None, help="What to call it; the file's name if not given.")
@click.option(
    "--setting",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="NAME=VALUE,...",
    help="A way to answer, or twice two to compare: retrieval_limit=1..100, threshold=-1..1 or "
    "none, search=fused|dense|lexical, rerank=true|false, answers=extractive|model, name=TEXT; "
    "or `installed`.",
)
@click.option("--document", "documents", type=click.UUID, multiple=True, help="Only this one.")
@click.option("--collection", "collections", type=click.UUID, multiple=True, help="Only this one.")
@click.option(
    "--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw it, as SVG."
)
@click.option("--no-wait", is_flag=True, help="Do not wait for the result.")
@as_json
@with_appcontext
def evaluate(
    file: IO[bytes] | None,
    owner: str,
    known: uuid.UUID | None,
    picture: Path | None,
    no_wait: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Ask the questions of FILE (JSON or CSV) and judge what people would have got.

    It is a job of the documents' owner. Ctrl-C stops the waiting, not the job; --id shows it later.

    \b
    Example:
      flask eval questions.csv --owner ada
      flask eval questions.json --owner ada --setting installed --setting search=dense \\
          --plot compare.svg
    """
    if (file is None) == (known is None):
        raise click.UsageError("Say what to ask: a FILE, or the --id of an earlier evaluation.")
    owner_id = people.look_up(owner).id
    evaluation_id = known or _create(owner_id, file, **wanted)
    if no_wait:
        shown = f"flask eval --owner {owner} --id {evaluation_id}"
        print_json({"id": evaluation_id}) if as_json else click.echo(shown)
        return
    body = _wait(owner_id, evaluation_id)
    if picture is not None and body["result"] is not None:
        picture.write_text(evaluations.draw(owner_id, evaluation_id), encoding="utf-8")
    print_json(EvaluationWithResultSchema().dump(body)) if as_json else _show(body)
    if body["state"] != JobState.SUCCEEDED:
        raise click.exceptions.Exit(1)


def _create(
    owner_id: uuid.UUID,
    file: IO[bytes] | None,
    *,
    name: str | None,
    settings: tuple[Body, ...],
    documents: tuple[uuid.UUID, ...],
    collections: tuple[uuid.UUID, ...],
) -> uuid.UUID:
    assert file is not None
    if len(settings) > 2:
        raise click.UsageError("Two settings can be compared, not more.")
    cases = question_sets.read(file.read(question_sets.MOST_BYTES + 1))
    called = (name or Path(file.name).name)[:200]
    scope = Scope(owner_id, documents, collections)
    job = evaluations.create(owner_id, cases, settings or [{}], called, scope)
    click.echo(f"Evaluation {job.id} of {len(cases)} questions.", err=True)
    return job.id


def _wait(owner_id: uuid.UUID, evaluation_id: uuid.UUID) -> Body:
    """Show a bar until the job has ended, and return the evaluation."""
    body = evaluations.get(owner_id, evaluation_id)
    total, shown = body["question_count"] * len(body["settings"]), 0
    with progress_bar("Asking", total) as bar:
        while body["state"] not in TERMINAL:
            done = body["progress"]["done"]
            bar.update(max(done - shown, 0), f"{done} of {total}")
            shown = max(done, shown)
            # The job runs elsewhere; looking again is all that a command can do.
            time.sleep(POLL_SECONDS)
            body = evaluations.get(owner_id, evaluation_id)
        bar.update(total - shown if body["result"] else 0, body["state"])
    return body


def _show(body: Body) -> None:
    if body["result"] is None:
        said = (body["error"] or {}).get("detail", "There is no result.")
        click.echo(f"The evaluation is {body['state']}. {said}")
        return
    result, names = body["result"], [setting["name"] for setting in body["settings"]]
    print_table(_columns(names), result["measures"])
    click.echo()
    fields = {}
    for name, took, errors in zip(names, result["latency"], result["errors"], strict=True):
        failed = f", {errors} failed" if errors else ""
        fields[name] = f"p50 {took['p50']:.3f} s, p95 {took['p95']:.3f} s{failed}"
    print_fields(fields)


def _columns(names: list[str]) -> Columns:
    columns: dict[str, Any] = {
        "MEASURE": lambda row: BY_NAME[row["name"]].title,
        "OF": lambda row: row["of"],
    }
    for number, name in enumerate(names):
        header = f"{name} ({number + 1})" if name in columns else name
        columns[header] = lambda row, number=number: f"{row['values'][number]:.3f}"
    if len(names) == 2:
        columns |= {
            "DIFFERENCE": lambda row: f"{row['difference']:+.3f}",
            "HIGHER": lambda row: row["higher"],
            "LOWER": lambda row: row["lower"],
            "P": lambda row: f"{row['p']:.3f}",
            "P (ALL)": lambda row: f"{row['p_adjusted']:.3f}",
        }
    return columns
