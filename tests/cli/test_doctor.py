"""`flask doctor`."""

import ctypes
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import make_url, text

from assistant.adapters.cache import connect
from assistant.adapters.documents import landlock, trial
from assistant.cli.doctor import _summary
from assistant.config import read_settings
from assistant.database import SYSTEM, transaction
from assistant.local.stack import LocalStack
from assistant.services import jobs
from assistant.services.operations import doctor
from assistant.services.operations.doctor import Finding, Status, vacuum
from assistant.services.operations.doctor import servers as server_checks
from assistant.services.operations.doctor.finding import to_start
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import change_rows
from tests.local.conftest import free_port
from tests.own_postgres import fill, may_mount, small_disk
from tests.services.factories import make_owner, perform, reindex, sql, upload, wait_for

from .conftest import Run, invoke_in

MakeApp = Callable[..., Flask]
Checks = dict[str, dict[str, str]]
# In nearly all tests there are no workers; and a server of Debian's keeps no append-only file.
EXPECTED = ("queue", "FLOWER", "collections", "chunks", "Redis persistence")
WORKING = {
    *("PostgreSQL", "database role", "clock", "migrations", "row-level security", "sweeper"),
    *("Redis", "Redis memory", "Redis persistence", "Chroma", "language model", "answers"),
    *("embedding model", "uploads", "text recognition", "SECRET_KEY"),
    *("encoding", "database rights", "database writes", "Chroma writes", "temporary files"),
    "references",
}
# A kernel of the tests may have less than what an installation should have.
if landlock.version(ctypes.CDLL(None)) < landlock.SCOPES_SINCE:
    EXPECTED += ("parsers",)


def examine(app: Flask, *words: str) -> Checks:
    """Run the doctor and return its checks by name."""
    result = invoke_in(app, "doctor", "--json", *words)
    assert result.stderr == "", result.stderr
    body = json.loads(result.stdout)
    failed = any(check["status"] == "FAIL" for check in body["checks"])
    assert result.exit_code == int(failed)
    assert (body["status"] == "FAIL") is failed
    return {check["name"]: check for check in body["checks"]}


def bad(checks: Checks) -> dict[str, str]:
    """Return the status of what is not fine, but for what is expected not to be."""
    return {
        name: check["status"]
        for name, check in checks.items()
        if check["status"] != "ok" and not name.startswith(EXPECTED)
    }


@pytest.fixture(autouse=True)
def swept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.sweep()
    # Nearly all tests have no worker that could answer.
    monkeypatch.setattr(server_checks, "WORKER_SECONDS", 0.2)


def test_servers_that_work(app: Flask, run: Run) -> None:
    checks = examine(app)
    assert bad(checks) == {}
    assert set(checks) >= WORKING
    assert checks["language model"]["detail"].endswith("offers scripted-model.")
    assert checks["answers"]["detail"].startswith("scripted-model answers from documents;")
    assert ", 384 dimensions" in checks["embedding model"]["detail"]
    assert checks["queue replies"] == {
        "name": "queue replies",
        "status": "FAIL",
        "detail": "No worker answers for it, so its jobs wait.",
        "advice": "Start the process `replies` of the Procfile, or look at its log.",
    }
    lines = run("doctor", code=1).stdout.splitlines()
    assert lines[0].split()[:3] == ["ok", "PostgreSQL", checks["PostgreSQL"]["detail"].split()[0]]
    assert any(line.startswith("FAIL     queue search") for line in lines)
    assert lines[-1].endswith(" failures.")


def test_a_closer_look_asks_the_models(app: Flask, model_server: ModelServer) -> None:
    model_server.reset()
    checks = examine(app, "--deep")
    assert bad(checks) == {}
    assert "scripted-model answered in" in checks["answer"]["detail"]
    assert "384 dimensions" in checks["embedding model"]["detail"]
    [asked] = [asked for asked in model_server.requests if "messages" in asked.body]
    assert asked.body["max_tokens"] == 8


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start servers that a test may stop."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "CHROMA_URL"):
            patch.delenv(name, raising=False)
        settings = read_settings(data_dir=tmp_path_factory.mktemp("doctor"))
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            yield stack


