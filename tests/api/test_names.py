"""Names that are one or look it, and passwords from different keyboards."""

# ruff: noqa: RUF001  # that they can be taken for each other is the point

import unicodedata
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from assistant.adapters import passwords
from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound
from assistant.names import RULES, key_of, look_of
from assistant.services import jobs
from assistant.services.accounts import users
from assistant.services.upkeep.names import Names
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

TOKEN = "/api/v1/auth/token"


def register(client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    body = {"username": name, "email": f"{uuid.uuid4().hex}@example.org", "password": password}
    return client.post("/api/v1/auth/register", json=body)


def person(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD}


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD) -> str | None:
    """Sign in and return the name of who it is."""
    answer = client.post(TOKEN, data={"username": name, "password": password})
    if answer.status_code == 401:
        return None
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    found: str = client.get("/api/v1/users/me", headers=headers).get_json()["username"]
    return found


@pytest.fixture
def client(client: FlaskClient) -> Iterator[FlaskClient]:
    """Return a client, and free the names that were taken with it."""
    yield client
    change_rows(
        "UPDATE users SET username = id::text WHERE username !~ '^[a-z0-9.@-]+$'"
        " OR username ~ '^(admin|finance|coco|paypa)'"
    )


def older(user: User, name: str, password: str | None = None) -> None:
    """Give a user a name, and a password, as they were given before there were these rules."""
    change_rows(
        "UPDATE users SET username = :name, name_key = NULL, name_look = NULL, name_keyed = NULL,"
        " name_rules = NULL WHERE id = :id",
        **{"name": name, "id": user.id},
    )
    if password is not None:
        change_rows(
            "UPDATE users SET password_hash = :hash WHERE id = :id",
            **{"hash": passwords._hasher.hash(password), "id": user.id},
        )


def hash_of(user: User) -> str:
    with transaction(SYSTEM) as session:
        query = text("SELECT password_hash FROM users WHERE id = :id")
        return str(session.scalar(query, {"id": user.id}))


def keys_of(user: User) -> tuple[str | None, ...]:
    with transaction(SYSTEM) as session:
        query = text("SELECT name_key, name_look, name_keyed, name_rules FROM users WHERE id = :id")
        return tuple(session.execute(query, {"id": user.id}).one())


@pytest.mark.parametrize(
    ("given", "kept", "typed"),
    [
        ("Admin ", "Admin", ("Admin ", " admin", "ＡＤＭＩＮ", "admin")),
        ("jose\u0301", "jos\u00e9", ("jos\u00e9", "JOSE\u0301", "jose\u0301\u3000")),
        ("ﬁnance", "finance", ("ﬁnance", "finance", "FINANCE")),
        ("straße", "straße", ("STRASSE", "Straße")),
        ("анна", "анна", ("АННА", "анна ")),
        ("李雷", "李雷", ("李雷", "\uf9e1雷")),
    ],
)
def test_a_name_is_found_however_it_is_typed(
    client: FlaskClient, given: str, kept: str, typed: tuple[str, ...]
) -> None:
    registered = register(client, given)
    assert registered.status_code == 201, registered.text
    assert registered.get_json()["username"] == kept
    for name in (given, *typed):
        assert sign_in(client, name) == kept, ascii(name)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("admin", "аdmin"),
        ("admin", "АDMIN"),
        ("admin", "ａｄｍｉｎ"),
        ("admin", "admın"),
        ("аdmin", "Admin"),
        ("finance", "ﬁnance"),
        ("paypal", "paypaI"),
        ("paypal", "paypa1"),
        ("coco", "сосо"),
        ("straße", "STRASSE"),
        ("josé", "jose\u0301"),
        ("josé", "jоsé"),
        ("анна", "аннa"),
        ("Άννα", "Ἄννα".replace("Ἄ", "Α\u0301")),
    ],
)
def test_a_look_alike_of_a_name_is_refused(
    client: FlaskClient, user: User, first: str, second: str
) -> None:
    assert register(client, first).status_code == 201
    refused = assert_problem(register(client, second), 409)["detail"]
    assert "username" in refused
    assert "Choose another one." in refused
    assert_problem(user.patch("/users/me", json={"username": second}), 409)
    assert sign_in(client, first) == first
    assert user.get("/users/me").get_json()["username"] == user.username


def test_a_look_alike_does_not_sign_in(client: FlaskClient) -> None:
    register(client, "admin")
    assert sign_in(client, "аdmin") is None


def test_names_that_are_only_akin_are_accepted(client: FlaskClient) -> None:
    for name in ("admin", "josé", "jose", "анна", "анно", "李雷", "李蕾", "Ali", "All", "DJ_Вася"):
        assert register(client, name).status_code == 201, name


