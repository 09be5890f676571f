"""What the API says when a part takes nothing more, and what it serves all the same."""

import io
import os
import random
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from assistant.adapters.chroma import ChromaStore
from assistant.adapters.trials import ChromaTrial
from assistant.database import db
from assistant.errors import TransientError
from assistant.local.chroma import chroma_server
from assistant.services.operations import trial_writes
from assistant.services.operations.trial_writes import TrialWrites
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem
from tests.local.conftest import free_port
from tests.own_postgres import OwnPostgres, fill, may_mount, own_postgres, small_disk
from tests.services.factories import wait_for

MakeApp = Callable[..., Flask]
CONNECTIONS = 8


@pytest.fixture(scope="module")
def small_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPostgres]:
    """Run a PostgreSQL that takes few connections."""
    options = {"max_connections": str(CONNECTIONS), "superuser_reserved_connections": "2"}
    with own_postgres(tmp_path_factory.mktemp("small"), **options) as server:
        yield server


@pytest.fixture
def make_app(another_app: MakeApp) -> Callable[[OwnPostgres], Flask]:
    """Return a function that makes an application on a PostgreSQL of the test's own."""

    def make(server: OwnPostgres) -> Flask:
        made = another_app(database_url=server.url, database_admin_url=None)
        with made.app_context():
            upgrade()
        return made

    return make


def register(client: FlaskClient, name: str) -> Any:
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    return client.post("/api/v1/auth/register", json=body)


def sign_in(client: FlaskClient, name: str) -> dict[str, str]:
    assert register(client, name).status_code == 201
    form = {"username": name, "password": PASSWORD}
    token = client.post("/api/v1/auth/token", data=form).get_json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def tried(app: Flask) -> None:
    """Do one round of what goes on beside requests, but for Chroma and the disks."""
    with app.app_context():
        parts = {"database": trial_writes.write_database}
        trials = app.extensions.setdefault("trial_writes", TrialWrites(parts))
        trials.round()


def ready(client: FlaskClient) -> tuple[int, dict[str, str]]:
    response = client.get("/health/ready")
    return response.status_code, response.get_json()["checks"]


def admin(server: OwnPostgres, statement: str) -> None:
    writing = "-c default_transaction_read_only=off"
    connection = psycopg2.connect(server.admin_url, options=writing)
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()


def test_a_database_without_connections_is_named_as_such(
    small_postgres: OwnPostgres, make_app: Callable[[OwnPostgres], Flask]
) -> None:
    app = make_app(small_postgres)
    client = app.test_client()
    with app.app_context():
        db.engine.dispose()
    held: list[Any] = []
    plain = small_postgres.url.replace("+psycopg2", "")
    try:
        with suppress(psycopg2.OperationalError):
            while True:
                held.append(psycopg2.connect(plain))
        answer = assert_problem(register(client, "grace"), 503)
        assert answer["code"] == "too_many_connections"
        assert "takes no more connections" in answer["detail"]
        assert "does not answer" not in answer["detail"]
        status, checks = ready(client)
        assert (status, checks["database"]) == (503, "takes no more connections")
    finally:
        for connection in held:
            connection.close()
    wait_for(lambda: register(client, "grace").status_code == 201)
    assert ready(client)[0] == 200


def test_a_database_that_is_read_only_serves_what_it_has(
    small_postgres: OwnPostgres, make_app: Callable[[OwnPostgres], Flask]
) -> None:
    app = make_app(small_postgres)
    client = app.test_client()
    headers = sign_in(client, "ada")
    tried(app)
    assert ready(client)[1]["database"] == "ok"
    admin(small_postgres, "ALTER DATABASE assistant SET default_transaction_read_only = on")
    try:
        with app.app_context():
            db.engine.dispose()
        tried(app)
        status, checks = ready(client)
        assert (status, checks["database"]) == (200, "takes no changes, since it is read-only")
        answer = client.post("/api/v1/messages", json={"content": "x"}, headers=headers)
        assert assert_problem(answer, 503)["code"] == "database_read_only"
        assert int(answer.headers["Retry-After"]) > 0
        assert client.get("/api/v1/conversations", headers=headers).status_code == 200
    finally:
        admin(small_postgres, "ALTER DATABASE assistant RESET default_transaction_read_only")
        with app.app_context():
            db.engine.dispose()
    tried(app)
    assert ready(client) == (200, {**ready(client)[1], "database": "ok"})


