"""What load balancers and people read first."""

from marshmallow import Schema, fields


class WelcomeSchema(Schema):
    """A greeting, and where to read on."""

    message = fields.String()


class HealthSchema(Schema):
    """That the process answers."""

    status = fields.String(metadata={"example": "healthy"})


class ReadinessSchema(Schema):
    """Whether anything can be served, and the state of each part in words."""

    status = fields.String(metadata={"example": "ready"})
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={
            "example": {"database": "ok", "sweeper": "ok", "worker:replies": "has never run"}
        },
    )
