"""Ask which models a server offers, without the SDK, which a web process must not load."""

from http import HTTPStatus

import httpx

from assistant.adapters.model_access import ModelAccess
from assistant.errors import TransientError

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Servers without such a list say so in one of these ways.
NO_LIST = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.GONE,
    HTTPStatus.NOT_IMPLEMENTED,
)
UNAVAILABLE = "models_unavailable"
# There is a server, which answers questions perhaps.
BAD_ANSWER = "model_bad_answer"
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class HttpModelList:
    """A `ModelList` of an OpenAI-compatible server."""

    def __init__(
        self, access: ModelAccess, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS
    ) -> None:
        self._access = access
        self._timeout = httpx.Timeout(read, connect=connect)

    def ids(self) -> list[str]:
        """Return the ids of the models; none if the server has no such list."""
        try:
            response = self._get()
        except UnicodeEncodeError as error:
            raise self._failure("cannot be sent this key; check OPENAI_API_KEY") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._failure("does not answer; check that it runs") from error
        if response.status_code in NO_LIST:
            return []
        if response.status_code in REFUSED:
            raise self._failure("refused the key; check OPENAI_API_KEY")
        if not response.is_success:
            code = BAD_ANSWER if response.is_client_error else UNAVAILABLE
            raise self._failure(f"answered with {response.status_code}", code)
        return self._read(response)

    def _get(self) -> httpx.Response:
        url = f"{self._access.url.rstrip('/')}/models"
        key = self._access.key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A proxy from the environment must not get what goes to this very machine.
        trust = httpx.URL(url).host not in LOOPBACK
        with httpx.Client(timeout=self._timeout, trust_env=trust) as client:
            return client.get(url, headers=headers)

    def _read(self, response: httpx.Response) -> list[str]:
        try:
            data = response.json()["data"]
            ids = [model["id"] for model in data]
        except (ValueError, LookupError, TypeError):
            raise self._failure("did not answer with a list of models", BAD_ANSWER) from None
        return [model for model in ids if isinstance(model, str) and model]

    def _failure(self, what: str, code: str = UNAVAILABLE) -> TransientError:
        return TransientError(f"The model server at {self._access.server} {what}.", code=code)
