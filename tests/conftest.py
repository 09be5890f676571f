"""Real servers for all tests, started once, and what most tests need of them."""

import io
import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url, text
from werkzeug.test import TestResponse

from assistant.adapters import passwords
from assistant.adapters.provided import Adapters
from assistant.app import create_app
from assistant.config import read_settings
from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.local.stack import LocalStack
from tests.contract import contract_of
from tests.doubles.model_server import ModelServer
from tests.own_servers import room, spare_the_disk

# A model takes half a minute to convert, which is not done for each folder of data.
os.environ.setdefault("MODEL_DIR", str(Path(__file__).parents[1] / "var/models/converted"))

PASSWORD = "correct horse battery"
DEAR = passwords._hasher
_numbers = itertools.count(1)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Convert the embedding model before any test's time begins, in one process for all."""
    if not hasattr(session.config, "workerinput"):
        Adapters(read_settings()).embedding_model.embed([""])


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start PostgreSQL, Redis and Chroma, those whose URL is not set, and migrate."""
    with (
        room(read_settings(), 0) as urls,
        LocalStack(
            read_settings(data_dir=tmp_path_factory.mktemp("data"), **urls), quiet=True, serve=False
        ) as stack,
    ):
        spare_the_disk(stack)
        stack.migrate()
        yield stack


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    """Serve a scripted language model, the only double."""
    with ModelServer() as server:
        yield server


class ReadingClient(FlaskClient):
    """A client that reads every answer to its end, so that no file stays open.

    Whatever is answered has to be what the OpenAPI document promises.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        response = super().open(*args, **{"buffered": True, **kwargs})
        asked = response.request
        # What is packed is a file of the console, of which the document does not speak.
        is_json = response.is_json and response.data and not response.content_encoding
        contract_of(self.application).hold(
            asked.method,
            asked.path,
            response.status_code,
            response.headers,
            response.get_json() if is_json else None,
        )
        return response


@pytest.fixture(scope="session")
def cheap_passwords() -> Iterator[None]:
    """Let a hash cost next to nothing; what it costs in truth is paid in the live stack."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
        patch.setattr(passwords, "_hasher", cheap)
        yield


@pytest.fixture
def dear_passwords(cheap_passwords: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hash cost what it costs in truth."""
    monkeypatch.setattr(passwords, "_hasher", DEAR)


@pytest.fixture(scope="session")
def app(servers: LocalStack, model_server: ModelServer, cheap_passwords: None) -> Flask:
    """Make the application on the servers of this run."""
    names = ("database_url", "database_admin_url", "redis_url", "chroma_url", "data_dir")
    app = create_app(
        **{name: getattr(servers.settings, name) for name in names},
        secret_key="a key for tests that nobody else has",
        openai_base_url=model_server.url,
        openai_model="scripted-model",
        retry_base_seconds=0.01,
        # What is refused is sent as a whole.
        max_file_size=10 * 1024 * 1024,
        checkpoint_seconds=0.05,
        # Tests leave stopped work lying about, and shall not be ended for it.
        stuck_seconds=100_000,
        debug=bool(os.environ.get("TEST_DEBUG")),
    )
    app.test_client_class = ReadingClient
    # Some tests have folders of their own, whose files this one lacks.
    app.extensions["adapters"].files.mark()
    return app


@pytest.fixture(autouse=True)
def context(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a test that uses the application its context, and leave no job behind."""
    if "app" not in request.fixturenames:
        yield
        return
    app: Flask = request.getfixturevalue("app")
    with app.app_context():
        yield
        with transaction(SYSTEM) as session:
            session.execute(text("DELETE FROM job_attempts"))
            session.execute(text("DELETE FROM jobs"))
            session.execute(text("DELETE FROM sign_in_counts"))
        cache.ask(lambda client: client.flushdb())


@dataclass
class User:
    """A signed-in user with a client of their own."""

    client: FlaskClient
    id: str
    username: str
    access_token: str
    refresh_token: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Send the access token with every request."""
        self.headers["Authorization"] = f"Bearer {self.access_token}"

    def _call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {**self.headers, **kwargs.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def openai(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Ask as a client of OpenAI's API does."""
        headers = {**self.headers, **kwargs.pop("headers", {})}
        return self.client.open(f"/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """Read."""
        return self._call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        """Create."""
        return self._call("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        """Replace."""
        return self._call("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        """Change."""
        return self._call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        """Delete."""
        return self._call("DELETE", path, **kwargs)

    def upload(self, name: str, content: bytes, **form: Any) -> TestResponse:
        """Upload a document."""
        return self.post("/documents", data={"file": (io.BytesIO(content), name), **form})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client that is not signed in."""
    return app.test_client()


@pytest.fixture
def make_user(app: Flask) -> Callable[[], User]:
    """Return a function that registers a new user and signs in."""

    def make() -> User:
        client = app.test_client()
        name = f"user{next(_numbers)}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        registered = client.post("/api/v1/auth/register", json=body)
        assert registered.status_code == 201, registered.text
        tokens = client.post(
            "/api/v1/auth/token", data={"username": name, "password": PASSWORD}
        ).get_json()
        return User(
            client,
            registered.get_json()["id"],
            name,
            tokens["access_token"],
            tokens["refresh_token"],
        )

    return make


@pytest.fixture
def user(make_user: Callable[[], User]) -> User:
    """Return a signed-in user."""
    return make_user()


@pytest.fixture
def other_user(make_user: Callable[[], User]) -> User:
    """Return another signed-in user."""
    return make_user()


@pytest.fixture
def admin(make_user: Callable[[], User]) -> User:
    """Return a signed-in administrator, the only active one."""
    made = make_user()
    with transaction(SYSTEM) as session:
        session.execute(text("UPDATE users SET is_active = false WHERE role = 'admin'"))
        session.execute(text("UPDATE users SET role = 'admin' WHERE id = :id"), {"id": made.id})
    return made


@pytest.fixture
def scratch_url(servers: LocalStack) -> Iterator[str]:
    """Make an empty database that the application's role owns, and drop it afterwards."""
    url = make_url(servers.settings.database_url)
    password_file = servers.folder.secrets / "postgres_admin_password"
    if not password_file.exists():
        pytest.skip("DATABASE_URL is set, so whoever may create databases is not known")
    admin = psycopg2.connect(
        host=url.host,
        port=url.port,
        user="postgres",
        password=password_file.read_text().strip(),
        dbname="postgres",
    )
    admin.autocommit = True
    name = f"scratch_{uuid.uuid4().hex}"
    cursor = admin.cursor()
    cursor.execute(f'CREATE DATABASE "{name}" OWNER "{url.username}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.close()


@pytest.fixture(scope="session")
def chroma_url(servers: LocalStack) -> str:
    """Return the address of the Chroma server of this run."""
    return servers.settings.chroma_url


@pytest.fixture(scope="session")
def handbook() -> bytes:
    """Return the PDF that the project ships."""
    return (Path(__file__).parents[1] / "assistant/local/handbook.pdf").read_bytes()
