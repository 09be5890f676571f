"""Cancel and delete responses; both stop what runs for them."""

import uuid

from sqlalchemy import delete as delete_rows

from assistant.database import transaction
from assistant.errors import InvalidInput, NotFound
from assistant.models import Job, Response
from assistant.services import jobs
from assistant.services.responses import reading, rows
from assistant.services.responses.output_items import Members

# How long a worker may take to let go of the model before the answer no longer waits for it. That
# nothing more is said is certain before.
PATIENCE_SECONDS = 5.0


def cancel(owner_id: uuid.UUID, response_id: uuid.UUID) -> Members:
    """Cancel a response that is made in the background; one that has ended stays as it is.

    Raises `InvalidInput` for another: whoever waits for it just hangs up.
    """
    with transaction(owner_id) as session:
        response, _ = rows.find(session, owner_id, response_id)
    if not response.background:
        raise InvalidInput(
            "Only a response with `background` can be cancelled; for another, close its connection."
        )
    jobs.cancel(owner_id, response_id)
    reading.wait(owner_id, response_id, PATIENCE_SECONDS)
    return reading.get(owner_id, response_id)


def hang_up(owner_id: uuid.UUID, response_id: uuid.UUID) -> None:
    """Stop a response for which nobody waits any more; do nothing if there is none."""
    try:
        jobs.cancel(owner_id, response_id)
    except NotFound:
        return
    forget_unstored(owner_id, response_id)


def forget_unstored(owner_id: uuid.UUID, response_id: uuid.UUID) -> None:
    """Remove a response that was not to be stored."""
    with transaction(owner_id) as session:
        gone = delete_rows(Response).where(
            Response.id == response_id, Response.owner_id == owner_id
        )
        session.execute(gone.where(~Response.stored))


def delete(owner_id: uuid.UUID, response_id: uuid.UUID) -> None:
    """Delete a response with its events, and stop its making; raises `NotFound`."""
    with transaction(owner_id) as session:
        rows.find(session, owner_id, response_id)
        # Before its row, as its worker does it.
        cancelled = jobs.cancel_all(session, Job.id == response_id, Job.owner_id == owner_id)
        session.execute(
            delete_rows(Response).where(Response.id == response_id, Response.owner_id == owner_id)
        )
    jobs.follow_up(cancelled)
