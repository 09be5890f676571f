"""The bundled embedding model: meaning, precision, threads, and what happens without it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant.adapters import embedding
from assistant.adapters.embedding import SentenceTransformerModel
from assistant.errors import PermanentError

pytestmark = pytest.mark.skipif(
    embedding.locate("all-MiniLM-L6-v2") is None, reason="the bundled model is not installed"
)
TEXTS = [
    "The foghorn is sounded at noon on the first Sunday of each month.",
    "Volunteers get a blue jacket and ten per cent off in the shop.",
    "short",
    "A long passage about engines and their care. " * 40,
    "灯台の霧笛は正午に鳴らされます。",
]


@pytest.fixture(scope="module")
def model() -> SentenceTransformerModel:
    return SentenceTransformerModel("all-MiniLM-L6-v2")


def test_gives_unit_vectors_in_the_order_of_the_texts(model: SentenceTransformerModel) -> None:
    vectors = model.embed(TEXTS)

    assert vectors.shape == (len(TEXTS), model.dimensions) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(model.embed([text])[0] @ vector) > 0.999


def test_similar_meaning_is_near(model: SentenceTransformerModel) -> None:
    question = model.embed(["When can I hear the fog signal?"])[0]
    scores = model.embed(TEXTS[:2]) @ question
    assert scores[0] > 0.4 > 0.2 > scores[1]


def test_no_texts_give_no_rows(model: SentenceTransformerModel) -> None:
    assert model.embed([]).shape == (0, 384)


def test_says_where_it_stops_reading(model: SentenceTransformerModel) -> None:
    # 256, of which two are the model's own marks.
    assert model.window == 254


def test_serves_several_threads(model: SentenceTransformerModel) -> None:
    expected = model.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: model.embed(TEXTS), range(8)):
            assert np.allclose(vectors, expected, atol=1e-2)


@pytest.mark.skipif(not embedding.has_bfloat16(), reason="the processor has no bfloat16")
def test_bfloat16_agrees_with_float32(model: SentenceTransformerModel) -> None:
    exact = SentenceTransformerModel("all-MiniLM-L6-v2", bfloat16=False).embed(TEXTS)
    assert (model.embed(TEXTS) * exact).sum(axis=1).min() >= 0.9999


def test_a_model_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        SentenceTransformerModel(str(tmp_path)).embed(["text"])
    assert caught.value.code == "embedding_model_unavailable"
    assert "EMBEDDING_MODEL" in caught.value.detail


def test_a_name_without_a_bundled_package_is_left_to_the_hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    assert embedding.locate("all-MiniLM-L6-v2") is None
    assert embedding.locate(str(tmp_path)) == tmp_path
