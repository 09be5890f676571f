"""The arithmetic of evaluations, against values that were found in another way."""

import math
import random
from itertools import product
from statistics import mean, quantiles
from typing import Any
from xml.etree import ElementTree

import pytest

from assistant.services.evaluation import measures
from assistant.services.evaluation.judging import Case
from assistant.services.evaluation.paired import FEW, TOSSES, adjusted, compare
from assistant.services.evaluation.plot import plot
from assistant.services.evaluation.report import summarise

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("rank", "recalled", "reciprocal", "gained"),
    [
        (1, (1, 1, 1), 1, 1),
        (2, (0, 1, 1), 0.5, 0.6309297535714575),
        (3, (0, 1, 1), 0.3333333333333333, 0.5),
        (5, (0, 1, 1), 0.2, 0.38685280723454163),
        (10, (0, 0, 1), 0.1, 0.2890648263178879),
        (11, (0, 0, 0), 0, 0),
        (None, (0, 0, 0), 0, 0),
    ],
)
def test_measures_of_one_right_thing(
    rank: int | None, recalled: tuple[int, int, int], reciprocal: float, gained: float
) -> None:
    assert tuple(measures.recall(rank, depth) for depth in (1, 5, 10)) == recalled
    assert measures.reciprocal_rank(rank, 10) == pytest.approx(reciprocal)
    assert measures.gain(rank, 10) == pytest.approx(gained)


@pytest.mark.parametrize("count", [2, 3, 10, 101])
def test_percentiles_are_those_of_the_standard_library(count: int) -> None:
    values = [random.Random(count).expovariate(3) for _ in range(count)]
    cuts = quantiles(values, n=100, method="inclusive")
    assert measures.percentile(values, 0.5) == pytest.approx(cuts[49])
    assert measures.percentile(values, 0.95) == pytest.approx(cuts[94])
    assert measures.percentile(values[:1], 0.95) == values[0]


def binomial(heads: int, tosses: int) -> float:
    """Return the chance of as many heads as these or tails, two-sided: McNemar's exact test."""
    more = max(heads, tosses - heads)
    tail = sum(math.comb(tosses, k) for k in range(more, tosses + 1)) / 2**tosses
    return min(1.0, 2 * tail)


def by_hand(differences: list[float]) -> float:
    """Return the share of all combinations of signs whose sum is as far from 0."""
    seen = abs(math.fsum(differences))
    sums = [
        abs(math.fsum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return mean(total >= seen - 1e-12 for total in sums)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        ([0, 0, 0], [1, 2, 3], 2 / 8),
        ([0, 0, 0], [1, 2, -3], 1.0),
        ([0.25, 0.5], [0.25, 0.5], 1.0),
        ([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], 2 / 32),
        ([0.1] * 8, [0.3, 0.1, 0.2, 0.4, 0.1, 0.9, 0.05, 0.15], None),
    ],
)
def test_few_differences_are_tested_exactly(
    first: list[float], second: list[float], p: float | None
) -> None:
    differences = [b - a for a, b in zip(first, second, strict=True)]
    found = compare(first, second)
    assert found.p == pytest.approx(by_hand(differences))
    assert p is None or found.p == pytest.approx(p)
    assert found.difference == pytest.approx(mean(differences))
    assert found.higher == sum(d > 0 for d in differences)
    assert found.lower == sum(d < 0 for d in differences)
    assert found.higher + found.lower + found.same == len(first)


@pytest.mark.parametrize(("better", "worse"), [(7, 1), (20, 8), (16, 14), (60, 35), (3, 0)])
def test_right_or_wrong_is_tested_as_by_mcnemar(better: int, worse: int) -> None:
    first = [0.0] * better + [1.0] * worse + [1.0] * 40
    second = [1.0] * better + [0.0] * worse + [1.0] * 40
    found = compare(first, second)
    wanted = binomial(better, better + worse)
    # Tosses err by at most four of their standard deviations.
    error = 0 if better + worse <= FEW else 4 * math.sqrt(wanted * (1 - wanted) / TOSSES)
    assert found.p == pytest.approx(wanted, abs=max(error, 1e-12))
    assert compare(first, second) == found
    assert compare(second, first).p == pytest.approx(found.p, abs=2 * error)


def test_no_chance_is_ever_nothing() -> None:
    assert compare([0.0] * 30, [1.0] * 30).p == pytest.approx(1 / (TOSSES + 1))