@pytest.fixture
def own_app(another_app: MakeApp, own_stack: LocalStack, model_server: ModelServer) -> Flask:
    names = ("database_url", "redis_url", "chroma_url", "data_dir", "flower_password")
    return another_app(
        like_ours=False,
        **{name: getattr(own_stack.settings, name) for name in names},
        secret_key="a key for tests that nobody else has",
        openai_base_url=model_server.url,
        openai_model="scripted-model",
    )


def sweep_in(app: Flask) -> None:
    with app.app_context():
        jobs.sweep()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "name", "advice"),
    [
        ("postgres", "PostgreSQL", "DATABASE_URL"),
        ("valkey", "Redis", "REDIS_URL"),
        ("chroma", "Chroma", "CHROMA_URL"),
    ],
)
def test_a_stopped_server_is_named_and_no_other(
    own_stack: LocalStack, own_app: Flask, program: str, name: str, advice: str
) -> None:
    sweep_in(own_app)
    assert bad(examine(own_app)) == {}
    supervisor = own_stack.require_supervisor()
    supervisor._call("stopProcess", f"servers:{program}")
    try:
        began = time.monotonic()
        checks = examine(own_app)
        assert time.monotonic() - began < 8
    finally:
        supervisor._call("startProcess", f"servers:{program}")
        own_stack.wait_for_servers(own_stack.servers)
    assert checks[name]["status"] == "FAIL"
    assert "It does not answer at 127.0.0.1:" in checks[name]["detail"]
    assert advice in checks[name]["advice"]
    # Without Redis, nothing is known about the workers.
    assert set(bad(checks)) == {name, "workers"} if name == "Redis" else {name}
    sweep_in(own_app)
    # Connections that were kept find out at their first use.
    wait_for(lambda: bad(examine(own_app)) == {})


def test_a_model_server_that_is_away_or_offers_something_else(another_app: MakeApp) -> None:
    away = another_app(openai_base_url=f"http://127.0.0.1:{free_port()}/v1")
    checks = examine(away)
    assert bad(checks) == {"language model": "FAIL"}
    assert "OPENAI_BASE_URL" in checks["language model"]["advice"]
    other = examine(another_app(openai_model="another-model"))
    assert bad(other) == {"language model": "FAIL"}
    assert "does not offer another-model, but " in other["language model"]["detail"]
    nobody = examine(another_app(openai_base_url=None, openai_api_key=None))
    assert "Neither OPENAI_BASE_URL nor OPENAI_API_KEY" in nobody["language model"]["detail"]


@pytest.mark.parametrize("behaviour", ["404", "400", "html"])
def test_a_model_server_without_a_list_may_answer_all_the_same(
    app: Flask, model_server: ModelServer, behaviour: str
) -> None:
    model_server.reset()
    model_server.script(behaviour)
    checks = examine(app)
    assert bad(checks) == {"language model": "warning"}
    assert "--deep" in checks["language model"]["advice"]


@pytest.mark.parametrize("behaviour", ["401", "503"])
def test_a_model_server_that_refuses_or_fails(
    app: Flask, model_server: ModelServer, behaviour: str
) -> None:
    model_server.reset()
    model_server.script(behaviour)
    assert bad(examine(app)) == {"language model": "FAIL"}


def test_a_server_that_never_answers_is_given_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "check_chroma", lambda: time.sleep(5))
    began = time.monotonic()
    with app.app_context():
        found = {finding.name: finding for finding in doctor.examine(seconds=3)}
    assert time.monotonic() - began < 4
    assert found["Chroma"].detail == "The check did not come to an end in 3 s."
    assert found["PostgreSQL"].status == "ok"


def test_a_check_that_breaks_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(doctor, "check_uploads", breaks)
    assert examine(app)["uploads"]["detail"] == "The check itself failed: RuntimeError: odd"


def test_what_answers_is_no_chroma(another_app: MakeApp, model_server: ModelServer) -> None:
    checks = examine(another_app(chroma_url=model_server.url.removesuffix("/v1")))
    assert "is no Chroma server (status 404)" in checks["Chroma"]["detail"]


