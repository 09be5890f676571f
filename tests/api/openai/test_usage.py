"""What OpenAI's clients use up counts as everything else."""

from assistant.services import jobs
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_openai_error


def test_a_response_reserves_tokens_until_it_has_used_them_up(
    user: User, model_server: ModelServer
) -> None:
    model_server.reset()
    body = {"input": "How are you?", "max_output_tokens": 100, "background": True}
    made = user.openai("POST", "/responses", json=body).get_json()
    day = user.get("/usage").get_json()["limits"]["tokens_per_day"]
    assert 100 < day["reserved"] < 200
    jobs.run(made["id"].removeprefix("resp_"))
    after = user.get("/usage").get_json()
    assert after["limits"]["tokens_per_day"]["reserved"] == 0
    [used] = after["days"]
    told = user.openai("GET", f"/responses/{made['id']}").get_json()["usage"]
    assert used["total_tokens"] == told["total_tokens"] > 0
    assert used["estimated_tokens"] == 0


def test_a_response_for_which_there_are_no_tokens_is_refused(user: User, admin: User) -> None:
    limits = {"limits": {"tokens_per_day": 50}}
    assert admin.patch(f"/users/{user.id}", json=limits).status_code == 200
    body = {"input": "How are you?", "max_output_tokens": 100}
    error = assert_openai_error(user.openai("POST", "/responses", json=body), 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "insufficient_quota")
