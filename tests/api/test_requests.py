"""What holds for every request: its id, its headers, slashes, origins, readiness."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from assistant.models import Queue
from assistant.services import jobs
from assistant.services.jobs import heartbeats
from tests.conftest import User
from tests.factories import assert_problem, change_rows


def test_a_request_keeps_the_id_that_it_came_with(user: User) -> None:
    given = str(uuid.uuid4())
    assert_problem(user.get("/jobs/x", headers={"X-Request-ID": given}), 404)
    response = user.get("/jobs/x", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f", "<script>alert</script>"])
def test_an_id_that_could_be_misread_is_replaced(user: User, given: str) -> None:
    response = user.get("/jobs", headers={"X-Request-ID": given})
    assert uuid.UUID(response.headers["X-Request-ID"]).version == 7


def test_answers_are_not_kept_and_not_guessed_at(user: User) -> None:
    for response in (user.get("/jobs"), user.get("/nothing"), user.post("/messages", json=[])):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_every_path_works_with_a_slash_at_its_end(app: Flask) -> None:
    urls = app.url_map.bind("localhost")
    seen = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("pages.", "console.")) or "<path:" in rule.rule:
            continue
        values: dict[str, object] = {name: uuid.uuid4() for name in rule.arguments}
        for name in values:
            if f"<uuid:{name}>" not in rule.rule:
                values[name] = str(values[name])
        if "number" in values:
            values["number"] = 1
        method = next(m for m in rule.methods or () if m not in ("HEAD", "OPTIONS"))
        for path in {rule.rule.rstrip("/") or "/", rule.rule.rstrip("/") + "/"}:
            for name, value in values.items():
                path = path.replace(f"<uuid:{name}>", str(value))
                path = path.replace(f"<int:{name}>", str(value)).replace(f"<{name}>", str(value))
            assert urls.match(path, method) == (rule.endpoint, values)
            seen += 1
    assert seen > 40


def test_browsers_on_allowed_origins_may_read(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(allowed_origins="https://ours.example").test_client()

    def origin_answer(origin: str) -> Any:
        headers = {**user.headers, "Origin": origin}
        response = client.get("/api/v1/jobs", headers=headers)
        assert response.status_code == 200
        return response.headers.get("Access-Control-Allow-Origin")

    assert origin_answer("https://ours.example") == "https://ours.example"
    assert origin_answer("https://theirs.example") is None


def test_origins_are_compared_exactly(another_app: Callable[..., Flask]) -> None:
    allowed = ["https://ours.example", "http://localhost:3000"]
    client = another_app(allowed_origins=",".join(allowed)).test_client()

    def allow_origin(origin: str) -> str | None:
        response = client.get("/health", headers={"Origin": origin})
        found: str | None = response.headers.get("Access-Control-Allow-Origin")
        # Else a cache would show one origin's answer to another.
        assert found is None or "Origin" in response.headers["Vary"]
        return found

    assert [allow_origin(origin) for origin in allowed] == allowed
    for other in (
        *("https://ours.example.evil.net", "https://sub.ours.example", "http://ours.example"),
        *("https://ours.example:8443", "https://oursXexample", "xhttps://ours.example"),
        *("http://localhost:30000", "http://localhost", "null", "*"),
    ):
        assert allow_origin(other) is None, other


def test_a_browser_may_ask_first(user: User, another_app: Callable[..., Flask]) -> None:
    client = another_app(allowed_origins="https://ours.example").test_client()
    asking = {
        "Origin": "https://ours.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    response = client.options("/api/v1/users/me", headers=asking)
    assert response.status_code == 200
    headers = response.headers
    assert headers["Access-Control-Allow-Origin"] == "https://ours.example"
    assert {"GET", "PATCH", "PUT", "DELETE", "POST"} <= set(
        headers["Access-Control-Allow-Methods"].split(", ")
    )
    allowed = set(headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert allowed >= {"authorization", "content-type", "idempotency-key"}
    # Of what browsers send on their own there is the cookie of a refresh token alone.
    assert headers["Access-Control-Allow-Credentials"] == "true"
    theirs = client.options("/api/v1/users/me", headers={**asking, "Origin": "https://x.net"})
    assert not [name for name, _ in theirs.headers if name.startswith("Access-Control")]


def test_a_wildcard_never_comes_with_credentials(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(allowed_origins="*").test_client()
    headers = {**user.headers, "Origin": "https://anybody.example", "Cookie": "a=b"}
    for response in (
        client.get("/api/v1/jobs", headers=headers),
        client.options("/api/v1/jobs", headers={**headers, "Access-Control-Request-Method": "GET"}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] in ("*", headers["Origin"])
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_scripts_may_read_the_headers_that_lead_on(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(allowed_origins="https://ours.example").test_client()
    headers = {**user.headers, "Origin": "https://ours.example"}
    for path, status in (("/api/v1/jobs", 200), ("/api/v1/nothing", 404)):
        response = client.get(path, headers=headers)
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://ours.example"
        exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed == {
            *("Location", "Link", "Retry-After", "Idempotent-Replayed", "X-Request-ID"),
            *("ETag", "Preference-Applied", "Content-Disposition", "WWW-Authenticate"),
            *("RateLimit-Policy", "RateLimit"),
        }


def test_nobody_else_is_an_allowed_origin_by_default(user: User) -> None:
    response = user.get("/jobs", headers={"Origin": "https://theirs.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_readiness_tells_of_the_sweeper(client: FlaskClient) -> None:
    change_rows("DELETE FROM heartbeats")
    jobs.sweep()
    response = client.get("/health/ready")
    assert response.status_code == 200
    absent = {f"worker:{queue}": "has never run" for queue in Queue}
    assert response.get_json() == {
        "status": "ready",
        "checks": {"database": "ok", "redis": "ok", "schema": "ok", "sweeper": "ok"} | absent,
    }
    # The sweeper of a former run is none. What is stored can be read all the same.
    change_rows("UPDATE heartbeats SET seen_at = now() - interval '61 seconds'")
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.get_json()["checks"]["sweeper"] == "has been silent for 61 s"


def test_readiness_says_which_workers_are_there(client: FlaskClient) -> None:
    change_rows("DELETE FROM heartbeats")
    jobs.sweep()
    heartbeats.beat(heartbeats.worker_of("search"), heartbeats.worker_of("replies"))
    change_rows(
        "UPDATE heartbeats SET seen_at = now() - interval '1 min' WHERE name = 'worker:replies'"
    )
    response = client.get("/health/ready")
    assert response.status_code == 200
    checks = response.get_json()["checks"]
    assert checks["worker:search"] == "ok"
    assert checks["worker:replies"] == "has been silent for 60 s"
    assert checks["worker:indexing"] == "has never run"


def test_it_is_not_ready_without_its_database(another_app: Callable[..., Flask]) -> None:
    client = another_app(database_url="postgresql://127.0.0.1:1/none").test_client()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.get_json()["checks"]["database"] == "does not answer"
    assert client.get("/health").status_code == 200


def test_a_request_without_the_database_is_a_503(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(database_url="postgresql://127.0.0.1:1/none").test_client()
    response = client.post("/api/v1/messages", json={"content": "x"}, headers=user.headers)
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in response.text