def test_a_wrong_password_for_redis(app: Flask, another_app: MakeApp) -> None:
    password, _, place = app.extensions["settings"].redis_url.rpartition("@")
    if not password:
        pytest.skip("REDIS_URL names a server that takes every password")
    checks = examine(another_app(redis_url=f"redis://:wrong@{place}"))
    assert checks["Redis"]["status"] == "FAIL"
    assert "Correct the password" in checks["Redis"]["advice"]


def test_each_refusal_of_redis_has_its_own_advice(app: Flask, another_app: MakeApp) -> None:
    url = app.extensions["settings"].redis_url
    password, _, place = url.rpartition("@")
    if not password:
        pytest.skip("REDIS_URL names a server that takes every password")
    place = place.rpartition("/")[0]
    with connect(url) as admin:
        admin.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+ping", "+select")
        said = {
            name: examine(another_app(redis_url=url))["Redis"]
            for name, url in {
                "password": f"redis://:wrong@{place}/0",
                "none": f"redis://{place}/0",
                "number": f"{password}@{place}/4711",
                "rights": f"redis://reader:secret@{place}/0",
            }.items()
        }
        admin.execute_command("ACL", "DELUSER", "reader")
    assert {name: check["status"] for name, check in said.items()} == dict.fromkeys(said, "FAIL")
    assert "Correct the password" in said["password"]["advice"]
    assert "Put it into REDIS_URL" in said["none"]["advice"]
    assert "Correct the number at the end" in said["number"]["advice"]
    assert "ACL SETUSER" in said["rights"]["advice"]


def test_a_right_that_the_application_lacks_is_named(app: Flask) -> None:
    role = sql("SELECT current_user")[0][0]
    change_rows(f'REVOKE INSERT ON postings FROM "{role}"')
    try:
        checks = examine(app)
    finally:
        change_rows(f'GRANT INSERT ON postings TO "{role}"')
    assert bad(checks) == {"database rights": "FAIL"}
    assert checks["database rights"]["detail"].endswith("may not read and write postings.")
    advice = checks["database rights"]["advice"]
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES" in advice


def test_a_database_that_takes_no_writes(app: Flask, another_app: MakeApp) -> None:
    """As on a standby: everything can be read."""
    role = make_url(app.extensions["settings"].database_url).username
    change_rows(f'ALTER ROLE "{role}" SET default_transaction_read_only = on')
    try:
        checks = examine(another_app())
    finally:
        with transaction(SYSTEM) as session:
            session.execute(text("SET TRANSACTION READ WRITE"))
            session.execute(text(f'ALTER ROLE "{role}" RESET default_transaction_read_only'))
    assert bad(checks) == {"database writes": "FAIL"}
    assert "read-only" in checks["database writes"]["detail"]
    assert "standby" in checks["database writes"]["advice"]


def test_a_folder_of_uploads_that_is_not_mounted(
    another_app: MakeApp, user: User, tmp_path: Path
) -> None:
    assert user.upload("a.txt", b"On the volume.").status_code == 202
    checks = examine(another_app(upload_dir=tmp_path))
    assert checks["uploads"]["status"] == "FAIL"
    assert "Mount the volume" in checks["uploads"]["advice"]
    assert not list(tmp_path.iterdir())


