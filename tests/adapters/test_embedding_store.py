"""A conversion is made once, is never half there, follows what changed, and tells nobody."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from assistant.adapters.converted import choice, store
from assistant.adapters.converted.choice import FastestModel, foresee
from assistant.adapters.converted.figures import Figure
from assistant.adapters.converted.model import DESCRIPTION, GRAPH, TOKENIZER
from assistant.adapters.embedding import has_bfloat16
from assistant.errors import PermanentError
from tests.adapters.small_models import small_model

pytest.importorskip("openvino", reason="openvino is not installed")
pytestmark = [
    pytest.mark.skipif(store.locate("all-MiniLM-L6-v2") is None, reason="needs the bundled model"),
]
SECONDS = 120.0

# Says what it got, and how often this process had to convert for it.
PREPARE = """
import sys
from pathlib import Path
from assistant.adapters.converted import store

done, convert = [], store._convert
store._convert = lambda *given: done.append(convert(*given))
print(store.prepare(Path(sys.argv[1]), sys.argv[2]), len(done))
"""

# Writes down whatever leaves this process, and converts, loads and embeds.
LISTENED = """
import sys

def hear(event, given):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        print(event, given[1:], flush=True)

sys.addaudithook(hear)
from pathlib import Path
from assistant.adapters.converted.convert import write
from assistant.adapters.converted.model import ConvertedModel
from assistant.adapters.embedding import SentenceTransformerModel

folder = Path(sys.argv[1])
exact = SentenceTransformerModel(sys.argv[2], bfloat16=False)
write(exact.loaded(), exact.window, folder)
print(ConvertedModel("model", folder, "f32", threads=1).embed(["text"]).shape)
"""
SPY = "from pathlib import Path\nPath(__file__).with_suffix('.told').touch()\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small model."""
    return small_model(tmp_path_factory.mktemp("small") / "model", "mean")