def test_look_alikes_at_once_leave_one_user(
    app: Flask, client: FlaskClient, together: Callable[..., list[Any]]
) -> None:
    names = ["admin", "аdmin", "ａｄｍｉｎ", "admın"]
    answers = together(lambda: register(app.test_client(), names.pop()).status_code, 4)
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_name_is_as_long_as_it_is_spelled(client: FlaskClient) -> None:
    assert_problem(register(client, "ﷺ" * 4), 422)
    assert register(client, "e\u0301" * 33).status_code == 201


def test_older_names_stay_and_sign_in_by_their_exact_spelling(
    client: FlaskClient, make_user: Callable[[], User]
) -> None:
    plain, full, cyrillic = (make_user() for _ in range(3))
    spelled = {plain.id: "admin", full.id: "ａｄｍｉｎ", cyrillic.id: "аdmin"}
    for one in (plain, full, cyrillic):
        older(one, spelled[one.id])
    for name in spelled.values():
        assert sign_in(client, name) == name
    assert sign_in(client, "ADMIN") == "admin"
    # And nobody new comes to stand beside them, though no index knows them.
    for name in ("Admin", "admın"):
        assert_problem(register(client, name), 409)
    # Who sends a name back as it is changes nothing.
    for one in (full, cyrillic):
        kept = one.patch("/users/me", json={"username": spelled[one.id]}).get_json()
        assert kept["username"] == spelled[one.id]


def test_an_older_name_with_a_blank_at_its_end_signs_in_by_it(
    client: FlaskClient, make_user: Callable[[], User]
) -> None:
    for name in ("coco", "coco ", " coco"):
        older(make_user(), name)
    for name in ("coco", "coco ", " coco"):
        assert sign_in(client, name) == name
    assert sign_in(client, "COCO ") == "coco "
    assert sign_in(client, "coco  ") == "coco"


def test_keys_of_other_rules_count_for_nothing_until_upkeep_has_made_them_anew(
    client: FlaskClient, user: User
) -> None:
    user.patch("/users/me", json={"username": "admin"})
    # Under which nothing that looks like it was known to.
    change_rows(
        "UPDATE users SET name_key = 'x', name_look = 'x', name_rules = '0' WHERE id = :id",
        id=user.id,
    )
    assert_problem(register(client, "аdmin"), 409)
    changed = user.get("/users/me").get_json()["updated_at"]
    assert Names().round()["names_keyed"] >= 1
    assert keys_of(user) == (key_of("admin"), look_of("admin"), "admin", RULES)
    assert user.get("/users/me").get_json()["updated_at"] == changed
    assert_problem(register(client, "аdmin"), 409)


def test_upkeep_keys_the_names_of_before_and_leaves_them_as_they_are(
    client: FlaskClient, make_user: Callable[[], User]
) -> None:
    names = ["admin", "аdmin", "ａｄｍｉｎ", "анна"]
    users = [make_user() for _ in names]
    for one, name in zip(users, names, strict=True):
        older(one, name)
    upkeep = Names()
    assert upkeep.round()["names_keyed"] >= len(names)
    kept = [name if name in (names[0], names[3]) else None for name in names]
    assert [keys_of(one)[2] for one in users] == kept
    assert [sign_in(client, name) for name in names] == names
    # Nothing is looked at again for nothing.
    assert Names().round() == {}
    # A process of the release before renames one that has no keys, and one that has.
    change_rows("UPDATE users SET username = 'finance' WHERE id = :id", id=users[1].id)
    change_rows("UPDATE users SET username = 'paypal' WHERE id = :id", id=users[3].id)
    assert Names().round() == {"names_keyed": 2}
    assert keys_of(users[1])[2:] == ("finance", RULES)
    assert keys_of(users[3])[2:] == ("paypal", RULES)


def test_a_name_that_is_given_up_is_free_also_if_an_older_process_did_it(
    client: FlaskClient, user: User, other_user: User
) -> None:
    assert user.patch("/users/me", json={"username": "admin"}).status_code == 200
    change_rows("UPDATE users SET username = 'finance' WHERE id = :id", id=user.id)
    assert other_user.patch("/users/me", json={"username": "аdmin"}).status_code == 200
    assert_problem(other_user.patch("/users/me", json={"username": "ﬁnance"}), 409)
    assert keys_of(user) == (None,) * 4


