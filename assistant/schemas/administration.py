"""What administrators see of everybody's work."""

from marshmallow import INCLUDE, Schema, fields, validate

from assistant.models import JobState, Queue
from assistant.schemas.jobs import AttemptSchema, JobSchema
from assistant.schemas.paging import PageSchema


class OperatedJobQuerySchema(PageSchema):
    """Which jobs of all owners to list."""

    state = fields.String(validate=validate.OneOf([state.value for state in JobState]))
    kind = fields.String(metadata={"description": "Such as `documents.index`."})
    queue = fields.String(validate=validate.OneOf([queue.value for queue in Queue]))
    owner_id = fields.UUID()


class OperatedJobSchema(JobSchema):
    """A job, whose it is and how it is handled; no text that people wrote."""

    class Meta:
        """What it waits for is found out only where one job is read."""

        exclude = ("attempts",)

    result = fields.Dict(  # type: ignore[assignment]  # what it made is not shown
        allow_none=True, metadata={"description": "Ids and figures"}
    )
    owner_id = fields.UUID()
    owner = fields.String()
    queue = fields.String()
    priority = fields.Integer()
    failures = fields.Integer()
    max_failures = fields.Integer()
    lease_losses = fields.Integer()
    worker = fields.String(allow_none=True)
    run_after = fields.DateTime()
    deadline_at = fields.DateTime()
    dispatched_at = fields.DateTime(allow_none=True)
    dispatches = fields.Integer()
    lease_expires_at = fields.DateTime(allow_none=True)


class OperatedAttemptSchema(AttemptSchema):
    """An attempt, by whom, and what it used up of a model."""

    worker = fields.String()
    seconds = fields.Float()
    usage = fields.Dict(allow_none=True)


class ShownOperatedJobSchema(OperatedJobSchema):
    """A job of anybody's with the last hundred attempts at it."""

    class Meta:
        """Here are the attempts."""

        exclude = ()

    attempts = fields.List(fields.Nested(OperatedAttemptSchema))


class QueueSchema(Schema):
    """A queue: what waits, what is delayed, what is sent and what runs."""

    queue = fields.String()
    waiting = fields.Integer()
    delayed = fields.Integer()
    dispatched = fields.Integer()
    running = fields.Integer()
    oldest_seconds = fields.Float(allow_none=True)
    bells = fields.Integer(
        allow_none=True, metadata={"description": "Messages in the broker; null while it is away"}
    )


class WorkerSchema(Schema):
    """A worker that answers or has jobs."""

    worker = fields.String()
    answers = fields.Boolean()
    queues = fields.List(fields.String())
    running = fields.Integer()


class StatisticsSchema(Schema):
    """Figures of the moment, and of the last hour and day."""

    class Meta:
        """A newer release may know more figures."""

        unknown = INCLUDE

    queues = fields.List(fields.Nested(QueueSchema))
    workers = fields.List(fields.Nested(WorkerSchema))
    jobs = fields.Dict()
    documents = fields.Dict()
    indexes = fields.Raw()
    rereading = fields.Raw()
    lexical_index = fields.Dict()
    users = fields.Integer()
    sweeper = fields.Dict()
