"""What this machine has: settings, the folder of uploads, the embedding model."""

import json
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from assistant.adapters.converted.choice import foresee
from assistant.adapters.documents import trial
from assistant.adapters.embedding import locate
from assistant.adapters.files import MARKER
from assistant.adapters.trials import write_file
from assistant.errors import PermanentError, Unavailable
from assistant.extensions import adapters, settings
from assistant.services import upload_folder
from assistant.services.operations.doctor.finding import (
    Finding,
    Status,
    fail,
    first_line,
    ok,
    place,
    warn,
)
from assistant.shortages import shortage_in
from assistant.weak_settings import MAKE, SHORTEST_KEY, weaknesses

LITTLE_SPACE, TOO_LITTLE_SPACE = 2 * 1024**3, 200 * 1024**2
WEIGHTS = ("*.safetensors", "*.bin")
EMBEDDER = "embedding model"


def check_settings() -> list[Finding]:
    """Look for settings that are missing or dangerous."""
    say = fail if settings.in_production else warn
    weak = {each.name: say(*each) for each in weaknesses(settings)}
    found = [_secret_key(), _flower_password()]
    # Of what stops the API anyway, that is said.
    plain = [each if each.status is Status.FAIL else weak.get(each.name, each) for each in found]
    named = {each.name for each in found}
    return plain + [each for name, each in weak.items() if name not in named]


def _secret_key() -> Finding:
    length = _length(settings.secret_key)
    if not length:
        return fail("SECRET_KEY", "It is not set, so the API does not start.", MAKE)
    if length < SHORTEST_KEY:
        # The API does not start with it, in production or not.
        return fail("SECRET_KEY", f"It has {length} characters, not {SHORTEST_KEY}.", MAKE)
    if settings.secret_key_previous is not None:
        what = "The key before is accepted, too."
        return warn("SECRET_KEY", what, "Unset SECRET_KEY_PREVIOUS once its tokens have expired.")
    return ok("SECRET_KEY", f"It has {length} characters.")


def _flower_password() -> Finding:
    name, length = "FLOWER_PASSWORD", _length(settings.flower_password)
    if not length:
        return warn(name, "It is not set, so Flower does not start.", f"Set {name}.")
    return ok(name, f"It has {length} characters.")


def _length(secret: SecretStr | None) -> int:
    return len(secret.get_secret_value()) if secret else 0


def check_uploads() -> list[Finding]:
    """See whether the folder of uploads can be written to, and whether there is room."""
    name, folder = "uploads", settings.uploads
    what = "cannot be written to"
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if there != folder:
            what = "does not exist and cannot be made"
        # Only trying tells: who may do everything may still not write to /proc.
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
        free = shutil.disk_usage(there).free
    except OSError as error:
        advice = "Set UPLOAD_DIR to a folder that the application may write to."
        return [fail(name, f"{folder} {what}: {error.strerror}.", advice)]
    if not _is_mounted():
        what = f"{folder} holds none of the files that documents were made from."
        advice = (
            "Mount the volume of uploads there, or correct UPLOAD_DIR. Until then documents wait. "
            f"If its files are lost for good, say so: touch {folder / MARKER}"
        )
        return [fail(name, what, advice)]
    detail = f"{folder} has {free / 1024**3:.1f} GiB left."
    if free < LITTLE_SPACE:
        say = fail if free < max(TOO_LITTLE_SPACE, 2 * settings.max_file_size) else warn
        return [say(name, detail, "Make room on that disk, or set UPLOAD_DIR to another one.")]
    return [ok(name, detail)]


def _is_mounted() -> bool:
    try:
        return upload_folder.is_there()
    except (Unavailable, DBAPIError):
        # What the rows tell of is not known; why is said elsewhere.
        return True


def check_disks() -> list[Finding]:
    """See whether temporary files and, in a local run, logs can be written."""
    log = settings.data_dir.absolute() / "log"
    folders: dict[str, Path | None] = {"temporary files": None}
    if log.is_dir():
        folders["logs"] = log
    return [_disk(name, folder) for name, folder in folders.items()]


