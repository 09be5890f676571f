"""The embedded servers: what they are, who may use them, and what they keep."""

import contextlib
import os
import stat
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import redis
from dotenv import dotenv_values
from pydantic import SecretStr

from assistant.config import Settings, read_settings
from assistant.local.environment import chosen_by_operator, write_local_env
from assistant.local.errors import LocalRunError
from assistant.local.folder import DataFolder
from assistant.local.model import LONGEST_CONTEXT, PARALLEL_REQUESTS, defaults, model_server
from assistant.local.polling import wait
from assistant.local.ports import free_port
from assistant.local.postgres import _forget_dead_server
from assistant.local.servers import missing_servers
from assistant.local.stack import LocalStack, address_of
from assistant.run_settings import LOCAL_ENV

from .conftest import descendants, require_gone


def connect(url: str) -> "psycopg2.extensions.connection":
    return psycopg2.connect(url.replace("+psycopg2", ""))


def processes_of(stack: LocalStack) -> list[psutil.Process]:
    """Return the supervisor and all below it; this process may run other stacks as well."""
    supervisor = stack.require_supervisor()._process
    assert supervisor
    return [psutil.Process(supervisor.pid), *descendants(supervisor.pid)]


@pytest.mark.slow
def test_servers_answer_and_keep_their_data(settings: Settings) -> None:
    with LocalStack(settings, quiet=True, serve=False) as stack:
        database, cache, index = (
            stack.settings.database_url,
            stack.settings.redis_url,
            stack.settings.chroma_url,
        )
        connection = connect(database)
        cursor = connection.cursor()
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, current_user, lower('ÄÖ'), current_setting('fsync') "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, "assistant", "äö", "on")
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.commit()
        connection.close()
        with redis.Redis.from_url(cache) as client:
            client.set("kept", "1")
            assert client.config_get("appendonly")["appendonly"] == "yes"
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        with urllib.request.urlopen(f"{index}/api/v2/heartbeat", timeout=5) as response:
            assert response.status == 200

    with LocalStack(settings, quiet=True, serve=False) as stack:
        connection = connect(stack.settings.database_url)
        cursor = connection.cursor()
        cursor.execute("SELECT one FROM kept")
        assert cursor.fetchone() == (1,)
        connection.close()
        with redis.Redis.from_url(stack.settings.redis_url) as client:
            assert client.get("kept") == b"1"


