"""A reply that is tried again."""

from assistant.services import jobs
from tests.conftest import User
from tests.factories import ask, assert_problem, job


def cancelled(user: User, **values: str) -> dict[str, str]:
    """Ask and cancel, so that there is something to try again."""
    accepted = ask(user, **values)
    user.post(f"/jobs/{accepted['id']}/cancel")
    return dict(accepted)


def parent_of_the_next(user: User, conversation_id: str) -> str:
    """Ask once more, and return what the question continues."""
    accepted = ask(user, conversation_id=conversation_id)
    reply = user.get(f"/messages/{accepted['message_id']}").get_json()
    question = user.get(f"/messages/{reply['parent_id']}").get_json()
    return str(question["parent_id"])


def test_the_last_reply_tried_again_is_what_the_conversation_goes_on_from(user: User) -> None:
    old = cancelled(user)
    new = user.post(f"/jobs/{old['id']}/retry").get_json()
    assert parent_of_the_next(user, old["conversation_id"]) == new["message_id"]


def test_an_older_reply_tried_again_does_not_hide_what_came_after_it(user: User) -> None:
    old = cancelled(user)
    later = ask(user, conversation_id=old["conversation_id"])
    jobs.run(later["id"])
    new = user.post(f"/jobs/{old['id']}/retry").get_json()
    jobs.run(new["id"])
    assert job(user, new["id"])["state"] == "succeeded"
    assert parent_of_the_next(user, old["conversation_id"]) == later["message_id"]


def test_a_reply_whose_conversation_was_deleted_cannot_be_tried_again(user: User) -> None:
    old = cancelled(user)
    user.delete(f"/conversations/{old['conversation_id']}")
    assert user.get(f"/jobs/{old['id']}").status_code == 200
    assert_problem(user.post(f"/jobs/{old['id']}/retry"), 409)