def test_settings_that_do_not_differ_are_rarely_said_to() -> None:
    chance = random.Random(4)
    wrong = 0
    for _ in range(400):
        first = [chance.choice([0, 0.5, 1]) for _ in range(12)]
        second = [chance.choice([0, 0.5, 1]) for _ in range(12)]
        wrong += compare(first, second).p < 0.05
    assert 2 <= wrong <= 32


def test_many_looks_are_paid_for() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted([0.6, 0.7]) == [1.0, 1.0]
    assert adjusted([]) == []


CASES = [
    Case("First?", filename="a.txt", answer="1"),
    Case("Second?", passage="two"),
    Case("Off topic?", refuse=True),
    Case("Only asked?"),
]


def outcome(**values: Any) -> dict[str, Any]:
    """Return how a question fared."""
    usual = {"rank": None, "given": None, "stated": None, "quoted": None, "refused": False}
    return {**usual, "seconds": 0.1, "error": None, **values}


FIRST = [
    outcome(rank=1, given=True, stated=True, quoted=True),
    outcome(rank=None, given=False),
    outcome(refused=True, seconds=0.3),
    outcome(seconds=0.5),
]
SECOND = [
    outcome(rank=2, given=True, stated=False, quoted=True),
    outcome(rank=1, given=True, refused=True),
    outcome(refused=False),
    outcome(error="empty_answer"),
]


def test_outcomes_are_put_together_by_what_was_expected() -> None:
    result = summarise(CASES, [FIRST, SECOND])
    rows = {row["name"]: row for row in result["measures"]}
    assert {name: (row["of"], row["values"]) for name, row in rows.items()} == {
        "recall_at_1": (2, [0.5, 0.5]),
        "recall_at_5": (2, [0.5, 1.0]),
        "recall_at_10": (2, [0.5, 1.0]),
        "ndcg_at_10": (2, [0.5, 0.8155]),
        "mrr_at_10": (2, [0.5, 0.75]),
        "given": (2, [0.5, 1.0]),
        "stated": (1, [1.0, 0.0]),
        "quoted": (1, [1.0, 1.0]),
        "refused_rightly": (1, [1.0, 0.0]),
        "refused_wrongly": (2, [0.0, 0.5]),
        "seconds": (4, [0.25, 0.1]),
    }
    gained = rows["ndcg_at_10"]
    assert (gained["higher"], gained["lower"], gained["same"]) == (1, 1, 0)
    assert (gained["difference"], gained["p"]) == (0.3155, 1.0)
    assert all(row["p_adjusted"] >= row["p"] for row in rows.values())
    assert result["latency"] == [{"p50": 0.2, "p95": 0.47}, {"p50": 0.1, "p95": 0.1}]
    assert result["errors"] == [0, 1]


def test_one_setting_is_compared_with_nothing() -> None:
    result = summarise(CASES, [FIRST])
    assert all(set(row) == {"name", "of", "values"} for row in result["measures"])


def test_what_nobody_expected_is_no_measure() -> None:
    result = summarise(CASES[3:], [FIRST[3:]])
    assert [row["name"] for row in result["measures"]] == ["seconds"]


def test_a_picture_shows_every_share_of_each_setting() -> None:
    result = summarise(CASES, [FIRST, SECOND])
    drawn = ElementTree.fromstring(plot("Tickets", ["installed", "dense"], result))
    assert drawn.tag == f"{SVG}svg"
    written = [element.text for element in drawn.iter(f"{SVG}text")]
    shares = [row for row in result["measures"] if row["name"] != "seconds"]
    assert {"Tickets", "installed", "dense", "nDCG@10 (2)", "p50 0.200, p95 0.470"} <= set(written)
    bars = [element for element in drawn.iter(f"{SVG}rect") if element.get("x") == "210"]
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert widths == pytest.approx([390 * value for row in shares for value in row["values"]])
    box = [float(part) for part in drawn.attrib["viewBox"].split()]
    for element in drawn.iter(f"{SVG}text"):
        assert 0 <= float(element.attrib["x"]) <= box[2]
        assert 0 <= float(element.attrib["y"]) <= box[3]


@pytest.mark.parametrize("settings", [1, 2])
def test_names_cannot_break_a_picture(settings: int) -> None:
    hostile = "</text><script>alert(1)</script>&'\"\ufffe\ud800" + "x" * 500
    result = summarise(CASES, [FIRST, SECOND][:settings])
    picture = plot(hostile, [hostile] * settings, result)
    drawn = ElementTree.fromstring(picture)
    assert not list(drawn.iter(f"{SVG}script"))
    assert picture.encode()
    longest = max(len(element.text or "") for element in drawn.iter(f"{SVG}text"))
    assert longest <= 80