@pytest.mark.slow
def test_nobody_gets_in_without_a_password_and_none_is_readable(settings: Settings) -> None:
    with LocalStack(settings, quiet=True, serve=False) as stack:
        local_env = settings.data_dir / LOCAL_ENV
        assert stat.S_IMODE(local_env.stat().st_mode) == 0o600
        assert dotenv_values(local_env)["DATABASE_URL"] == stack.settings.database_url
        assert read_settings(data_dir=settings.data_dir).redis_url == stack.settings.redis_url
        before = read_settings(data_dir=settings.data_dir, beside_run=False)
        assert before.redis_url != stack.settings.redis_url

        secrets = [path.read_text() for path in stack.folder.secrets.iterdir()]
        for process in processes_of(stack):
            # PostgreSQL's come and go.
            with contextlib.suppress(psutil.NoSuchProcess):
                command = " ".join(process.cmdline())
                assert not any(secret in command for secret in secrets)
        for path in stack.folder.secrets.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

        address = stack.settings.redis_url.rpartition("@")[2]
        with (
            redis.Redis.from_url(f"redis://{address}") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        address = stack.settings.database_url.rpartition("@")[2]
        with pytest.raises(psycopg2.OperationalError, match="password"):
            connect(f"postgresql://postgres:wrong@{address}")
    assert not local_env.exists()


@pytest.mark.slow
def test_stop_leaves_nothing_and_a_second_run_is_refused(settings: Settings) -> None:
    with LocalStack(settings, quiet=True, serve=False) as stack:
        processes = processes_of(stack)
        assert len(processes) > 3
        states = stack.require_supervisor().states()
        pids = {name: state["pid"] for name, state in states.items()}
        with (
            pytest.raises(LocalRunError, match=rf"process {os.getpid()}\) uses .*Stop it, or"),
            LocalStack(settings, quiet=True, serve=False),
        ):
            pass
        # The refused one touched nothing.
        assert (settings.data_dir / LOCAL_ENV).exists()
        states = stack.require_supervisor().states()
        assert pids == {name: state["pid"] for name, state in states.items()}
    require_gone(processes, seconds=1)
    assert not list((settings.data_dir / "run").glob("*.conf"))


@pytest.mark.slow
def test_servers_come_back_when_they_are_killed(settings: Settings) -> None:
    with LocalStack(settings, quiet=True, serve=False) as stack:
        supervisor = stack.require_supervisor()
        killed = {name: state["pid"] for name, state in supervisor.states().items()}
        victims = [psutil.Process(pid) for pid in killed.values()]
        for process in victims:
            process.kill()
        # One that still dies may answer once more, and supervisord may see its death late.
        require_gone(victims)

        def unchanged() -> str | None:
            states = supervisor.states()
            started = {
                name
                for name, pid in killed.items()
                if states.get(name, {}).get("pid", 0) not in (0, pid)
            }
            return ", ".join(killed.keys() - started) or None

        wait(unchanged, seconds=30, say=print)
        stack.wait_for_servers(stack.servers)
        connect(stack.settings.database_url).close()


def test_only_servers_without_an_address_are_made(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.claim()
    urls = {"redis_url": "redis://x", "database_url": "postgresql://x", "openai_api_key": "key"}
    settings = Settings(data_dir=tmp_path, **urls)  # type: ignore[arg-type]
    chosen = chosen_by_operator(settings)
    assert chosen >= urls.keys()
    servers = missing_servers(folder, settings, chosen, with_model=True)
    folder.release()
    assert [server.program.name for server in servers] == ["chroma"]


def test_what_a_killed_run_left_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Settings(database_url="postgresql+psycopg2://x", secret_key=SecretStr("a" * 40))
    write_local_env(tmp_path, left)
    monkeypatch.setenv("REDIS_URL", "redis://mine")
    settings = read_settings(data_dir=tmp_path)
    assert settings.database_url != "postgresql+psycopg2://x"
    assert chosen_by_operator(settings) == {"data_dir", "redis_url"}


def test_a_command_beside_a_run_knows_what_the_run_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {
        "openai_base_url": "http://127.0.0.1:11434/v1",
        "openai_model": 'it\'s a \\ "model" # ${HOME} of mine',
        "allowed_origins": "https://a.example,https://b.example",
        "max_tokens": 77,
        "secret_key": SecretStr("s$ecret"),
    }
    folder = DataFolder(tmp_path)
    folder.claim()
    write_local_env(tmp_path, Settings(**told))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("OPENAI_MODEL=from-env-file\nCONTEXT_TOKENS=4096\n")
    settings = read_settings(data_dir=tmp_path)
    assert settings.openai_base_url == told["openai_base_url"]
    # The run has read `.env`, too, and was told otherwise; what it was not told is as it stands.
    assert (settings.openai_model, settings.context_tokens) == (told["openai_model"], 4096)
    assert settings.allowed_origins == ["https://a.example", "https://b.example"]
    assert (settings.max_tokens, settings.secret_key) == (77, SecretStr("s$ecret"))
    monkeypatch.setenv("OPENAI_MODEL", "explicit")
    (tmp_path / "key").write_text("k" * 40)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    settings = read_settings(data_dir=tmp_path)
    assert (settings.openai_model, settings.secret_key) == ("explicit", SecretStr("k" * 40))
    # A run that was killed lets go of the lock.
    folder.release()
    assert read_settings(data_dir=tmp_path).openai_base_url is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8000"),
        ("::", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("host.example", "http://host.example:8000"),
    ],
)
def test_addresses_are_printed_as_they_are_asked(host: str, url: str) -> None:
    assert address_of(host, 8000) == url
    assert LocalStack(Settings(host=host)).api_url == url


def test_a_redis_that_does_not_take_us_is_named_before_anything_starts(
    settings: Settings, tmp_path: Path
) -> None:
    wrong = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    with (
        pytest.raises(LocalRunError, match="The Redis of REDIS_URL does not answer"),
        LocalStack(wrong, quiet=True, serve=False),
    ):
        pass
    assert not (settings.data_dir / "postgres").exists()


def test_a_pid_that_now_belongs_to_another_program_is_forgotten(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n/somewhere\n")
    _forget_dead_server(pid_file)
    assert not pid_file.exists()


def test_replies_wait_in_the_queue_and_not_in_the_bundled_model() -> None:
    assert defaults(set())["reply_concurrency"] == PARALLEL_REQUESTS
    assert defaults({"reply_concurrency"}) == {"model_timeout": 600}


def test_a_context_that_the_bundled_model_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match="CONTEXT_TOKENS is 8193"):
        model_server(tmp_path, tmp_path, 1, LONGEST_CONTEXT + 1)


@pytest.mark.slow
def test_a_server_that_cannot_start_is_named_with_its_log(settings: Settings) -> None:
    (settings.data_dir / "postgres").mkdir(parents=True)
    stack = LocalStack(settings, quiet=True, serve=False)
    expected = r"(?s)postgres ended 3 times.*the end of .*postgres\.log"
    with pytest.raises(LocalRunError, match=expected):
        stack.__enter__()
    assert stack.supervisor
    for pids in stack.supervisor.pids.values():
        assert not any(psutil.pid_exists(pid) for pid in pids)
