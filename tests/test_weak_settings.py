"""Weak settings are named everywhere, and in production nothing starts with them."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from assistant.app import create_app
from assistant.config import Settings, read_settings
from assistant.local.stack import LocalStack
from assistant.services.operations import starting
from assistant.weak_settings import demand_strength, weaknesses

PROJECT = Path(__file__).parents[1]
GOOD = "n0-Guess-works_on-this.Key-7Qz31"
WEAK = {
    "SECRET_KEY": [
        *("short", "k" * 40, "please-change-me-please-change-me", "0123456789" * 4),
        *("my-very-secret-key-for-the-assistant", "your-32-character-key-goes-in-here"),
    ],
    "SECRET_KEY_PREVIOUS": ["short"],
    "ENCRYPTION_KEY": ["a" * 32, "please-change-me-please-change-me"],
    "ENCRYPTION_KEY_PREVIOUS": ["0123456789" * 4],
    "FLOWER_PASSWORD": ["admin", "password1234", "aaaaaaaaaaaaaa"],
    "DATABASE_URL": ["postgresql://a:postgres@db/a", "postgresql://a:%70assword1234@db/a"],
    "DATABASE_ADMIN_URL": ["postgresql://a:admin@db/a"],
    "REDIS_URL": ["redis://:redis@redis:6379/0"],
    "debug": ["true"],
    "origins": ["*"],
}
VARIABLES = {"debug": "DEBUG", "origins": "ALLOWED_ORIGINS"}


@pytest.fixture(autouse=True)
def nothing_from_outside(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Run in an empty folder and with no setting in the environment."""
    if "servers" in request.fixturenames:
        return
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WEAK.items() for value in values]
)
def test_a_weak_setting_is_named_and_in_production_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    monkeypatch.setenv(VARIABLES.get(name, name), value)
    settings = read_settings()
    assert [each.name for each in weaknesses(settings)] == [name]
    demand_strength(settings)
    assert f"weak setting: {name}" in caplog.text
    monkeypatch.setenv("ENVIRONMENT", " Production")
    with pytest.raises(SystemExit, match=name) as refused:
        demand_strength(read_settings())
    if name not in VARIABLES:
        assert value not in str(refused.value)
        assert value not in caplog.text


def test_all_of_them_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in WEAK.items():
        monkeypatch.setenv(VARIABLES.get(name, name), values[0])
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SystemExit) as refused:
        demand_strength(read_settings())
    assert all(name in str(refused.value) for name in WEAK)


def test_what_is_made_as_the_documentation_says_is_strong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    for _ in range(200):
        for make in (secrets.token_urlsafe, secrets.token_hex):
            (tmp_path / "key").write_text(make(48))
            monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
            monkeypatch.setenv("ENCRYPTION_KEY", make(32))
            monkeypatch.setenv("FLOWER_PASSWORD", make(16))
            monkeypatch.setenv("DATABASE_URL", f"postgresql://a:{make(16)}@db/a")
            monkeypatch.setenv("REDIS_URL", f"redis://:{make(16)}@redis:6379/0")
            demand_strength(read_settings())


def test_what_others_call_their_environment_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "staging")
    monkeypatch.setenv("DEBUG", "true")
    demand_strength(read_settings())


def run(*command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "ENVIRONMENT": "production", **variables}
    return subprocess.run(
        [sys.executable, "-m", *command],
        **{"cwd": PROJECT, "env": environment, "capture_output": True, "text": True},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("key", ["short", "k" * 40])
def test_the_web_server_does_not_start(tmp_path: Path, key: str) -> None:
    command = ("gunicorn", "-c", "python:assistant.server", "wsgiref.simple_server:demo_app")
    ended = run(*command, SECRET_KEY=key, DEBUG="true", DATA_DIR=str(tmp_path), PORT="1")
    assert ended.returncode != 0
    assert "SECRET_KEY" in ended.stderr
    assert "DEBUG is on" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def made(servers: LocalStack) -> Callable[..., Flask]:
    """Return a function that makes an application on the servers of this run."""
    names = ("database_url", "database_admin_url", "redis_url", "chroma_url", "data_dir")
    known = {name: getattr(servers.settings, name) for name in names}
    return lambda **more: create_app(**{**known, "secret_key": GOOD, **more})


@pytest.mark.parametrize(
    ("more", "said"), [({"debug": True}, "DEBUG is on"), ({"allowed_origins": ["*"]}, "origins")]
)
def test_no_process_starts_on_weak_settings(
    app: Flask, made: Callable[..., Flask], more: dict[str, Any], said: str
) -> None:
    strict = made(environment="production", **more)
    with strict.app_context(), pytest.raises(SystemExit, match=said):
        starting.demand()
    with made(**more).app_context():
        starting.demand()
    app.extensions["celery"].set_current()
    app.extensions["celery"].set_default()


def test_no_process_starts_where_the_walls_do_not_hold(
    app: Flask, servers: LocalStack, made: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
) -> None:
    password = servers.folder.secrets / "postgres_admin_password"
    if not password.exists():
        pytest.skip("DATABASE_URL is set, so no superuser is known")
    place = servers.settings.database_url.rpartition("@")[2]
    admin = f"postgresql://postgres:{password.read_text().strip()}@{place}"
    strict = made(environment="production", database_url=admin)
    with strict.app_context(), pytest.raises(SystemExit, match="postgres is a superuser"):
        starting.demand()
    with made(database_url=admin).app_context():
        starting.demand()
    assert "database role: postgres is a superuser" in capfd.readouterr().err
    with made(environment="production").app_context():
        starting.demand()
    app.extensions["celery"].set_current()
    app.extensions["celery"].set_default()
