"""The shape of the project: layers, names that must agree, sizes."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

import celeryconfig
from assistant.local.procfile import read_processes
from assistant.models import JobKind, Queue

PROJECT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("assistant", "workers") for path in (PROJECT / folder).rglob("*.py")
)
MOST_LINES = 260


def test_imports_point_down() -> None:
    command = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=PROJECT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_celery_loads_every_module_of_the_workers() -> None:
    modules = {path.stem for path in (PROJECT / "workers").glob("*.py")}
    no_tasks = {"__init__", "celery", "watchdog"}
    assert set(celeryconfig.imports) == {f"workers.{name}" for name in modules - no_tasks}


def test_every_kind_of_job_has_its_task(app: Flask) -> None:
    for module in celeryconfig.imports:
        importlib.import_module(module)
    tasks = app.extensions["celery"].tasks
    assert {kind.value for kind in JobKind} <= set(tasks)
    own = {name for name in tasks if not name.startswith("celery.")}
    assert own == {kind.value for kind in JobKind} | {"search.run"}


def test_every_queue_has_its_worker() -> None:
    served = set()
    for line in (PROJECT / "Procfile").read_text().splitlines():
        words = line.split()
        if not line.startswith("#") and "worker" in words:
            served |= set(words[words.index("-Q") + 1].split(","))
    assert served == {queue.value for queue in Queue}


def test_the_processes_are_the_ones_expected() -> None:
    names = {program.name for program in read_processes(PROJECT / "Procfile")}
    expected = ("web", "replies", "search", "indexing", "quarantine", "sweeper", "flower")
    assert names == set(expected)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_says_what_it_is_for_and_is_not_too_long(path: Path) -> None:
    source = path.read_text()
    if path.name != "__init__.py" or source:
        docstring = ast.get_docstring(ast.parse(source))
        assert docstring, "no docstring"
        assert docstring.split("\n\n")[0].endswith((".", "?")), "the docstring is no sentence"
    assert source.count("\n") <= MOST_LINES


def test_a_web_process_loads_no_model() -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "chromadb", "langchain", "openai")
    script = (
        "import sys; from assistant.app import create_app; create_app(secret_key='k' * 40);"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
