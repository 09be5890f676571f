"""Say in each answer what a limit leaves: RateLimit-Policy and RateLimit.

They are those of draft-ietf-httpapi-ratelimit-headers, from its version 09 on.
"""

import math
from collections.abc import Sequence

from flask import Response, g, request

from assistant import openai_errors
from assistant.adapters.request_windows import WINDOW_SECONDS, Counted, Window


def tell(response: Response) -> Response:
    """Add the fields if the request was counted."""
    counted: Counted | None = g.get("counted")
    if counted is not None:
        windows = counted.windows
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{each.limit.policy}";q={each.limit.quota};w={WINDOW_SECONDS}' for each in windows
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{each.limit.policy}";r={each.left};t={max(1, math.ceil(each.seconds))}'
            for each in windows
        )
        if openai_errors.is_below(request.path) and windows:
            _tell_openais_clients(response, windows)
    return response


def _tell_openais_clients(response: Response, windows: Sequence[Window]) -> None:
    """Say it in the words of OpenAI's API, of the limit of which the least is left."""
    least = min(windows, key=lambda each: each.left)
    response.headers["X-RateLimit-Limit-Requests"] = str(least.limit.quota)
    response.headers["X-RateLimit-Remaining-Requests"] = str(least.left)
    response.headers["X-RateLimit-Reset-Requests"] = f"{max(1, math.ceil(least.seconds))}s"
