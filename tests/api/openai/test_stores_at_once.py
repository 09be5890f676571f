"""What several clients do with files and stores at the same moment, and what a crash leaves."""

from collections.abc import Callable
from typing import Any

import pytest

from assistant.extensions import adapters
from assistant.services.documents import deletion
from assistant.services.stores import files
from assistant.services.upkeep.expired import Expired
from tests.api.openai.stores import attach, call, ids, in_store, indexed, make_store, upload
from tests.conftest import User
from tests.factories import assert_openai_error
from tests.services.factories import sql

Together = Callable[[Callable[[], Any], int], list[Any]]


def test_a_file_that_is_attached_several_times_at_once_is_there_once(
    user: User, together: Together
) -> None:
    store, file = make_store(user), upload(user)
    found = together(lambda: attach(user, store, file, attributes={"a": 1}), 5)
    assert {each["id"] for each in found} == {file["id"]}
    assert call(user, "GET", f"/vector_stores/{store['id']}")["file_counts"]["total"] == 1
    [[count]] = sql("SELECT count(*) FROM jobs WHERE owner_id = :id", id=user.id)
    assert count == 1
    folder = adapters.files.root / user.id
    assert len(list(folder.iterdir())) == 1, "places that were not needed are gone"


def test_stores_of_one_name_are_made_at_once(user: User, together: Together) -> None:
    made = together(lambda: make_store(user, name="Papers"), 5)
    assert len({store["id"] for store in made}) == 5
    assert {store["name"] for store in made} == {"Papers"}


def test_a_file_is_deleted_once_while_it_is_attached(user: User, together: Together) -> None:
    store, file = make_store(user), upload(user)
    path, body = f"/vector_stores/{store['id']}/files", {"file_id": file["id"]}
    turns = iter(["POST", "DELETE"] * 3)

    def work() -> tuple[str, int]:
        method = next(turns)
        if method == "POST":
            return method, user.openai("POST", path, json=body).status_code
        return method, user.openai("DELETE", f"/files/{file['id']}").status_code

    done = together(work, 6)
    assert sorted(code for method, code in done if method == "DELETE") == [200, 404, 404]
    assert {code for method, code in done if method == "POST"} <= {200, 404}
    assert call(user, "GET", path)["data"] == []
    assert_openai_error(user.openai("POST", path, json=body), 404)


def test_a_deletion_that_broke_off_is_finished_by_upkeep(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make_store(user), make_store(user)
    file = indexed(user, one, "The ferry leaves at noon.")
    attach(user, other, file)
    delete, calls = deletion.delete, []

    def break_off(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit("killed")
        return delete(*args)

    with monkeypatch.context() as patch:
        patch.setattr(files.deletion, "delete", break_off)
        with pytest.raises(SystemExit):
            user.openai("DELETE", f"/files/{file['id']}")
    # It is deleted for its owner, whatever is left of it.
    assert_openai_error(user.openai("GET", f"/files/{file['id']}"), 404)
    assert ids(call(user, "GET", "/files")) == []
    assert Expired().round()["files_expired"] >= 1
    for store in (one, other):
        assert ids(call(user, "GET", f"/vector_stores/{store['id']}/files")) == []
    assert sql("SELECT id FROM uploaded_files WHERE owner_id = :id", id=user.id) == []


def test_a_change_of_one_store_is_not_seen_in_another(user: User) -> None:
    one, other = make_store(user), make_store(user)
    file = upload(user)
    for store in (one, other):
        attach(user, store, file, attributes={"store": store["id"]})
    call(user, "DELETE", f"/vector_stores/{one['id']}/files/{file['id']}")
    assert in_store(user, other, file)["attributes"] == {"store": other["id"]}
