"""Which backend is taken, by what was measured; and that measuring is fair."""

import time
from collections.abc import Sequence

import numpy as np
import pytest

from assistant.adapters.converted import figures
from assistant.adapters.converted.figures import Figure, fastest, measure
from assistant.adapters.converted.texts import ODDITIES, varied
from assistant.ports import Offsets, Vectors


class Turning:
    """Embeds by turning what is exact by an angle; the first texts of a length take long."""

    backend = name = "turning"
    dimensions, window = 2, 100

    def __init__(self, angle: float, seconds: float, first: float = 0.0) -> None:
        self.angle, self.seconds, self.first = angle, seconds, first

    def locate_tokens(self, texts: Sequence[str]) -> list[Offsets]:
        raise NotImplementedError

    def embed(self, texts: Sequence[str]) -> Vectors:
        until = time.process_time() + self.seconds + self.first
        self.first = 0.0
        while time.process_time() < until:
            pass
        vector = [np.cos(self.angle), np.sin(self.angle)]
        return np.array([vector] * len(texts), np.float32)


def test_what_a_length_costs_the_first_time_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PASS_SECONDS", 0.1)
    found = measure(
        {"torch f32": Turning(0, 0.02), "OpenVINO f32": Turning(0.02, 0.01, first=0.3)}, ["a", "b"]
    )
    assert 0.01 <= found["OpenVINO f32"].seconds < 0.02 <= found["torch f32"].seconds < 0.3
    assert found["torch f32"].cosine == pytest.approx(1)
    assert found["OpenVINO f32"].cosine == pytest.approx(np.cos(0.02), abs=1e-6)
    assert fastest(found) == "torch f32"


EXACT, ROUGH = 0.99995, 0.99989


@pytest.mark.parametrize(
    ("found", "best"),
    [
        ({"OpenVINO f32": (5, 1), "OpenVINO bf16": (2, EXACT)}, "OpenVINO bf16"),
        ({"OpenVINO f32": (5, 1), "OpenVINO bf16": (2, ROUGH)}, "OpenVINO f32"),
        ({"torch bf16": (3, EXACT), "OpenVINO f32": (2, ROUGH)}, "torch bf16"),
        ({"torch bf16": (3, ROUGH), "OpenVINO f32": (10, ROUGH)}, "torch f32"),
        # What is converted loads sooner and takes less memory.
        ({"OpenVINO f32": (9.5, 1)}, "OpenVINO f32"),
        ({"OpenVINO f32": (12, 1)}, "torch f32"),
    ],
)
def test_the_fastest_is_taken_of_what_is_exact_enough(
    found: dict[str, tuple[float, float]], best: str
) -> None:
    all_found = {"torch f32": (9.0, 1.0), **found}
    assert fastest({name: Figure(*figure) for name, figure in all_found.items()}) == best


def test_only_what_is_converted_can_be_asked_for() -> None:
    found = {"torch f32": Figure(1, 1), "OpenVINO f32": Figure(5, 1)}
    assert fastest(found, "OpenVINO") == "OpenVINO f32"
    assert fastest({"torch f32": Figure(1, 1)}, "OpenVINO") is None


def test_the_texts_are_of_many_lengths_and_scripts() -> None:
    texts = varied()
    assert set(ODDITIES) < set(texts)
    assert len(set(texts)) == len(texts) > 40
    assert {len(text) // 100 for text in texts} >= {0, 1, 2, 3, 5}
    assert max(map(len, texts)) > 1500
    scripts = ("a", "д", "灯", "ع", "ह", "등")  # one letter of each
    assert all(any(letter in text for text in texts) for letter in scripts)