def test_a_right_that_is_missing_is_no_error_of_ours(
    small_postgres: OwnPostgres, make_app: Callable[[OwnPostgres], Flask]
) -> None:
    client = make_app(small_postgres).test_client()
    headers = sign_in(client, "joan")
    admin(small_postgres, "REVOKE INSERT ON conversations FROM assistant")
    try:
        answer = client.post("/api/v1/messages", json={"content": "x"}, headers=headers)
        assert assert_problem(answer, 503)["code"] == "database_forbids"
    finally:
        admin(small_postgres, "GRANT INSERT ON conversations TO assistant")


def test_a_full_disk_of_the_database_is_named_and_what_is_there_is_served(
    tmp_path: Path, make_app: Callable[[OwnPostgres], Flask]
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("no file system may be mounted here")
    with small_disk(tmp_path / "disk", "160m") as disk, own_postgres(disk) as server:
        app = make_app(server)
        client = app.test_client()
        headers = sign_in(client, "mary")
        filling = fill(disk)
        tried(app)
        status, checks = ready(client)
        assert (status, checks["database"]) == (200, "has no room left on its disk")
        # More than fits into what tables have left, and nothing that can be compressed.
        content = random.Random(7).randbytes(30_000).hex()
        answers = [
            client.post("/api/v1/messages", json={"content": content}, headers=headers)
            for _ in range(12)
        ]
        refused = [answer for answer in answers if answer.status_code != 202]
        assert refused
        for answer in refused:
            body = assert_problem(answer, 507)
            assert body["code"] == "database_disk_full"
            assert "no room left on its disk" in body["detail"]
            assert int(answer.headers["Retry-After"]) >= 30
        assert client.get("/api/v1/conversations", headers=headers).status_code == 200
        filling.unlink()
        tried(app)
        assert ready(client)[1]["database"] == "ok"
        answer = client.post("/api/v1/messages", json={"content": content}, headers=headers)
        assert answer.status_code == 202


def test_an_upload_that_the_disk_cannot_take(
    tmp_path: Path, another_app: MakeApp, user: User
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("no file system may be mounted here")
    with small_disk(tmp_path / "disk", "3m") as disk:
        app = another_app(upload_dir=disk)
        app.extensions["adapters"].files.mark()
        client = app.test_client()

        def upload(size: int, **headers: str) -> Any:
            file = (io.BytesIO(random.Random(size).randbytes(size).hex().encode()), "a.txt")
            headers |= user.headers
            return client.post("/api/v1/documents", data={"file": file}, headers=headers)

        for headers in ({}, {"Idempotency-Key": "one"}):
            answer = upload(2 * 1024 * 1024, **headers)
            body = assert_problem(answer, 507)
            assert body["code"] == "disk_full"
            assert int(answer.headers["Retry-After"]) >= 30
            # Nothing is left of it that would keep the disk full.
            assert [path.name for path in disk.rglob("*") if path.is_file()] == ["uploads.marker"]
        assert upload(1000).status_code == 202


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open nothing more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        with suppress(OSError):
            while True:
                held.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in held:
            os.close(descriptor)


def test_an_upload_without_a_file_descriptor_left(user: User) -> None:
    content = random.Random(1).randbytes(200_000).hex().encode()
    assert user.upload("before.txt", b"Connections are there now.").status_code == 202
    with no_more_files():
        answer = user.upload("a.txt", content)
    body = assert_problem(answer, 503)
    assert body["code"] == "too_many_open_files"
    assert int(answer.headers["Retry-After"]) > 0
    assert user.upload("a.txt", content).status_code == 202


def test_the_folder_of_uploads_is_not_mounted(
    tmp_path: Path, another_app: MakeApp, user: User
) -> None:
    """As when the volume is missing: the folder is there, and what rows name is not in it."""
    assert user.upload("before.txt", b"This lies on the volume.").status_code == 202
    app = another_app(upload_dir=tmp_path)
    client = app.test_client()
    file = {"file": (io.BytesIO(b"Text."), "a.txt")}
    answer = client.post("/api/v1/documents", data=file, headers=user.headers)
    assert assert_problem(answer, 503)["code"] == "uploads_not_mounted"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with app.app_context():
        parts = {"uploads": trial_writes._write_uploads}
        app.extensions["trial_writes"] = TrialWrites(parts)
        app.extensions["trial_writes"].round()
    status, checks = ready(client)
    assert status == 200
    assert "not the one that documents were stored in" in checks["uploads"]


def test_readiness_tells_of_disks_and_of_chroma(another_app: MakeApp, app: Flask) -> None:
    away = another_app(chroma_url=f"http://127.0.0.1:{free_port()}")
    with away.app_context():
        trials = TrialWrites(trial_writes.parts(uploads=True))
        away.extensions["trial_writes"] = trials
        trials.round()
    status, checks = ready(away.test_client())
    assert (status, checks["chroma"]) == (200, "does not answer")
    assert checks["temporary files"] == checks["uploads"] == "ok"
    there = ChromaTrial(app.extensions["settings"].chroma_url)
    for _ in range(2):
        there.write()


def test_a_folder_for_temporary_files_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("no file system may be mounted here")
    with small_disk(tmp_path / "disk", "64k") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        fill(disk)
        trials = TrialWrites({"temporary files": trial_writes.write_file})
        trials.round()
        assert "disk of this server is full" in trials.found["temporary files"]
        # Then even to find the folder fails, with another error.
        monkeypatch.setattr("tempfile.tempdir", None)
        monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: [str(disk)])
        trials.round()
        assert "disk of this server is full" in trials.found["temporary files"]


@contextmanager
def own_chroma(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a Chroma server in this folder while the block lasts, and return where and what."""
    port = free_port()
    server = chroma_server(folder, port)
    process = subprocess.Popen(
        server.program.command,
        env=server.program.environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(server.answers, 60)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(20)


def remove(disk: Path) -> Path:
    """Remove the folder of a Chroma that runs."""
    shutil.rmtree(disk / "chroma")
    return disk / "chroma"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("break_it", "words", "code"),
    [
        (fill, "has no room left on its disk", "chroma_disk_full"),
        (remove, "has lost its folder, or may not write there", "chroma_folder_gone"),
    ],
)
def test_a_chroma_that_reads_and_takes_no_writes(
    tmp_path: Path, break_it: Callable[[Path], Path], words: str, code: str
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("no file system may be mounted here")
    one = np.ones((1, 2), np.float32)
    with small_disk(tmp_path / "disk", "24m") as disk, own_chroma(disk) as (url, process):
        store, trials = ChromaStore(url), TrialWrites({"chroma": ChromaTrial(url).write})
        store.upsert("c_one", ["a"], one)
        trials.round()
        assert trials.found == {"chroma": "ok"}
        broken = break_it(disk)
        trials.round()
        assert trials.found == {"chroma": words}
        with pytest.raises(TransientError) as caught:
            store.upsert("c_one", ["b"], one)
        assert (caught.value.code, caught.value.counted) == (code, False)
        if break_it is fill:
            broken.unlink()
        # Mostly it lets go of what it could not write, or finds its folder, only when it starts.
        disk.joinpath("chroma").mkdir(exist_ok=True)
        process.terminate()
        process.wait(20)
        with own_chroma(disk) as (again, _):
            ChromaTrial(again).write()


def test_a_server_that_is_no_chroma(another_app: MakeApp, model_server: Any) -> None:
    with pytest.raises(TransientError):
        ChromaTrial(model_server.url.removesuffix("/v1")).write()


def test_a_part_that_hangs_is_told_and_keeps_no_other_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trials = TrialWrites({"uploads": lambda: None, "logs": lambda: None})
    trials.round()
    assert trials.found == {"uploads": "ok", "logs": "ok"}
    now = time.monotonic()
    monkeypatch.setattr(trial_writes.time, "monotonic", lambda: now + 60)
    trials.trial("logs")
    assert trials.found == {"uploads": "has not answered for 60 s", "logs": "ok"}
