"""The bare parts: what the same work costs with nothing of ours in the way.

One view checks a token, inserts two rows in one transaction and sends one Celery task; one checks
a token and reads one Redis hash. `gunicorn -c python:benchmarks.bare benchmarks.bare:app`. The
task makes two commits and writes the hash: `celery -A benchmarks.bare worker -Q bare -P threads`.
"""

import os
import uuid

import redis
from celery import Celery
from flask import Flask, Response, jsonify
from flask_jwt_extended import JWTManager, jwt_required
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from assistant.server import post_fork as post_fork
from assistant.server import worker_class as worker_class

bind = f"127.0.0.1:{os.environ['BARE_PORT']}"
workers = 2


class Base(DeclarativeBase):
    """The parent of two tables that stand for message and job."""


db = SQLAlchemy(model_class=Base)


class Message(Base):
    """A message with nothing but its text."""

    __tablename__ = "bare_messages"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    content: Mapped[str]


class Job(Base):
    """A job with nothing but its state."""

    __tablename__ = "bare_jobs"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    message_id: Mapped[uuid.UUID]
    state: Mapped[str]


app = Flask(__name__)
app.config.update(
    SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"],
    SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 10, "max_overflow": 20},
    JWT_SECRET_KEY=os.environ["SECRET_KEY"],
)
db.init_app(app)
JWTManager(app)
celery = Celery("bare", broker=os.environ["REDIS_URL"])
cache = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.post("/messages")
@jwt_required()
def create_message() -> tuple[Response, int]:
    """Insert two rows in one transaction and send a task."""
    message = Message(id=uuid.uuid4(), content="hello")
    job = Job(id=uuid.uuid4(), message_id=message.id, state="queued")
    db.session.add_all([message, job])
    db.session.commit()
    celery.send_task("bare", args=[str(job.id)], queue="bare", ignore_result=True)
    return jsonify(id=str(job.id)), 202


@celery.task(name="bare", ignore_result=True)
def work(job_id: str) -> None:
    """Begin and end a job with a commit each, and write its hash."""
    with app.app_context():
        for state in ("running", "succeeded"):
            db.session.execute(update(Job).where(Job.id == uuid.UUID(job_id)).values(state=state))
            db.session.commit()
    fields = {f"field{number}": "value" * 4 for number in range(8)}
    cache.hset(f"bare:{job_id}", mapping={**fields, "state": "succeeded"})


@app.get("/jobs/<job_id>")
@jwt_required()
def get_job(job_id: str) -> Response:
    """Read one hash."""
    found = cache.hgetall(f"bare:{job_id}")
    return jsonify({name.decode(): value.decode() for name, value in found.items()})


@app.cli.command()
def make_tables() -> None:
    """Create the two tables."""
    Base.metadata.create_all(db.engine)
