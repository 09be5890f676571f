"""What the documentation tells people to type works as written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.local.stack import LocalStack
from tests.doubles.model_server import ModelServer

PROJECT = Path(__file__).parents[1]
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def shell_blocks(path: str, heading: str) -> str:
    """Return all shell blocks of a document behind a heading."""
    _, _, rest = (PROJECT / path).read_text().partition(heading)
    assert rest, f"{path} has no heading {heading!r}"
    return "\n".join(SHELL_BLOCK.findall(rest))


def run(script: str, stack: LocalStack) -> str:
    """Run shell lines as a person would paste them, against a running stack."""
    script = script.replace("http://127.0.0.1:8000", stack.api_url)
    done = subprocess.run(
        ["bash", "-e"],
        input=script,
        cwd=PROJECT,
        env=stack.environment,
        text=True,
        capture_output=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_curl
@pytest.mark.slow
def test_the_walk_through_of_the_readme(live_stack: LocalStack, model_server: ModelServer) -> None:
    model_server.reset()
    model_server.script(text="A family ticket for museum and tower is 22.00 [1].")
    written = run(shell_blocks("README.md", "## A walk through the API"), live_stack)
    assert '"state": "succeeded"' in written
    assert '"filename": "handbook.pdf"' in written
    assert re.search(r'"quote": "[^"]*22\.00', written)


@needs_curl
def test_the_helpers_of_the_readme_end_with_what_the_api_says() -> None:
    block = shell_blocks("README.md", "## A walk through the API")
    helpers, _, _ = block.partition("# Register")
    for line in ('echo \'{"title": "Unauthorized"}\' | field id', "done_with 1"):
        done = subprocess.run(
            ["bash", "-c", f"{helpers}\nAPI=http://127.0.0.1:1 AUTH=x\n{line}"],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == 1
        assert "The API answered: " in done.stderr
        assert "Traceback" not in done.stderr
    assert "Failed to connect" in done.stderr or "onnect to" in done.stderr


@needs_curl
@pytest.mark.slow
def test_the_examples_of_the_api(live_stack: LocalStack) -> None:
    written = run(shell_blocks("docs/api.md", "# The API by example"), live_stack)
    assert "error" not in re.findall(r'"title": ?"([^"]*)"', written)
    assert '"vectors_remaining": 0' in written


@needs_curl
@pytest.mark.slow
def test_the_walk_through_of_an_evaluation(live_stack: LocalStack, tmp_path: Path) -> None:
    blocks = shell_blocks("docs/evaluation.md", "## A walk through")
    for name in ("questions.csv", "compare.svg", "plot.svg"):
        blocks = blocks.replace(name, str(tmp_path / name))
    written = run(blocks, live_stack)
    tables = [line.split() for line in written.splitlines()]
    held = [line for line in tables if line[:4] == ["answer", "in", "a", "quote"]]
    assert [line[4:6] for line in held] == [["2", "1.000"]] * 2
    rightly = [line for line in tables if line[:2] == ["refused,", "rightly"]]
    assert [line[2:4] for line in rightly] == [["1", "1.000"]] * 2
    assert '"state": "succeeded"' in written
    for name in ("compare.svg", "plot.svg"):
        assert (tmp_path / name).read_text().startswith("<svg")


@needs_curl
@pytest.mark.slow
def test_the_examples_for_clients_of_openai(
    live_stack: LocalStack, model_server: ModelServer
) -> None:
    model_server.reset()
    written = run(shell_blocks("docs/openai.md", "## Try it") + "\necho KEY=$KEY", live_stack)
    assert '"object":"chat.completion"' in written.replace('": ', '":')
    assert written.count("data: [DONE]") == 1
    assert '"embedding"' in written
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": f"{live_stack.api_url}/v1",
        "OPENAI_API_KEY": written.rpartition("KEY=")[2].strip(),
    }
    blocks = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/openai.md").read_text(), re.DOTALL)
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-"],
            input=block,
            env=environment,
            text=True,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout


@needs_curl
@pytest.mark.slow
def test_the_example_of_mcp(live_stack: LocalStack) -> None:
    written = run(shell_blocks("docs/mcp.md", "# The MCP server"), live_stack)
    assert '"isError": false' in written


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
