"""The official SDK, as its users have it, against a whole stack."""

from openai import OpenAI

from tests.live import Live


def sdk(live: Live, **options: object) -> OpenAI:
    """Return a client that signs in as the user of the stack does."""
    token = live.client.headers["Authorization"].removeprefix("Bearer ")
    values = {"max_retries": 0, "timeout": 60, **options}
    return OpenAI(base_url=f"{live.stack.api_url}/v1", api_key=token, **values)  # type: ignore[arg-type]
