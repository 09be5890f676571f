"""What single outcomes say together: measures, their comparison, and how long answers took."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.services.evaluation import measures
from assistant.services.evaluation.judging import Case
from assistant.services.evaluation.paired import Comparison, adjusted, compare

Outcome = Mapping[str, Any]
# So many places of a ranking are looked at.
DEPTH = 10
# Places of figures in a result: more would promise what a few hundred questions cannot keep.
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Measure:
    """A number for each outcome, and the questions that it is about."""

    name: str
    title: str
    is_about: Callable[[Case], bool]
    value: Callable[[Outcome], float]
    is_share: bool = True
    less_is_better: bool = False


def _sought(case: Case) -> bool:
    return case.is_sought


def _with_answer(case: Case) -> bool:
    return case.answer is not None


def _recall(depth: int) -> Measure:
    return Measure(
        f"recall_at_{depth}",
        f"recall@{depth}",
        _sought,
        lambda outcome: measures.recall(outcome["rank"], depth),
    )


def _flag(name: str) -> Callable[[Outcome], float]:
    return lambda outcome: float(outcome[name] or 0)


MEASURES = (
    _recall(1),
    _recall(5),
    _recall(10),
    Measure("ndcg_at_10", "nDCG@10", _sought, lambda o: measures.gain(o["rank"], DEPTH)),
    Measure("mrr_at_10", "MRR@10", _sought, lambda o: measures.reciprocal_rank(o["rank"], DEPTH)),
    Measure("given", "among the reply's passages", _sought, _flag("given")),
    Measure("stated", "answer in the reply", _with_answer, _flag("stated")),
    Measure("quoted", "answer in a quote", _with_answer, _flag("quoted")),
    Measure("refused_rightly", "refused, rightly", lambda c: bool(c.refuse), _flag("refused")),
    Measure(
        "refused_wrongly",
        "refused, wrongly",
        lambda case: case.has_answer,
        _flag("refused"),
        less_is_better=True,
    ),
    Measure(
        "seconds",
        "mean seconds",
        lambda case: True,
        lambda outcome: float(outcome["seconds"]),
        is_share=False,
        less_is_better=True,
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def summarise(cases: Sequence[Case], outcomes: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Return the result of an evaluation; `outcomes` has for each setting one for each case."""
    rows = [row for measure in MEASURES if (row := _row(measure, cases, outcomes))]
    if len(outcomes) > 1:
        holm = adjusted([row["p"] for row in rows])
        rows = [{**row, "p_adjusted": _short(p)} for row, p in zip(rows, holm, strict=True)]
    seconds = [[float(one["seconds"]) for one in each] for each in outcomes]
    return {
        "measures": rows,
        "latency": [
            {f"p{round(100 * s)}": _short(measures.percentile(each, s)) for s in (0.5, 0.95)}
            for each in seconds
        ],
        "errors": [sum(one["error"] is not None for one in each) for each in outcomes],
    }


def _row(
    measure: Measure, cases: Sequence[Case], outcomes: Sequence[Sequence[Outcome]]
) -> dict[str, Any] | None:
    """Return a measure over the questions that it is about; None if there are none."""
    about = [number for number, case in enumerate(cases) if measure.is_about(case)]
    if not about:
        return None
    values = [[measure.value(each[number]) for number in about] for each in outcomes]
    row = {
        "name": measure.name,
        "of": len(about),
        "values": [_short(sum(each) / len(each)) for each in values],
    }
    return row | (_compared(compare(*values)) if len(values) == 2 else {})


def _compared(found: Comparison) -> dict[str, Any]:
    return {
        "difference": _short(found.difference),
        "higher": found.higher,
        "lower": found.lower,
        "same": found.same,
        "p": _short(found.p),
    }


def _short(value: float) -> float:
    return round(value, DIGITS)