def test_nothing_of_a_name_remains_of_who_is_deleted(client: FlaskClient, user: User) -> None:
    user.patch("/users/me", json={"username": "admin"})
    jobs.run(user.delete("/users/me").get_json()["id"])
    with transaction(SYSTEM) as session:
        row = session.execute(text("SELECT users::text FROM users WHERE id = :id"), {"id": user.id})
        assert "admin" not in row.scalar_one()
    assert register(client, "аdmin").status_code == 201


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("Pässwörter von mir", unicodedata.normalize("NFD", "Pässwörter von mir")),
        (unicodedata.normalize("NFD", "Pässwörter von mir"), "Pässwörter von mir"),
        ("a long password\u00a0here", "a\u2003long\u3000password here"),
    ],
)
def test_a_password_is_right_from_any_keyboard(
    client: FlaskClient, user: User, chosen: str, typed: str
) -> None:
    changed = user.patch("/users/me", json={"password": chosen, "old_password": PASSWORD})
    assert changed.status_code == 200
    for password in (chosen, typed):
        assert sign_in(client, user.username, password) == user.username
    assert sign_in(client, user.username, typed.upper()) is None
    # Also as the old password.
    again = user.patch("/users/me", json={"password": PASSWORD, "old_password": typed})
    assert again.status_code == 200


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_older_hash_is_right_from_any_keyboard_and_stays_for_older_processes(
    client: FlaskClient, user: User, form: Literal["NFC", "NFD"]
) -> None:
    raw = unicodedata.normalize(form, "Pässwörter von mir")
    older(user, user.username, raw)
    before = hash_of(user)
    assert sign_in(client, user.username, "Passworter von mir") is None
    for typed in ("NFC", "NFD", "NFC"):
        password = unicodedata.normalize(typed, raw)
        assert sign_in(client, user.username, password) == user.username
    assert hash_of(user) == before


def test_an_older_hash_is_right_for_just_what_was_typed(client: FlaskClient, user: User) -> None:
    raw = unicodedata.normalize("NFD", "Pässwörter\u00a0von mir")
    older(user, user.username, raw)
    assert sign_in(client, user.username, raw) == user.username


@pytest.mark.parametrize("char", ["\u200b", "\u200d", "\ufe0f", "\t", "\u0378", "\ue000", "\u2028"])
def test_what_no_keyboard_types_alike_is_in_no_new_password(client: FlaskClient, char: str) -> None:
    body = assert_problem(register(client, "paypal", f"a long{char}password"), 422)
    (error,) = body["errors"]
    assert error["pointer"] == "#/password"
    assert f"U+{ord(char):04X}" in error["detail"]


def test_a_new_password_is_as_long_as_it_is_kept(client: FlaskClient) -> None:
    assert_problem(register(client, "paypal", "e\u0301" * 11), 422)
    assert register(client, "paypal", "e\u0301" * 12).status_code == 201


@pytest.mark.parametrize(
    "name", ["{id}", "{plain}", "DELETED-{id}", "deleted-{plain}", "ｄeleted-{id}"]
)
def test_names_that_the_system_makes_or_reads_as_ids_are_reserved(
    user: User, other_user: User, name: str
) -> None:
    taken = name.format(id=other_user.id, plain=other_user.id.replace("-", ""))
    for refused in (
        user.client.post("/api/v1/auth/register", json=person(taken)),
        user.patch("/users/me", json={"username": taken}),
    ):
        assert assert_problem(refused, 409)["detail"].startswith("This username is reserved.")


@pytest.mark.parametrize("host", ["deleted.invalid", "Deleted.INVALID", "a.deleted.invalid"])
def test_addresses_of_users_who_are_gone_are_reserved(user: User, host: str) -> None:
    body = {**person(f"n{uuid.uuid4().hex[:12]}"), "email": f"{uuid.uuid4()}@{host}"}
    for refused in (
        user.client.post("/api/v1/auth/register", json=body),
        user.patch("/users/me", json={"email": body["email"], "old_password": PASSWORD}),
    ):
        assert "reserved" in assert_problem(refused, 409)["detail"]


def test_nobody_stands_in_the_way_of_a_deletion(user: User, other_user: User) -> None:
    # As earlier releases let anybody be called.
    change_rows(
        "UPDATE users SET username = :name, email = :email WHERE id = :id",
        **{"name": f"deleted-{user.id}", "email": f"{user.id}@deleted.invalid"},
        id=other_user.id,
    )
    jobs.run(user.delete("/users/me").get_json()["id"])
    body = {"username": f"deleted-{user.id}", "password": PASSWORD}
    assert other_user.client.post("/api/v1/auth/token", data=body).status_code == 200
    # What they have already they may keep, and be deleted with.
    kept = {"username": f"deleted-{user.id}", "email": f"{user.id}@deleted.invalid"}
    assert other_user.patch("/users/me", json=kept).status_code == 200
    accepted = other_user.delete("/users/me").get_json()
    jobs.run(accepted["id"])
    assert other_user.get(f"/jobs/{accepted['id']}").get_json()["state"] == "succeeded"


def test_what_is_written_as_an_id_is_never_a_name(app: Flask, user: User, other_user: User) -> None:
    change_rows("UPDATE users SET username = :name WHERE id = :id", name=user.id, id=other_user.id)
    for written in (user.id, user.id.upper(), user.id.replace("-", ""), f" {user.id} "):
        assert str(users.look_up(written).id) == user.id
    unknown = str(uuid.uuid4())
    change_rows("UPDATE users SET username = :name WHERE id = :id", name=unknown, id=other_user.id)
    with pytest.raises(NotFound):
        users.look_up(unknown)
    body = {"username": unknown, "password": PASSWORD}
    assert other_user.client.post("/api/v1/auth/token", data=body).status_code == 200
