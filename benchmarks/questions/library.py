"""An application on servers of its own, and owners whose documents are indexed."""

import io
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from uuid_utils.compat import uuid7

from assistant.app import create_app
from assistant.config import read_settings
from assistant.database import transaction
from assistant.local.stack import LocalStack
from assistant.models import User
from assistant.services import jobs
from assistant.services.documents import collections, documents


@contextmanager
def application(**chosen: Any) -> Iterator[Flask]:
    """Start PostgreSQL, Redis and Chroma, and yield an application in its context."""
    with tempfile.TemporaryDirectory() as folder:
        # What takes long to make is made once.
        settings = read_settings(data_dir=Path(folder), model_dir=read_settings().models, **chosen)
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            names = ("database_url", "database_admin_url", "redis_url", "chroma_url", "data_dir")
            servers = {name: getattr(stack.settings, name) for name in names}
            app = create_app(**servers, model_dir=settings.models, secret_key="k" * 40, **chosen)
            with app.app_context():
                yield app


def owner_of(files: Mapping[str, str]) -> uuid.UUID:
    """Make an owner, and index files for them."""
    owner = uuid7()
    name = f"reader{owner.hex}"
    with transaction(owner) as session:
        session.add(
            User(id=owner, username=name, email=f"{name}@x.org", password_hash="-", role="user")
        )
        session.flush()
        session.add(collections.default_for(owner))
    for filename, text in files.items():
        job = documents.create(owner, io.BytesIO(text.encode()), filename, None)
        jobs.run(str(job.id))
    return owner
