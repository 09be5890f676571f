"""Say in each answer what a limit leaves: RateLimit-Policy and RateLimit.

They are those of draft-ietf-httpapi-ratelimit-headers, from its version 09 on.
"""

import math

from flask import Response, g

from assistant.adapters.request_windows import WINDOW_SECONDS, Counted


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
    return response
