"""What was found, in a reranker's order."""

import logging
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from assistant.errors import InvalidInput
from assistant.extensions import adapters
from assistant.services.evaluation import evaluations
from assistant.services.evaluation.judging import Case
from assistant.services.generation import passages
from assistant.services.retrieval import reranking
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope, find
from tests.doubles.rerank_server import RerankServer
from tests.services.conftest import Configure
from tests.services.factories import make_owner, perform, upload

QUESTION = "When does the ferry to the island leave?"
TEXTS = {
    "noon.txt": "The ferry to the island leaves at noon.",
    "wharf.txt": "The ferry to the island leaves from the northern wharf.",
    "bread.txt": "Bread is baked from flour, water and salt, says the baker.",
}


@pytest.fixture(scope="module")
def sailor(app: Flask) -> uuid.UUID:
    """Return who has some documents."""
    with app.app_context():
        owner = make_owner()
        for name, text in TEXTS.items():
            assert perform(upload(owner, text, name)).state == "succeeded"
        return owner


@pytest.fixture
def server(configure: Configure) -> Iterator[RerankServer]:
    """Serve a reranker that likes bakers, and let the application use it."""
    with RerankServer() as server:
        server.words = ("baker",)
        configure(rerank_url=server.url, rerank_model="ranker", rerank_timeout=5.0)
        yield server


def names(owner: uuid.UUID, limit: int = 3, *, rerank: bool = True) -> list[str]:
    """Return the files of what is found, best first."""
    question = Question(owner, QUESTION)
    return [hit.filename for hit in find(Scope(owner), question, limit, rerank=rerank)]


def test_there_is_none_unless_the_operator_has_one(sailor: uuid.UUID) -> None:
    assert adapters.reranker is None
    assert names(sailor)[-1] == "bread.txt"


def test_its_order_counts_and_not_how_many_are_wanted(
    sailor: uuid.UUID, server: RerankServer
) -> None:
    usual = names(sailor, rerank=False)
    assert server.requests == []
    assert names(sailor) == ["bread.txt", *usual[:2]]
    assert names(sailor, 1) == ["bread.txt"]
    sent = server.requests[-1]
    assert (sent["query"], sent["model"]) == (QUESTION, "ranker")
    assert sent["documents"] == [TEXTS[name] for name in usual]


def test_replies_are_made_in_its_order(sailor: uuid.UUID, server: RerankServer) -> None:
    gathered = passages.gather(Scope(sailor), QUESTION, (), 1000)
    assert gathered.hits[0].filename == "bread.txt"


@pytest.mark.parametrize("plan", [500, b"no JSON", "hang"])
def test_what_was_found_stays_in_its_order_if_it_fails(
    sailor: uuid.UUID,
    server: RerankServer,
    configure: Configure,
    plan: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(rerank_url=server.url, rerank_timeout=0.3)
    usual = names(sailor, rerank=False)
    server.plans.append(plan)
    with caplog.at_level(logging.WARNING, reranking.logger.name):
        assert names(sailor) == usual
        assert names(sailor) == usual
    assert len(server.requests) == 1
    [record] = [one for one in caplog.records if one.name == reranking.logger.name]
    assert "stay in the order in which they were found" in record.getMessage()
    assert server.url in record.getMessage()


def test_so_many_are_shown_and_the_others_stay_behind(
    sailor: uuid.UUID, server: RerankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "RERANKED", 2)
    usual = names(sailor, rerank=False)
    assert names(sailor) == usual
    assert len(server.requests[-1]["documents"]) == 2


def test_an_evaluation_says_what_it_gains(sailor: uuid.UUID, server: RerankServer) -> None:
    cases = [Case(QUESTION, filename="bread.txt")]
    job = evaluations.create(sailor, cases, [{"rerank": False}, {}], "Ferries", Scope(sailor))
    assert perform(job).state == "succeeded"
    shown = evaluations.get(sailor, job.id)
    assert [setting["rerank"] for setting in shown["settings"]] == [False, True]
    assert [outcome["rank"] for outcome in shown["questions"][0]["outcomes"]] == [3, 1]


def test_none_can_be_compared_where_there_is_none(sailor: uuid.UUID) -> None:
    with pytest.raises(InvalidInput, match="There is no reranker"):
        evaluations.create(sailor, [Case(QUESTION)], [{"rerank": True}], "No", Scope(sailor))
