"""What other users of the machine can do to a run that root started: nothing."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import pytest

from assistant.config import Settings
from assistant.local.errors import LocalRunError
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


@as_root
@pytest.mark.parametrize("owned", [".", "log", "secrets/key", "log/web.log", "valkey", "uploads"])
def test_root_uses_no_folder_of_others(tmp_path: Path, owned: str) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for name in ("secrets", "log"):
        (data / name).mkdir(parents=True)
    elsewhere.mkdir(mode=0o755)
    theirs = data / owned
    if not theirs.exists():
        # What a name leads to is root's; the name is not.
        theirs.symlink_to(elsewhere)
    os.chown(theirs, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(LocalRunError) as caught:
        DataFolder(data).claim()
    said = str(caught.value)
    assert f"{theirs} belongs to user {NOBODY}" in said
    assert "set DATA_DIR to another folder" in said
    assert list(elsewhere.iterdir()) == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    os.chown(theirs, 0, 0, follow_symlinks=False)
    folder = DataFolder(data)
    folder.claim()
    folder.release()


@as_root
def test_root_uses_no_folder_that_others_can_write_or_that_they_lead_to(tmp_path: Path) -> None:
    data, link = tmp_path / "data", tmp_path / "link"
    data.mkdir()
    data.chmod(0o757)
    with pytest.raises(LocalRunError, match=r"Others can write to .*data \(mode 0757\)"):
        DataFolder(data).claim()
    data.chmod(0o755)
    link.symlink_to(data)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(LocalRunError, match="link belongs to user"):
        DataFolder(link).claim()
    assert list(data.iterdir()) == []


@as_root
def test_root_makes_a_folder_of_its_own_in_a_clone_of_somebody_else(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    data = tmp_path / "new" / "data"
    for _ in range(2):
        folder = DataFolder(data)
        folder.claim()
        folder.release()
        assert data.stat().st_uid == 0
        assert stat.S_IMODE(data.stat().st_mode) == 0o711


@as_root
def test_what_takes_the_place_of_a_folder_meanwhile_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, elsewhere = tmp_path / "postgres", tmp_path / "home"
    for folder in (cluster / "base", elsewhere):
        folder.mkdir(parents=True)
    (elsewhere / "theirs").touch()
    for path in (cluster, cluster / "base", elsewhere, elsewhere / "theirs"):
        os.chown(path, NOBODY, NOBODY)
    opened, listed = os.open, os.scandir

    def swap(named: Any) -> None:
        if Path(str(named)).name == "base" and not (cluster / "before").exists():
            (cluster / "base").rename(cluster / "before")
            (cluster / "base").symlink_to(elsewhere)

    def open_late(name: Any, *args: Any, **values: Any) -> int:
        swap(name)
        return opened(name, *args, **values)

    def list_late(name: Any = ".") -> Any:
        swap(name)
        return listed(name)

    monkeypatch.setattr(os, "open", open_late)
    monkeypatch.setattr(os, "scandir", list_late)
    hand_over(cluster, 50_000)
    assert (cluster / "base").is_symlink()
    assert {path.stat().st_uid for path in (elsewhere, elsewhere / "theirs")} == {NOBODY}


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
        # Nor does it tell pages in a browser that they may read its answers, of whatever origin.
        page = {"Origin": "https://theirs.example"}
        asking = {**page, "Access-Control-Request-Method": "POST"}
        for answer in (
            httpx.options(url, headers=asking, timeout=60),
            httpx.post(url, json=body, headers={**headers, **page}, timeout=60),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin", "") == ""
            assert answer.headers.get("Access-Control-Allow-Credentials", "false") == "false"
    finally:
        process.terminate()
        process.wait(20)