def _disk(name: str, folder: Path | None) -> Finding:
    try:
        write_file(folder)
    except OSError as error:
        shortage = shortage_in(error)
        where = folder or "The folder for temporary files (TMPDIR, or /tmp)"
        advice = shortage.advice if shortage else "let the application write there"
        what = f"{where} cannot be written to: {error.strerror or error}."
        return fail(name, what, f"{advice[0].upper()}{advice[1:]}.")
    return ok(name, f"{folder or tempfile.gettempdir()} takes what is written.")


def check_parsers() -> list[Finding]:
    """See whether a process that reads uploaded files is walled off from everything else."""
    name = "parsers"
    try:
        reached = trial.reachable()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        what = f"No process that reads files could be started: {first_line(error)}."
        return [fail(name, what, "Let the workers start processes, or no document is indexed.")]
    if reached:
        what = f"Whoever uploads a file that subverts its parser gets at {', '.join(reached)}."
        advice = (
            "Run the workers on Linux 5.13 or newer with Landlock switched on; in containers, "
            "under a seccomp profile that allows it, as Docker's does from version 23 on."
        )
        return [warn(name, what, advice)]
    return [ok(name, "Files are read by processes that get at nothing else.")]


def check_embedder(*, deep: bool) -> list[Finding]:
    """See whether the embedding model's files are there and, if `deep`, embed a word."""
    model = settings.embedding_model
    if settings.embedding_base_url is not None:
        where = place(settings.embedding_base_url)
        if deep:
            return [_embeds(f"{model} at {where}")]
        return [ok(EMBEDDER, f"{model} is asked for at {where}. Ask it: flask doctor --deep")]
    if find_spec("sentence_transformers") is None:
        install = "Install requirements.txt; workers need it, the web process does not."
        return [warn(EMBEDDER, "sentence-transformers is not installed here.", install)]
    folder = locate(model)
    if folder is not None and not any(any(folder.glob(form)) for form in WEIGHTS):
        what = f"{folder} has no weights of {model}."
        return [fail(EMBEDDER, what, "Put the model there, or correct EMBEDDING_MODEL.")]
    if deep:
        return [_embeds(model)]
    if folder is None:
        what = f"{model} is no folder here, so the first worker has to download it."
        return [warn(EMBEDDER, what, "See whether that works: flask doctor --deep")]
    return [_backend(f"{model} is at {folder}{_dimensions(folder)}")]


def _backend(detail: str) -> Finding:
    """Say what the model runs on, as far as that was found out."""
    only, folder = settings.embedding_backend, settings.models
    if only == "torch":
        return ok(EMBEDDER, f"{detail}, on torch.")
    if find_spec("openvino") is None:
        what = f"{detail}, but openvino is not installed: torch takes more time and memory."
        return warn(EMBEDDER, what, "Install requirements.txt.")
    found = foresee(settings.embedding_model, folder, converted_only=only == "openvino")
    if found is not None:
        return ok(EMBEDDER, f"{detail}, on {found}.")
    try:
        _write_into(folder)
    except OSError as error:
        what = f"{detail}, but {folder} cannot be written to ({error.strerror}), so torch it is."
        return warn(EMBEDDER, what, "Set MODEL_DIR to a folder that the workers may write to.")
    return ok(EMBEDDER, f"{detail}; the first worker finds out what it runs on here.")


def _write_into(folder: Path) -> None:
    """Write into a folder, or where it would be made; only trying tells."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(b"x")


def _dimensions(folder: Path) -> str:
    try:
        size = json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    except (OSError, ValueError, KeyError):
        return ""
    return f", {size} dimensions"


def _embeds(model: str) -> Finding:
    began = time.monotonic()
    try:
        vectors = adapters.embedding_model.embed(["hello"])
    except PermanentError as error:
        return fail(EMBEDDER, error.detail, "Look at the log for what the libraries say.")
    seconds = time.monotonic() - began
    size, backend = vectors.shape[1], adapters.embedding_model.backend
    return ok(EMBEDDER, f"{model} loads in {seconds:.1f} s on {backend}, {size} dimensions.")
