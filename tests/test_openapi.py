"""The OpenAPI document and the page that shows it."""

import re
from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
from flask import Flask
from flask.testing import FlaskClient

from assistant.schemas.auth import USERNAME, Username
from assistant.schemas.text import ONE_LINE, SOME_TEXT, Line, Text, not_blank

METHODS = {"get", "put", "post", "delete", "patch"}
UNSECURED = {
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
    "/api/v1/auth/options",
    "/api/v1/auth/password",
    "/api/v1/ws",
    "/api/v1/ws/{user_id}",
    "/",
    "/health",
    "/health/live",
    "/health/ready",
}


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    """Return the document as a client gets it."""
    response = client.get("/openapi.json")
    assert response.mimetype == "application/json"
    found: dict[str, Any] = response.get_json()
    return found


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in spec["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def resolved(spec: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = spec
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def test_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    found = set(references(spec))
    assert found
    for reference in found:
        assert resolved(spec, {"$ref": reference}), reference


def test_the_document_has_every_endpoint(app: Flask, spec: dict[str, Any]) -> None:
    documented = {(path, method) for path, method, _ in operations(spec)}
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(("api-docs.", "pages.", "openai.", "console.", "mcp."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert documented == served


def test_every_operation_says_what_it_does_and_who_may_call_it(spec: dict[str, Any]) -> None:
    known = spec["components"]["securitySchemes"].keys()
    for path, method, operation in operations(spec):
        assert operation["summary"].endswith("."), (path, method)
        required = [name for item in operation["security"] for name in item]
        assert set(required) <= known
        assert (not required) == (path in UNSECURED), (path, method)


def test_sign_in_is_described_where_it_is(spec: dict[str, Any]) -> None:
    flow = spec["components"]["securitySchemes"]["password"]["flows"]["password"]
    assert "post" in spec["paths"][flow["tokenUrl"]]
    assert flow["scopes"] == {}
    body = spec["paths"][flow["tokenUrl"]]["post"]["requestBody"]["content"]
    assert "application/x-www-form-urlencoded" in body
    # What Swagger's Authorize button got is sent to every endpoint that wants it.
    for path, _, operation in operations(spec):
        assert ({"password": []} in operation["security"]) == (path not in UNSECURED), path


def test_errors_are_documented_as_problems(spec: dict[str, Any]) -> None:
    for path, method, operation in operations(spec):
        errors = {
            status: resolved(spec, response)
            for status, response in operation["responses"].items()
            if status == "default" or int(status) >= 400
        }
        assert "default" in errors, (path, method)
        if path == "/health/ready":
            del errors["503"]
        for status, error in errors.items():
            assert list(error["content"]) == ["application/problem+json"], (path, method, status)
            schema = resolved(spec, error["content"]["application/problem+json"]["schema"])
            assert {"type", "title", "status", "detail", "instance"} <= schema["properties"].keys()


def test_accepted_work_is_documented_as_a_job(spec: dict[str, Any]) -> None:
    accepting = {
        (path, method)
        for path, method, operation in operations(spec)
        if "202" in operation["responses"]
    }
    assert accepting >= {
        ("/api/v1/messages", "post"),
        ("/api/v1/messages/{message_id}/edit", "post"),
        ("/api/v1/messages/{message_id}/regenerate", "post"),
        ("/api/v1/documents", "post"),
        ("/api/v1/documents/{document_id}", "delete"),
        ("/api/v1/documents/{document_id}", "put"),
        ("/api/v1/documents/{document_id}", "patch"),
        ("/api/v1/documents/{document_id}/analysis", "post"),
        ("/api/v1/collections/{collection_id}", "delete"),
        ("/api/v1/users/me", "delete"),
        ("/api/v1/users/{user_id}", "delete"),
        ("/api/v1/jobs/{job_id}/retry", "post"),
    }
    for path, method in accepting:
        answer = spec["paths"][path][method]["responses"]["202"]
        name = "ShownOperatedJob" if "/admin/" in path else "Job"
        assert answer["content"]["application/json"]["schema"]["$ref"].endswith(f"/{name}")


def test_an_upload_is_documented_as_a_form_with_a_file(spec: dict[str, Any]) -> None:
    for path, method in (("", "post"), ("/{document_id}", "put")):
        content = spec["paths"][f"/api/v1/documents{path}"][method]["requestBody"]["content"]
        assert list(content) == ["multipart/form-data"]
        schema = resolved(spec, content["multipart/form-data"]["schema"])
        assert schema["properties"]["file"]["format"] == "binary"
        assert schema["required"] == ["file"]


def test_names_of_operations_are_unique(spec: dict[str, Any]) -> None:
    names = [o["operationId"] for _, _, o in operations(spec) if "operationId" in o]
    assert len(names) == len(set(names))


def test_the_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "//" not in re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 2
    for asset in assets:
        response = client.get(asset)
        assert response.status_code == 200, asset
        assert len(response.data) > 1000
        assert response.mimetype in ("text/css", "text/javascript", "application/javascript")


def test_the_icon_that_browsers_ask_for_is_there(client: FlaskClient) -> None:
    response = client.get("/favicon.ico")
    assert (response.status_code, response.mimetype) == (200, "image/png")


@pytest.mark.parametrize("name", ["../__init__.py", "%2e%2e/__init__.py", "%00", "", "/etc/passwd"])
def test_the_page_serves_only_its_own_files(client: FlaskClient, name: str) -> None:
    assert client.get(f"/docs/assets/{name}").status_code in (404, 308)


@pytest.mark.parametrize("path", ["/", "/health", "/health/live"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_what_people_try_first_answers(client: FlaskClient, path: str, slash: str) -> None:
    response = client.get(path.rstrip("/") + slash)
    assert response.status_code == 200
    body = response.get_json()
    assert body == {"message": body["message"]} if path == "/" else {"status": "healthy"}


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (ONE_LINE, "a", True),
        (ONE_LINE, " \n a b \u3000", True),
        (ONE_LINE, " \u3000", False),
        (ONE_LINE, "a\nb", False),
        (ONE_LINE, "", False),
        (SOME_TEXT, " \n a\nb\n", True),
        (SOME_TEXT, "\n\t\u00a0", False),
        (SOME_TEXT, "a\x00", False),
        (USERNAME, "ada.lovelace+1_-", True),
        (USERNAME, "ädá", True),
        (USERNAME, ".ada", False),
        (USERNAME, "ada@home", False),
        (USERNAME, "a b", False),
    ],
)
def test_what_is_documented_is_what_is_checked(pattern: str, text: str, fits: bool) -> None:
    class Schema(marshmallow.Schema):
        line, some = Line(longest=100), Text(longest=100, validate=[not_blank])
        name = Username()

    assert (re.search(pattern, text) is not None) is fits
    field = {ONE_LINE: "line", SOME_TEXT: "some", USERNAME: "name"}[pattern]
    assert (Schema().validate({field: text}) == {}) is fits
