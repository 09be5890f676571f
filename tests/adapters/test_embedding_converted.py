"""The converted model gives torch's vectors, whatever its pooling, and loads without torch."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant.adapters.converted.choice import FastestModel
from assistant.adapters.converted.convert import REASON, write
from assistant.adapters.converted.model import BATCH_TEXTS, BATCH_TOKENS, GRAPH, ConvertedModel
from assistant.adapters.converted.model import batches as batches_of
from assistant.adapters.converted.store import prepare
from assistant.adapters.converted.texts import varied
from assistant.adapters.embedding import THREADS, SentenceTransformerModel, has_bfloat16, locate
from assistant.config import read_settings
from tests.adapters.small_models import small_model

pytest.importorskip("openvino", reason="openvino is not installed")
NAME = "all-MiniLM-L6-v2"
pytestmark = pytest.mark.skipif(locate(NAME) is None, reason="the bundled model is not installed")
TEXTS = [
    *varied(),
    "ALL UPPER CASE, naïve café, 3.5 km², ½, №7, ﬁne",
    "Zeile eins\nZeile zwei\tund ein Tabulator   viele Blanks",
    "word " * 700,
    "ก็ไม่รู้เหมือนกันว่าทำไม",
]

LOADED = """
import sys
from pathlib import Path
from assistant.adapters.converted.choice import FastestModel

model = FastestModel("all-MiniLM-L6-v2", Path(sys.argv[1]), converted_only=True)
print(model.embed(["hello"]).shape, model.window, len(model.locate_tokens(["hello you"])[0]))
print(sorted({"torch", "transformers", "sentence_transformers", "scipy"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def models() -> Path:
    return read_settings().models


@pytest.fixture(scope="module")
def folder(models: Path) -> Path:
    return prepare(models, NAME)


@pytest.fixture(scope="module")
def exact() -> SentenceTransformerModel:
    return SentenceTransformerModel(NAME, bfloat16=False)


@pytest.fixture(scope="module")
def model(folder: Path) -> ConvertedModel:
    return ConvertedModel(NAME, folder, "f32", threads=THREADS)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_the_vectors_are_torchs(
    folder: Path, exact: SentenceTransformerModel, precision: str
) -> None:
    if precision == "bf16" and not has_bfloat16():
        pytest.skip("the processor has no bfloat16")
    model = ConvertedModel(NAME, folder, precision, threads=THREADS)
    vectors = model.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-6)
    assert (vectors * exact.embed(TEXTS)).sum(axis=1).min() >= 0.9999
    assert model.backend == f"OpenVINO {precision}"


def test_texts_are_cut_into_the_same_tokens(
    model: ConvertedModel, exact: SentenceTransformerModel
) -> None:
    assert (model.window, model.dimensions) == (exact.window, exact.dimensions) == (254, 384)
    for ours, theirs in zip(model.locate_tokens(TEXTS), exact.locate_tokens(TEXTS), strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()


def test_no_texts_give_no_rows(model: ConvertedModel) -> None:
    assert model.embed([]).shape == (0, 384)
    assert model.locate_tokens([]) == []


def test_serves_several_threads(model: ConvertedModel) -> None:
    expected, places = model.embed(TEXTS[:20]), model.locate_tokens(TEXTS[:20])
    with ThreadPoolExecutor(4) as pool:
        located = [pool.submit(model.locate_tokens, TEXTS[:20]) for _ in range(8)]
        for vectors in pool.map(lambda _: model.embed(TEXTS[:20]), range(8)):
            assert np.allclose(vectors, expected, atol=1e-5)
        for future in located:
            assert [one.tolist() for one in future.result()] == [one.tolist() for one in places]


def test_texts_of_one_length_go_together() -> None:
    chance = np.random.default_rng(7)
    lengths = [int(length) for length in chance.integers(2, 257, 500)]
    batches = list(batches_of(lengths))
    assert sorted(number for batch in batches for number in batch) == list(range(500))
    padded = sum(len(batch) * max(lengths[n] for n in batch) for batch in batches)
    assert padded < 1.05 * sum(lengths)
    for batch in batches:
        longest = max(lengths[number] for number in batch)
        assert len(batch) <= BATCH_TEXTS
        assert len(batch) == 1 or len(batch) * longest <= BATCH_TOKENS
    assert list(batches_of([9000, 3])) == [[0], [1]]
    assert list(batches_of([])) == []


def test_loads_with_neither_torch_nor_transformers(models: Path, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(models)], capture_output=True, timeout=60
    )
    assert done.stdout.decode().splitlines() == ["(1, 384) 254 2", "[]"], done.stderr.decode()


@pytest.mark.parametrize(
    ("pooling", "normalised", "prompt"),
    [("mean", True, ""), ("cls", False, ""), ("max", True, "query: "), ("mean", False, "for: ")],
)
def test_pooling_window_and_prompt_are_the_models_own(
    tmp_path: Path, pooling: str, normalised: bool, prompt: str
) -> None:
    source = small_model(tmp_path / "model", pooling, normalised=normalised, prompt=prompt)
    exact = SentenceTransformerModel(str(source), bfloat16=False)
    converted = tmp_path / "converted"
    converted.mkdir()
    write(exact.loaded(), exact.window, converted)
    model = ConvertedModel(str(source), converted, "f32", threads=THREADS)
    # Every second word is another one behind the window.
    texts = ["one text", "", "a text longer than that", "word " * 60, "word " * 59 + "other"]
    # A small model without training puts all near each other, so that a cosine says little.
    assert np.abs(model.embed(texts) - exact.embed(texts)).max() < 1e-5
    assert np.abs(exact.embed(texts[:1]) - exact.embed(texts[2:3])).max() > 1e-3
    assert model.window == exact.window == 30 - len(exact.locate_tokens([prompt])[0])


def test_a_model_that_does_not_convert_stays_with_torch(tmp_path: Path) -> None:
    source = small_model(tmp_path / "model", "mean", padding_side="left")
    exact = SentenceTransformerModel(str(source), bfloat16=False)
    write(exact.loaded(), exact.window, tmp_path)
    assert "its tokenizer" in (tmp_path / REASON).read_text()
    assert not (tmp_path / GRAPH).exists()


def test_the_choice_is_an_embedding_model(models: Path, folder: Path) -> None:
    model = FastestModel(NAME, models)
    assert model.embed(["a"]).shape == (1, model.dimensions) == (1, 384)
    assert model.window == 254
    assert model.locate_tokens(["a b"])[0].tolist() == [0, 2]
    assert model.backend.split()[0] in {"torch", "OpenVINO"}
