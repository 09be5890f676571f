"""Well-formed JSON that means nothing is refused below `/v1`, and never an error of ours."""

from typing import Any

import pytest

from tests.conftest import User
from tests.factories import assert_openai_error

CHAT = {"model": "scripted-model", "messages": [{"role": "user", "content": "Hello."}]}


def nested(depth: int) -> Any:
    """Return a list in a list in a list."""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/conversations"])
@pytest.mark.parametrize("depth", [200, 500, 900])
def test_what_is_nested_too_deeply_is_refused(user: User, path: str, depth: int) -> None:
    body = {**CHAT, "input": "Hello.", "x": nested(depth)}
    error = assert_openai_error(user.openai("POST", path, json=body), 400)
    assert "deeply" in error["message"]


@pytest.mark.parametrize("member", ["text", "reasoning", "metadata"])
def test_numbers_that_are_none_are_refused(user: User, member: str) -> None:
    body = f'{{"input": "Hello.", "{member}": {{"x": 1e999}}}}'
    response = user.openai("POST", "/responses", data=body, content_type="application/json")
    assert assert_openai_error(response, 400)["param"] == f"{member}.x"


@pytest.mark.parametrize("limit", ["000000001999999", "0", "101", "-1", "9" * 40, "1.5", "\u0661"])
@pytest.mark.parametrize("path", ["/vector_stores", "/files?purpose=assistants"])
def test_a_limit_is_a_number_in_its_bounds(user: User, path: str, limit: str) -> None:
    sign = "&" if "?" in path else "?"
    if path.startswith("/files") and limit == "101":
        limit = "10001"
    error = assert_openai_error(user.openai("GET", f"{path}{sign}limit={limit}"), 400)
    assert error["param"] == "limit"


def test_what_no_text_has_is_in_no_id_and_no_cursor(user: User) -> None:
    talk = user.openai("POST", "/conversations", json={}).get_json()["id"]
    for path in ("items/a%00b", "items?after=%00"):
        assert_openai_error(user.openai("GET", f"/conversations/{talk}/{path}"), 400)


@pytest.mark.parametrize("kind", [["x"], {"a": 1}, 5, True])
def test_the_type_of_a_part_is_a_text(user: User, kind: Any) -> None:
    item = {"role": "user", "content": [{"type": kind, "text": "a"}]}
    for path, body in (("/responses", {"input": [item]}), ("/conversations", {"items": [item]})):
        assert_openai_error(user.openai("POST", path, json=body), 400)
    output = {"type": "function_call_output", "call_id": "c", "output": [{"type": kind}]}
    assert_openai_error(user.openai("POST", "/responses", json={"input": [output]}), 400)
