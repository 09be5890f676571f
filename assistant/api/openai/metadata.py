"""Metadata that clients attach to what they make."""

from typing import Annotated

from pydantic import AfterValidator

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


def _demand_small(given: dict[str, str]) -> dict[str, str]:
    if len(given) > MOST_PAIRS:
        raise ValueError(f"at most {MOST_PAIRS} pairs are kept")
    for key, value in given.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            raise ValueError(f"a key has 1 to {LONGEST_KEY} characters")
        if len(value) > LONGEST_VALUE:
            raise ValueError(f"a value has at most {LONGEST_VALUE} characters")
    return given


Metadata = Annotated[dict[str, str], AfterValidator(_demand_small)]