def start(program: str, *words: object, **variables: str) -> subprocess.Popen[str]:
    """Start a process of Python."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def said_by(process: subprocess.Popen[str]) -> str:
    """Return what a process said, which must have gone well."""
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return out.strip()


def wait_for(true: Callable[[], object], what: str) -> None:
    """Return once something is true."""
    give_up = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """Let a process die in the middle of a conversion, and return the folder of what it left."""
    models = tmp_path_factory.mktemp("models") / "not there yet"
    process = start(PREPARE, models, source)
    wait_for(lambda: list(models.glob(".part-*")), "no conversion was begun")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    # Whoever died cannot end what it had started.
    assert len(children) == 1
    _, alive = psutil.wait_procs(children, timeout=SECONDS)
    assert alive == []
    return models


@pytest.fixture(scope="module")
def answers(begun: Path, source: Path) -> list[str]:
    """Let three processes ask at once, and return what each of them got."""
    # As if the machine had died, too.
    (begun / ".part-of-a-dead-machine").mkdir(exist_ok=True)
    (begun / ".part-of-a-dead-machine" / GRAPH).write_text("<net")
    processes = [start(PREPARE, begun, source) for _ in range(3)]
    return [said_by(process) for process in processes]


def test_a_conversion_that_broke_off_is_not_used(begun: Path, source: Path) -> None:
    assert store.find(begun, str(source)) is None


def test_of_several_processes_one_converts(begun: Path, source: Path, answers: list[str]) -> None:
    folder = store.find(begun, str(source))
    assert folder is not None
    assert sorted(answers) == [f"{folder} 0", f"{folder} 0", f"{folder} 1"]
    assert {GRAPH, TOKENIZER, DESCRIPTION} < {path.name for path in folder.iterdir()}
    # What earlier ones left is gone.
    assert sorted(path.name for path in begun.iterdir()) == [".lock", folder.name]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_each_backend_was_tried(begun: Path, source: Path, answers: list[str]) -> None:
    folder = store.prepare(begun, str(source))
    found = store.read_figures(folder)
    precisions = ["f32", "bf16"] if has_bfloat16() else ["f32"]
    assert set(found) == {f"{lib} {it}" for lib in ("torch", "OpenVINO") for it in precisions}
    assert all(figure.seconds > 0 for figure in found.values())
    assert found["torch f32"].cosine == pytest.approx(1)
    assert found["OpenVINO f32"].cosine > 0.9999
    model = FastestModel(str(source), begun)
    assert model.backend == foresee(str(source), begun)


def test_another_processor_is_tried_without_converting_again(
    begun: Path, source: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.prepare(begun, str(source))
    graph = (folder / GRAPH).stat()
    ours = folder / store.figures_file()
    other = ours.with_name("figures-of-another.json")
    ours.rename(other)
    assert store.find(begun, str(source)) is None
    assert store.prepare(begun, str(source)) == folder
    assert (folder / GRAPH).stat() == graph
    assert ours.exists()
    other.unlink()


def test_a_changed_model_or_library_is_converted_anew(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(source, tmp_path / "model")
    seen = {store.folder_of(tmp_path, str(copy))}
    (copy / "config.json").write_text((copy / "config.json").read_text().replace("0.5", "0.4"))
    seen.add(store.folder_of(tmp_path, str(copy)))
    pooling = copy / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps({**json.loads(pooling.read_text()), "pooling_mode": "cls"}))
    seen.add(store.folder_of(tmp_path, str(copy)))
    os.truncate(copy / "model.safetensors", 5 * 1024**2)
    seen.add(store.folder_of(tmp_path, str(copy)))
    # Of large files the time says that they were written again.
    os.utime(copy / "model.safetensors", (1, 1))
    seen.add(store.folder_of(tmp_path, str(copy)))
    assert store.folder_of(tmp_path, str(copy)) in seen
    for library in store.LIBRARIES:
        with monkeypatch.context() as patch:
            versions = dict.fromkeys(store.LIBRARIES, "1") | {library: "2"}
            patch.setattr(store, "version", versions.__getitem__)
            seen.add(store.folder_of(tmp_path, str(copy)))
    assert len(seen) == 5 + len(store.LIBRARIES)


def test_a_model_of_the_hub_is_known_by_its_commit(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert store.folder_of(tmp_path, "somebody/some-model") is None
    cached = tmp_path / "hub" / "models--somebody--some-model"
    shutil.copytree(source, cached / "snapshots" / "1234")
    assert store.folder_of(tmp_path, "somebody/some-model") is None
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("1234")
    folder = store.folder_of(tmp_path, "somebody/some-model")
    assert folder is not None
    assert folder.name.startswith("somebody-some-model-")


def test_where_nothing_can_be_written_torch_embeds(
    source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, choice.__name__)
    # Not even root may write there.
    model = FastestModel(str(source), Path("/proc/nope"))
    assert model.embed(["text"]).shape == (1, 32)
    assert model.backend.startswith("torch")
    assert "/proc/nope cannot be written to" in caplog.text
    with pytest.raises(PermanentError, match="EMBEDDING_BACKEND=auto"):
        FastestModel(str(source), Path("/proc/nope"), converted_only=True).embed(["text"])


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, source: Path) -> None:
    # No file may have more: the graph's weights do not fit.
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n{PREPARE}"
    process = start(full, tmp_path, source)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "NotConverted: converting it ended with 1: RuntimeError" in said
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_is_damaged_later_is_not_used(
    tmp_path: Path,
    begun: Path,
    source: Path,
    answers: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, choice.__name__)
    folder = shutil.copytree(
        store.prepare(begun, str(source)), tmp_path / store.prepare(begun, str(source)).name
    )
    os.truncate(folder / "model.bin", 1000)
    figures = {"torch f32": Figure(9, 1), "OpenVINO f32": Figure(1, 1)}
    store.write_figures(folder, figures)
    model = FastestModel(str(source), tmp_path)
    assert model.embed(["a"]).shape == (1, 32)
    assert model.backend.startswith("torch")
    assert "torch embeds" in caplog.text


def test_nobody_is_told(tmp_path: Path, source: Path) -> None:
    # As where it is installed, which OpenVINO's own wheel demands.
    spy = tmp_path / "path" / "openvino_telemetry"
    spy.mkdir(parents=True)
    (spy / "__init__.py").write_text(SPY)
    path = os.pathsep.join(filter(None, [str(spy.parent), os.environ.get("PYTHONPATH")]))
    folder = tmp_path / "converted"
    folder.mkdir()
    quiet = start(LISTENED, folder, source, PYTHONPATH=path, HF_HUB_OFFLINE="")
    assert said_by(quiet) == "(1, 32)"
    assert [file.name for file in spy.iterdir()] == ["__init__.py"]
    # It is the spy that would have seen it.
    said_by(start("import openvino_telemetry", PYTHONPATH=path))
    assert (spy / "__init__.told").exists()
