"""Meaning and words make one score; what words weigh hangs on the question."""

# ruff: noqa: RUF001  # questions in all scripts

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.adapters.endpoint.model import EndpointModel, Limits
from assistant.adapters.model_access import ModelAccess
from assistant.adapters.provided import Adapters
from assistant.config import read_settings
from assistant.ports import EmbeddingModel
from assistant.services.retrieval import fusion
from assistant.services.retrieval.asked_terms import Asked, asked_terms
from assistant.services.retrieval.fusion import Fused, fuse, unread, weight_of_terms
from assistant.services.retrieval.lexical import Matches
from assistant.services.retrieval.searchable import ORDINAL_BITS
from assistant.services.retrieval.vectors import Loaded


def fused(
    places: list[tuple[int, int, int]], dense: list[float], words: dict[int, float], weight: float
) -> Fused:
    """Fuse chunks at these documents, ordinals and sections."""
    keys = np.array([document << ORDINAL_BITS | ordinal for document, ordinal, _ in places])
    sections = np.array([section for *_, section in places], np.int32)
    loaded = Loaded(keys, sections, np.empty((len(keys), 0), np.float32))
    numbers = sorted(words)
    matches = Matches(keys[numbers], np.array([words[number] for number in numbers]), 1.0, 0.0)
    return fuse(loaded, np.array(dense, np.float32), matches, weight)


def none(exact: float = 0.0) -> Matches:
    return Matches(np.empty(0, np.int64), np.empty(0), 1.0, exact)


def test_what_stands_around_a_chunk_in_its_section_counts_and_nothing_else() -> None:
    places = [(0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 3, 2), (1, 0, 2), (1, 2, 2)]
    dense = [0.9, 0.3, 0.6, 0.1, 0.8, 0.2]
    found = fused(places, dense, {}, 0.0)
    mean = (0.9 + 0.3 + 0.6) / 3
    wanted = [(0.9 + mean) / 2, (0.3 + mean) / 2, (0.6 + mean) / 2, 0.1, 0.8, 0.2]
    assert found.scores == pytest.approx(wanted, abs=1e-6)
    assert found.dense == pytest.approx(dense, abs=1e-6)


def test_words_of_a_chunk_that_is_not_compared_count_for_nothing() -> None:
    keys = np.array([0, 1])
    loaded = Loaded(keys, np.zeros(2, np.int32), np.empty((2, 0), np.float32))
    matches = Matches(np.array([1, 7]), np.array([0.5, 1.0]), 1.0, 0.0)
    found = fuse(loaded, np.array([0.0, 0.0], np.float32), matches, 0.4)
    assert found.lexical.tolist() == [0.0, 0.5]
    assert found.scores == pytest.approx([0.0, 0.2])


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.booleans()), max_size=30),
    st.floats(0, 1),
)
def test_scores_are_from_zero_to_one(
    chunks: list[tuple[float, float, bool]], weight: float
) -> None:
    places = [(number // 7, number % 7, int(new)) for number, (*_, new) in enumerate(chunks)]
    words = {number: says for number, (_, says, _) in enumerate(chunks)}
    found = fused(places, [dense for dense, *_ in chunks], words, weight)
    assert len(found.scores) == len(chunks)
    assert all(0 <= score <= 1 + 1e-9 for score in found.scores)


@pytest.fixture(scope="module")
def bundled() -> EmbeddingModel:
    """Return the bundled encoder, which knows English words."""
    return Adapters(read_settings(embedding_model="all-MiniLM-L6-v2")).embedding_model


@pytest.mark.parametrize(
    ("question", "most"),
    [
        ("How long does the museum stay open in winter?", fusion.TERMS),
        ("Combien de temps le musée reste-t-il ouvert en hiver ?", fusion.TERMS),
        ("冬天博物馆开到几点？", 1.0),
        ("冬の博物館は何時まで開いていますか。", 1.0),
        ("До скольки открыт музей зимой?", 1.0),
    ],
)
def test_words_weigh_more_where_the_encoder_reads_letters(
    bundled: EmbeddingModel, question: str, most: float
) -> None:
    weight = weight_of_terms(none(), unread(question, bundled))
    assert weight <= most
    assert weight == fusion.TERMS or weight > 0.6
    assert (weight == fusion.TERMS) == (most == fusion.TERMS)


def test_words_weigh_more_where_something_is_named_exactly(bundled: EmbeddingModel) -> None:
    question = "What does E-1042 mean?"
    known = unread(question, bundled)
    weights = [weight_of_terms(none(exact), known) for exact in (0.0, 0.5, 1.0)]
    assert fusion.TERMS == weights[0] < weights[1] < weights[2] < 0.7


def test_nothing_is_concluded_from_tokens_that_are_merely_bounded() -> None:
    limits = Limits(window=500, batch=8, seconds=1.0)
    model = EndpointModel("endpoint:f", "f", ModelAccess("http://127.0.0.1:9/v1", ""), limits)
    assert weight_of_terms(none(), unread("冬天博物馆开到几点？", model)) == fusion.TERMS


def exact(question: str) -> set[str]:
    return {asked.term for asked in asked_terms(question) if asked.is_exact}


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What does error HX-1042 mean?", {"hx-1042", "hx1042"}),
        ("what does --no-verify do", {"--no-verify"}),
        ("What is MTBF?", {"mtbf"}),
        ("In which room is Ingo Velde?", {"ingo velde"}),
        ("What does RFC 2119 say?", {"rfc", "rfc 2119"}),
        ("Is it read-only, or e.g. list.sort?", set()),
        ("How are floating-point numbers kept?", set()),
        ("WHAT DOES THIS MEAN", set()),
        ("The Who", set()),
    ],
)
def test_what_is_named_exactly(question: str, named: set[str]) -> None:
    assert exact(question) >= named
    assert named or not exact(question)


def test_words_that_say_nothing_are_asked_for_only_if_nothing_else_is() -> None:
    assert [asked.term for asked in asked_terms("What is the ferry for?")] == ["ferry"]
    assert {asked.term for asked in asked_terms("Who is the Who?")} >= {"who", "the"}
    assert asked_terms("?!") == []


def test_of_a_very_long_question_identifiers_are_kept() -> None:
    words = " ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26)}q" for n in range(300))
    asked = asked_terms(f"{words} E-1042")
    assert len(asked) <= 64
    assert Asked("e-1042", is_exact=True, besides=True) in asked
