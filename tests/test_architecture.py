"""The shape of the project: layers, names that must agree, sizes."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.local.procfile import read_processes
from assistant.models import Queue
from assistant.services.job_kinds import BINDINGS
from assistant.services.jobs import kinds

PROJECT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("assistant", "workers") for path in (PROJECT / folder).rglob("*.py")
)
MOST_LINES = 260
MOST_LINES_OF_A_FUNCTION = 40


def test_imports_point_down() -> None:
    command = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=PROJECT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_kind_of_job_is_declared_and_bound() -> None:
    assert set(kinds.JOB_KINDS) == set(BINDINGS)
    names = [kind.name for kind in kinds.JOB_KINDS]
    assert len(set(names)) == len(names)


def test_a_worker_has_a_task_for_every_kind_of_job() -> None:
    # In a process of its own: nothing may hang on what a test has imported before.
    script = (
        "from workers.celery import app; app.loader.import_default_modules();"
        "print(sorted(name for name in app.tasks if not name.startswith('celery.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "SECRET_KEY": "k" * 40},
    )
    assert done.returncode == 0, done.stderr
    tasks = ast.literal_eval(done.stdout.splitlines()[-1])
    searches = ("search.by_attributes", "search.filtered", "search.run")
    calls = ("embeddings.run", "pages.draw", *searches)
    assert tasks == sorted([*(kind.name for kind in kinds.JOB_KINDS), *calls])


def test_every_queue_has_its_worker() -> None:
    served = set()
    for line in (PROJECT / "Procfile").read_text().splitlines():
        words = line.split()
        if not line.startswith("#") and "worker" in words:
            served |= set(words[words.index("-Q") + 1].split(","))
    assert served == {queue.value for queue in Queue}


def test_the_processes_are_the_ones_expected() -> None:
    names = {program.name for program in read_processes(PROJECT / "Procfile")}
    expected = (
        "web",
        "replies",
        "search",
        "pages",
        "indexing",
        "long_indexing",
        "quarantine",
        "sweeper",
        "flower",
    )
    assert names == set(expected)


def test_only_what_deletes_knows_when_something_was_deleted() -> None:
    """Whoever else wants to know whether something is there asks `is_live`."""
    spelled = {path for path in SOURCES if "deleted_at" in path.read_text()}
    deleting = {PROJECT / "assistant/models/deletable.py"} | {
        PROJECT / "assistant/services" / name
        for name in (
            *("accounts/deletion.py", "documents/deletion.py"),
            "documents/collection_deletion.py",
        )
    }
    assert spelled == deleting


def test_no_function_is_too_long() -> None:
    long = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_says_what_it_is_for_and_is_not_too_long(path: Path) -> None:
    source = path.read_text()
    if path.name != "__init__.py" or source:
        docstring = ast.get_docstring(ast.parse(source))
        assert docstring, "no docstring"
        assert docstring.split("\n\n")[0].endswith((".", "?")), "the docstring is no sentence"
    assert source.count("\n") <= MOST_LINES


def test_a_web_process_loads_no_model() -> None:
    heavy = (
        *("torch", "transformers", "sentence_transformers", "openvino", "tokenizers"),
        *("chromadb", "langchain", "openai"),
    )
    script = (
        "import sys; from assistant.app import create_app; create_app(secret_key='k' * 40);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