def test_a_full_folder_for_temporary_files(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not may_mount(tmp_path):
        pytest.skip("no file system may be mounted here")
    with small_disk(tmp_path / "disk", "64k") as disk:
        fill(disk)
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        checks = examine(app)
    assert checks["temporary files"]["status"] == "FAIL"
    assert "No space left on device" in checks["temporary files"]["detail"]
    assert "ake room" in checks["temporary files"]["advice"]


def test_servers_of_a_local_run_are_started_with_make() -> None:
    chosen = {"database_url"}
    assert to_start("DATABASE_URL", chosen) == "Start it, or correct DATABASE_URL."
    start = "Start all servers with `make run`, or set REDIS_URL."
    assert to_start("REDIS_URL", chosen) == start


def test_the_summary_counts_in_singular_too() -> None:
    findings = [Finding("a", status, "") for status in Status]
    assert _summary(findings) == "1 ok, 1 warning, 1 failure."
    assert _summary(findings[:1] * 2) == "2 ok, 0 warnings, 0 failures."


def test_redis_that_throws_away_or_keeps_nothing() -> None:
    eviction = server_checks._eviction({"maxmemory_policy": "allkeys-lru"})
    assert (eviction.status, "noeviction" in eviction.advice) == ("warning", True)
    assert server_checks._persistence({"aof_enabled": 0}).advice == "Set appendonly to yes."
    failing = {"aof_enabled": 1, "aof_last_write_status": "err"}
    assert "disk" in server_checks._persistence(failing).advice


def test_a_silent_sweeper(app: Flask) -> None:
    change_rows("UPDATE heartbeats SET seen_at = now() - interval '5 min' WHERE name = 'sweeper'")
    checks = examine(app)
    assert bad(checks) == {"sweeper": "FAIL"}
    assert checks["sweeper"]["detail"].startswith("Its last round was 300 s ago")
    change_rows("DELETE FROM heartbeats")
    assert "never run" in examine(app)["sweeper"]["detail"]


def test_a_transaction_that_is_left_open(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "dead rows" not in examine(app)
    monkeypatch.setattr(vacuum, "SECONDS", 0.2)
    url = app.extensions["settings"].database_url.replace("+psycopg2", "")
    with psycopg2.connect(url, application_name="a backup") as somebody:
        cursor = somebody.cursor()
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]  # type: ignore[index]
        found = wait_for(lambda: examine(app).get("dead rows"))
        assert found["status"] == "warning"
        assert f"(a backup, idle in transaction, process {pid})" in found["detail"]
        assert f"pg_terminate_backend({pid})" in found["advice"]
    somebody.close()
    monkeypatch.setattr(vacuum, "SECONDS", 300)
    assert "dead rows" not in examine(app)


def test_what_else_holds_dead_rows_is_named_with_what_to_do() -> None:
    what, advice = vacuum.name_prepared(SimpleNamespace(gid="left", seconds=1000.0))
    assert "left was prepared 17 minutes ago" in what
    assert "ROLLBACK PREPARED 'left'" in advice
    copy = SimpleNamespace(name="copy", active=False, transactions=60_000)
    what, advice = vacuum.name_slot(copy)
    assert "copy, which is not used by anybody, is 60000 transactions behind" in what
    assert "pg_drop_replication_slot('copy')" in advice
    what, advice = vacuum.name_standby(copy)
    assert "standby copy" in what
    assert "hot_standby_feedback" in advice


def test_a_schema_that_is_behind_missing_or_ahead(app: Flask) -> None:
    [[head]] = sql("SELECT version_num FROM alembic_version")
    try:
        change_rows("UPDATE alembic_version SET version_num = '0001'")
        behind = examine(app)["migrations"]
        assert (behind["status"], behind["advice"]) == ("FAIL", "Run: flask db upgrade")
        change_rows("UPDATE alembic_version SET version_num = 'from the future'")
        assert examine(app)["migrations"]["status"] == "warning"
        change_rows("DELETE FROM alembic_version")
        assert "no schema yet" in examine(app)["migrations"]["detail"]
    finally:
        change_rows("DELETE FROM alembic_version")
        change_rows("INSERT INTO alembic_version VALUES (:head)", head=head)


def test_a_wall_that_is_down(app: Flask) -> None:
    change_rows("ALTER TABLE messages NO FORCE ROW LEVEL SECURITY")
    try:
        checks = examine(app)
    finally:
        change_rows("ALTER TABLE messages FORCE ROW LEVEL SECURITY")
    assert checks["row-level security"]["detail"] == "It is not forced on messages."


def test_a_role_that_sees_through_the_walls(servers: LocalStack, another_app: MakeApp) -> None:
    password = servers.folder.secrets / "postgres_admin_password"
    if not password.exists():
        pytest.skip("DATABASE_URL is set, so no superuser is known")
    url = servers.settings.database_url
    place = url.rpartition("@")[2]
    admin = f"postgresql://postgres:{password.read_text().strip()}@{place}"
    checks = examine(another_app(database_url=admin))
    assert "postgres is a superuser" in checks["database role"]["detail"]


def test_settings_that_are_dangerous(another_app: MakeApp) -> None:
    checks = examine(
        another_app(secret_key="short", allowed_origins=["*"], flower_password="guess", debug=False)
    )
    assert {name: checks[name]["status"] for name in ("SECRET_KEY", "origins")} == {
        "SECRET_KEY": "FAIL",
        "origins": "warning",
    }
    assert "fewer than 12 characters" in checks["FLOWER_PASSWORD"]["detail"]
    assert "does not start" in examine(another_app(secret_key=None))["SECRET_KEY"]["detail"]
    changing = examine(another_app(secret_key_previous="Old-key-nobody-guesses-it-42-xyz"))[
        "SECRET_KEY"
    ]
    assert (changing["status"], changing["advice"]) == (
        *("warning", "Unset SECRET_KEY_PREVIOUS once its tokens have expired."),
    )


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_what_the_embedding_model_runs_on(app: Flask, another_app: MakeApp, tmp_path: Path) -> None:
    def said(app: Flask) -> tuple[str, str]:
        check = examine(app)["embedding model"]
        return check["status"], check["detail"]

    adapters = app.extensions["adapters"]
    adapters.embedding_model.embed(["a"])
    status, detail = said(app)
    assert (status, detail.rpartition(", on ")[2]) == ("ok", f"{adapters.embedding_model.backend}.")
    status, detail = said(another_app(embedding_backend="torch"))
    assert (status, detail.rpartition(", on ")[2]) == ("ok", "torch.")
    status, detail = said(another_app(model_dir=tmp_path))
    assert (status, detail.rpartition("; ")[2][:16]) == ("ok", "the first worker")
    assert list(tmp_path.iterdir()) == []
    status, detail = said(another_app(model_dir=Path("/proc/nope")))
    assert (status, "/proc/nope cannot be written to" in detail) == ("warning", True)


def test_an_embedding_model_that_is_not_there(
    another_app: MakeApp, user: User, tmp_path: Path
) -> None:
    empty = examine(another_app(embedding_model=str(tmp_path)))["embedding model"]
    assert (empty["status"], "has no weights" in empty["detail"]) == ("FAIL", True)
    far = examine(another_app(embedding_model="somebody/some-model"))
    assert far["embedding model"]["status"] == "warning"
    said = far["collections"]
    assert said["detail"].endswith("still to be indexed with somebody/some-model.")
    assert "keep that within reach" in said["advice"]


def test_a_folder_that_cannot_be_written_to(
    another_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = another_app(upload_dir=tmp_path / "not" / "yet")
    # As without documents, of which there are some here.
    monkeypatch.setattr("assistant.services.upload_folder.is_there", lambda: True)
    missing = examine(fresh)["uploads"]
    assert missing["status"] == "ok"
    assert list(tmp_path.iterdir()) == []
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    checks = examine(another_app(upload_dir=in_the_way))
    assert "cannot be written to" in checks["uploads"]["detail"]
    # Not even root may write there, where no disk has room either.
    checks = examine(another_app(upload_dir="/proc/nope"))
    assert checks["uploads"]["status"] == "FAIL"
    assert checks["uploads"]["detail"].startswith("/proc/nope does not exist and cannot be made: ")
    assert "UPLOAD_DIR" in checks["uploads"]["advice"]


def test_a_full_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(free: int) -> Any:
        return lambda _: type("", (), {"free": free})

    monkeypatch.setattr("shutil.disk_usage", usage(10 * 1024**2))
    assert examine(app)["uploads"]["status"] == "FAIL"
    monkeypatch.setattr("shutil.disk_usage", usage(1024**3))
    assert examine(app)["uploads"]["status"] == "warning"


def test_what_a_parser_could_reach_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "reachable", lambda: ["the network", "files of its worker"])
    check = examine(app)["parsers"]
    assert check["status"] == "warning"
    assert check["detail"].endswith("gets at the network, files of its worker.")
    assert "Landlock" in check["advice"]


def test_a_parser_that_cannot_start_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PROGRAM", "assistant.adapters.documents.nothing")
    check = examine(app)["parsers"]
    assert check["status"] == "FAIL"
    assert "could be started" in check["detail"]


def test_what_recognises_text_is_named(another_app: MakeApp) -> None:
    check = examine(another_app(ocr_engine="rapidocr"))["text recognition"]
    assert (check["status"], check["detail"]) == ("ok", "Scans are read by rapidocr.")
    check = examine(another_app(ocr_engine="off"))["text recognition"]
    assert check["status"] == "ok"
    assert "off" in check["detail"]


def test_where_nothing_recognises_text_the_doctor_says_what_to_install(
    another_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    check = examine(another_app(ocr_engine="tesseract"))["text recognition"]
    assert check["status"] == "warning"
    assert "tesseract-ocr" in check["advice"]


def test_older_names_that_look_alike_are_listed(app: Flask, make_user: Callable[[], User]) -> None:
    plain, twin = make_user(), make_user()
    look = plain.username.replace("u", "\u057d")
    rename = "UPDATE users SET username = :name WHERE id = :id"
    change_rows(rename, name=look, id=twin.id)
    try:
        check = examine(app)["usernames"]
    finally:
        change_rows(rename, name=twin.username, id=twin.id)
    assert check["status"] == "warning"
    assert f"{plain.username} and {look} (\\u057dser" in check["detail"]
    assert "rename one of each" in check["advice"]
    assert "usernames" not in examine(app)


def test_chunks_that_are_longer_than_the_model_reads_are_reported(app: Flask) -> None:
    with app.app_context():
        owner = make_owner()
        job = upload(owner, "The lamp burns seal oil.")
        assert perform(job).state == "succeeded"
        fit = "UPDATE documents SET window_tokens = 254, window_generation = generation"
        sql(f"{fit} WHERE generation > 0")
        # As a process of the release before does when it indexes the document again.
        later = "generation = generation + 1, last_generation = last_generation + 1"
        sql(f"UPDATE documents SET {later} WHERE id = :id", id=job.document_id)
    before = examine(app)["chunks"]
    assert (before["status"], before["detail"][:11]) == ("warning", "1 documents")
    assert before["advice"].endswith("flask documents reindex --all")
    with app.app_context():
        assert job.document_id is not None
        assert perform(reindex(owner, job.document_id)).state == "succeeded"
    after = examine(app)["chunks"]
    assert (after["status"], after["detail"][:26]) == ("ok", "They end after 254 tokens,")


def test_chunks_are_reported_of_what_the_present_model_has_embedded(app: Flask) -> None:
    with app.app_context():
        owner, other, gone = make_owner(), make_owner(), make_owner()
        for one in (owner, other, gone):
            assert perform(upload(one, "The lamp burns seal oil.")).state == "succeeded"
        fit = "UPDATE documents SET window_tokens = :window, window_generation = generation"
        sql(f"{fit} WHERE generation > 0", window=254)
        sql(f"{fit} WHERE owner_id = :owner", window=510, owner=other)
        model = "UPDATE collections SET embedding_model = :model WHERE owner_id = :owner"
        sql(model, model="other", owner=other)
        # Whose documents cannot be made anew.
        sql("UPDATE documents SET window_tokens = NULL WHERE owner_id = :owner", owner=gone)
        sql("UPDATE users SET is_active = false WHERE id = :owner", owner=gone)
    try:
        check = examine(app)["chunks"]
    finally:
        with app.app_context():
            sql(model, model=app.extensions["settings"].embedding_model, owner=other)
    assert (check["status"], check["detail"][:26]) == ("ok", "They end after 254 tokens,")


def test_nobody_for_long_work_or_for_pages_is_a_warning(app: Flask) -> None:
    checks = examine(app)
    assert checks["queue indexing"]["status"] == "FAIL"
    assert checks["queue long_indexing"]["status"] == "warning"
    assert checks["queue pages"]["status"] == "warning"
