"""Rules of the OpenAPI document, for any generator of clients; `make lint` runs them, too.

They need no server, and no fixture of other tests.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assistant.api.description import enumerations
from assistant.app import create_app
from tests.node_tools import CLIENTS, needs_npm, run

Document = dict[str, Any]

# Which members these have, their kind or their sender decides.
NOTHING_FOR_CERTAIN = {"JobResult", "UsedSetting"}
PROJECT = Path(__file__).parents[1]
# How curl is told what a body is, and what that comes to; the first that is found counts.
BODIES = {
    r"-F ": "multipart/form-data",
    r"\$JSON|json": "application/json",
    r"-d ": "application/x-www-form-urlencoded",
}
WITH_MESSAGES = "get /api/v1/conversations/{conversation_id}"
INT64 = {"event ids": ("after", "Last-Event-ID"), "sizes": ("size",)}


def made(**settings: Any) -> Document:
    app = create_app(secret_key="k" * 40, **settings)
    with app.app_context():
        api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        document: Document = json.loads(json.dumps(api.spec.to_dict()))
    return document


@pytest.fixture(scope="module")
def document() -> Document:
    """Return the document of a server that has not been told where it is."""
    return made(public_url=None)


def parts(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from parts(item)


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method} {path}", operation


def resolved(document: Document, value: Document) -> Document:
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def parameters(document: Document, operation: Document) -> set[str]:
    given = [resolved(document, one) for one in operation.get("parameters", ())]
    return {one["name"] for one in given}


def reached(document: Document, member: str) -> set[str]:
    """Return the names of all schemas that this member of operations leads to."""
    found: set[str] = set()
    waiting = [operation[member] for _, operation in operations(document) if member in operation]
    while waiting:
        for part in parts(waiting.pop()):
            if "$ref" in part and part["$ref"] not in found:
                found.add(part["$ref"])
                waiting.append(resolved(document, part))
    return {one.rpartition("/")[2] for one in found if "/schemas/" in one}


def test_it_is_openapi_3_1(document: Document) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    assert document["openapi"].startswith("3.1.")
    validator.OpenAPIV31SpecValidator(document).validate()


def test_answers_are_open_and_say_what_is_always_there(document: Document) -> None:
    schemas = document["components"]["schemas"]
    answered = reached(document, "responses")
    assert len(answered) > 40
    for name in answered:
        schema = schemas[name]
        if schema["type"] == "object":
            assert schema.get("additionalProperties") is not False, name
            assert bool(schema.get("required")) == (name not in NOTHING_FOR_CERTAIN), name
            assert set(schema.get("required", ())) <= set(schema["properties"]), name


def test_requests_are_strict(document: Document) -> None:
    schemas = document["components"]["schemas"]
    asked = reached(document, "requestBody") - enumerations.NAMED.keys()
    assert len(asked) > 20
    # OAuth2's clients send more than is needed.
    for name in asked - {"Refresh"}:
        assert schemas[name]["additionalProperties"] is False, name


def test_a_schema_goes_one_way(document: Document) -> None:
    both = reached(document, "requestBody") & reached(document, "responses")
    assert both <= enumerations.NAMED.keys()


def test_names_are_apart_in_every_language(document: Document) -> None:
    names = list(document["components"]["schemas"])
    # Go calls what makes an X `NewX`, and files have no upper case everywhere.
    assert not {f"New{name}" for name in names} & set(names)
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in names)
    called = [operation["operationId"] for _, operation in operations(document)]
    assert len({name.lower() for name in called}) == len(called)
    # The header keeps its name, but two of a kind would be one variable.
    for where, operation in operations(document):
        given = [name.lower().replace("-", "_") for name in parameters(document, operation)]
        assert len(set(given)) == len(given), where


def test_nothing_is_named_that_nobody_refers_to(document: Document) -> None:
    named = {part["$ref"] for part in parts(document) if isinstance(part.get("$ref"), str)}
    for kind in ("schemas", "headers", "parameters", "responses"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}" in named, name


def test_patterns_read_alike_in_python_and_in_ecma_262(document: Document) -> None:
    found = {part["pattern"] for part in parts(document) if isinstance(part.get("pattern"), str)}
    assert len(found) >= 5
    for pattern in found:
        assert not re.search(r"\\[wWsSdDbBAZz]|\(\?", pattern), pattern
        re.compile(pattern)


def test_what_does_not_fit_32_bits_says_so(document: Document) -> None:
    for part in parts(document):
        for name in (*INT64["event ids"], *INT64["sizes"]):
            is_number = part.get("name") == name and "integer" in part["schema"].get("type", ())
            if is_number:
                assert part["schema"]["format"] == "int64", part
            property_ = part.get("properties", {}).get(name, {})
            if "integer" in property_.get("type", ()):
                assert property_["format"] == "int64", part
        if "integer" in str(part.get("type")) and part.get("maximum", 0) >= 2**31:
            assert part["format"] == "int64", part


def test_an_enumeration_is_one_type_also_where_null_may_stand(document: Document) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for part in parts(document):
        if isinstance(part.get("enum"), list):
            assert None not in part["enum"]
            assert isinstance(part["type"], str), part
    for name, kind in enumerations.NAMED.items():
        values = [member.value for member in kind]
        assert document["components"]["schemas"][name]["enum"] == values
        seen[tuple(values)] = sum(part.get("enum") == values for part in parts(document))
    assert set(seen.values()) == {1}


def test_what_is_accepted_can_be_waited_for(document: Document) -> None:
    accepting = [(where, one) for where, one in operations(document) if "202" in one["responses"]]
    assert len(accepting) > 10
    for where, operation in accepting:
        assert "Prefer" in parameters(document, operation), where
        for status in ("200", "202"):
            assert {"Location", "Preference-Applied"} <= operation["responses"][status][
                "headers"
            ].keys(), where
        ended = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert "#/components/schemas/Job" in {part.get("$ref") for part in parts(ended)}, where


def test_headers_are_told_where_they_are_sent_and_taken(document: Document) -> None:
    told = {
        where: (
            {name for one in operation["responses"].values() for name in one.get("headers", ())},
            parameters(document, operation),
        )
        for where, operation in operations(document)
    }
    for where, (sent, taken) in told.items():
        pages_on = "limit" in taken and bool({"after", "skip"} & taken)
        has_pages = pages_on or where == WITH_MESSAGES
        assert ("Link" in sent) == has_pages, where
        assert ("Idempotent-Replayed" in sent) == ("Idempotency-Key" in taken), where
        assert ("If-Match" in taken) == (where.split()[0] in ("put", "patch")), where
    assert {"ETag", "Retry-After"} <= told["get /api/v1/jobs/{job_id}"][0]
    assert "If-None-Match" in told["get /api/v1/jobs/{job_id}"][1]
    for where in ("post /api/v1/conversations", "post /api/v1/users", "post /api/v1/api-keys"):
        assert "Location" in told[where][0], where
    errors = document["components"]["responses"]
    assert "WWW-Authenticate" in errors["UNAUTHORIZED"]["headers"]
    assert "Retry-After" in errors["TOO_MANY_REQUESTS"]["headers"]


def test_files_have_their_types_and_come_in_parts(document: Document) -> None:
    item = document["paths"]["/api/v1/documents/{document_id}/content"]["get"]
    assert {"application/pdf", "text/markdown"} <= item["responses"]["200"]["content"].keys()
    assert {"206", "304"} <= item["responses"].keys()
    assert "Content-Range" in item["responses"]["206"]["headers"]
    assert {"Range", "If-None-Match"} <= parameters(document, item)


def test_the_stream_says_what_it_is_and_who_may_follow(document: Document) -> None:
    item = document["paths"]["/api/v1/jobs/{job_id}/events"]["get"]
    assert list(item["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {"ticket": []} in item["security"]
    assert document["components"]["securitySchemes"]["ticket"]["in"] == "query"
    assert "204" in item["description"]


def test_it_says_whose_it_is_and_under_what_terms(document: Document) -> None:
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]


@pytest.mark.parametrize(
    ("public_url", "server", "prefix"),
    [
        (None, "/", ""),
        ("https://a.example", "https://a.example", "https://a.example"),
        ("https://a.example/b/c/", "https://a.example/b/c", "https://a.example/b/c"),
    ],
)
def test_addresses_are_absolute_only_if_the_operator_says_so(
    public_url: str | None, server: str, prefix: str
) -> None:
    document = made(public_url=public_url)
    assert document["servers"] == [{"url": server}]
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    assert flow["tokenUrl"] == flow["refreshUrl"] == f"{prefix}/api/v1/auth/token"


def test_every_body_has_an_example_that_fits(document: Document) -> None:
    bodies = [(where, one) for where, one in operations(document) if "requestBody" in one]
    assert len(bodies) > 20
    for where, operation in bodies:
        for content in operation["requestBody"]["content"].values():
            schema = {**content["schema"], "components": document["components"]}
            assert content["example"], where
            jsonschema.Draft202012Validator(schema).validate(content["example"])


def test_examples_of_answers_fit(document: Document) -> None:
    schemas = document["components"]["schemas"]
    examined = [name for name in schemas if "examples" in schemas[name]]
    assert {"Job", "Document", "Problem"} <= set(examined)
    for name in examined:
        [example] = schemas[name]["examples"]
        closed = {**schemas[name], "additionalProperties": False}
        jsonschema.Draft202012Validator({**closed, "components": document["components"]}).validate(
            example
        )


@pytest.mark.parametrize("name", ["docs/api.md", "README.md", "docs/evaluation.md"])
def test_examples_of_the_documentation_use_what_is_documented(
    document: Document, name: str
) -> None:
    patterns = [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item)
        for path, item in document["paths"].items()
    ]
    text = (PROJECT / name).read_text()
    calls = re.findall(r'curl ([^\n|]*?)"?\$API(/[^\s"?]*)[^\s]*([^\n|]*)', text)
    assert len(calls) >= 5
    for before, path, after in calls:
        said = before + after
        kinds = [kind for sign, kind in BODIES.items() if re.search(sign, said)]
        given = re.search(r"-X (\w+)", said)
        method = given[1].lower() if given else "post" if kinds else "get"
        plain = "/api/v1" + re.sub(r"\$\([^)]*\)?|\$\w+", "x", path)
        known = [item for pattern, item in patterns if pattern.fullmatch(plain) and method in item]
        assert known, (method, plain)
        for kind in kinds[:1]:
            assert kind in known[0][method]["requestBody"]["content"], (method, plain, kind)


@needs_npm
def test_redocly_finds_nothing(document: Document, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    said = run(["redocly", "lint", "--config", CLIENTS / "redocly.yaml", "openapi.json"], tmp_path)
    assert "valid" in said


@needs_npm
def test_patterns_mean_the_same_to_javascript(document: Document, tmp_path: Path) -> None:
    patterns = sorted(
        {part["pattern"] for part in parts(document) if isinstance(part.get("pattern"), str)}
    )
    texts = ["ada", "ädá", "ada.lovelace+1", "a b", "", " ", "a\nb", '"a key"', "\u3000x", "-", "@"]
    script = f"""
        const texts = {json.dumps(texts)}
        console.log(JSON.stringify({json.dumps(patterns)}.map(
            (one) => texts.map((text) => new RegExp(one, "u").test(text)))))
    """
    (tmp_path / "try.mjs").write_text(script)
    found = json.loads(run(["node", "try.mjs"], tmp_path))
    assert found == [[bool(re.search(one, text)) for text in texts] for one in patterns]
