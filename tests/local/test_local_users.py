"""What other users of the machine can do to a run that root started: nothing."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg2
import pytest

from assistant.config import Settings
from assistant.local.folder import DataFolder
from assistant.local.model import model_server
from assistant.local.ports import free_port
from assistant.local.postgres import _programs
from assistant.local.postgres_user import CONFIGURATION, IDS, closed_to_strangers, hand_over
from assistant.local.stack import LocalStack
from tests.services.factories import wait_for

NOBODY = 65534
READ_SEARCH = 1 << 2
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")


@pytest.fixture
def opened() -> Iterator[Path]:
    """Return a folder that everybody can pass, below folders that everybody can."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def settings_in(folder: Path) -> Settings:
    return Settings(data_dir=folder, port=free_port(), flower_port=free_port())


def as_nobody(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as another user of the machine."""
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return subprocess.run([*become, *command], capture_output=True, text=True, timeout=30)


def postgres_of(stack: LocalStack) -> psutil.Process:
    return psutil.Process(stack.require_supervisor().states()["postgres"]["pid"])


def powers(process: psutil.Process) -> dict[str, int]:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    sets = dict(line.split(":\t", 1) for line in lines if line.startswith("Cap"))
    return {name: int(value, 16) for name, value in sets.items()}


@as_root
@pytest.mark.slow
def test_another_user_reads_and_changes_nothing(opened: Path) -> None:
    data = opened / "data"
    with LocalStack(settings_in(data), quiet=True, serve=False) as stack:
        postgres = postgres_of(stack)
        assert postgres.uids().real in IDS
        needs_it = closed_to_strangers(_programs() / "postgres", data)
        allowed = READ_SEARCH if needs_it else 0
        assert set(powers(postgres).values()) <= {allowed, 0}, powers(postgres)
        assert stat.S_IMODE(data.stat().st_mode) == 0o711
        for folder in ("postgres", "valkey", "chroma", "secrets", "run", "log"):
            assert stat.S_IMODE((data / folder).stat().st_mode) == 0o700, folder
        for command in (
            ("ls", str(data)),
            ("cat", str(data / "postgres/pg_hba.conf")),
            ("sh", "-c", f"echo 'host all all all trust' >> {data}/postgres/pg_hba.conf"),
            ("cat", str(data / "secrets/postgres_admin_password")),
            ("cat", str(data / "local.env")),
            ("ls", f"/proc/{postgres.pid}/cwd/"),
            ("kill", "-9", str(postgres.pid)),
        ):
            refused = as_nobody(*command)
            assert refused.returncode != 0, command
            assert "ermi" in refused.stderr + refused.stdout, refused
        chosen = postgres.uids().real
    with LocalStack(settings_in(data), quiet=True, serve=False) as stack:
        assert postgres_of(stack).uids().real == chosen


@as_root
@pytest.mark.slow
def test_below_a_closed_folder_postgresql_may_read_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with LocalStack(settings_in(closed / "data"), quiet=True, serve=False) as stack:
        assert powers(postgres_of(stack))["CapEff"] == READ_SEARCH
    [said] = [line for line in caplog.messages if "may read past permissions" in line]
    assert str(closed) in said


@as_root
@pytest.mark.slow
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_cluster_of_nobody_is_handed_over(opened: Path, interrupted: bool) -> None:
    data = opened / "data"
    with LocalStack(settings_in(data), quiet=True, serve=False) as stack:
        url = stack.settings.database_url.replace("+psycopg2", "")
        with psycopg2.connect(url) as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.close()
    cluster = data / "postgres"
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with (cluster / "pg_hba.conf").open("a") as file:
        file.write("host all all all trust\n")
    (cluster / "postgresql.auto.conf").write_text("archive_command = 'id > /tmp/x'\n")
    if interrupted:
        os.chown(cluster, 0, 0)
        os.chown(cluster / "base", 50_001, 50_001)
    with LocalStack(settings_in(data), quiet=True, serve=False) as stack:
        user_id = postgres_of(stack).uids().real
        assert {path.lstat().st_uid for path in (cluster, *cluster.rglob("*"))} == {user_id}
        for name, text in CONFIGURATION.items():
            assert (cluster / name).read_text() == text
        url = stack.settings.database_url.replace("+psycopg2", "")
        with psycopg2.connect(url) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT one FROM kept")
            assert cursor.fetchone() == (1,)
        connection.close()


@as_root
def test_what_is_not_postgresqls_is_not_handed_over(tmp_path: Path) -> None:
    cluster, elsewhere = tmp_path / "postgres", tmp_path / "shadow"
    cluster.mkdir()
    os.chown(cluster, NOBODY, NOBODY)
    elsewhere.write_text("secret")
    os.chown(elsewhere, 1234, 1234)
    (cluster / "link").symlink_to(elsewhere)
    os.link(elsewhere, cluster / "second name")
    hand_over(cluster, 50_000)
    assert elsewhere.stat().st_uid == 1234
    assert cluster.stat().st_uid == 50_000


def test_a_folder_with_things_of_others_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "of somebody else").touch()
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.release()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.slow
def test_the_bundled_model_answers_nobody_without_its_key(tmp_path: Path) -> None:
    server = model_server(tmp_path, tmp_path, free_port(), 512)
    program = server.program
    process = subprocess.Popen(program.command, env=program.environment, cwd=tmp_path)
    try:
        wait_for(server.answers, 60)
        url = f"{server.settings['openai_base_url']}/chat/completions"
        body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        assert httpx.post(url, json=body, timeout=60).status_code == 401
        key = server.settings["openai_api_key"]
        assert key not in " ".join(program.command)
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.post(url, json=body, headers=headers, timeout=60).status_code == 200
    finally:
        process.terminate()
        process.wait(20)
