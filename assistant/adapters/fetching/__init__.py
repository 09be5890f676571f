"""Fetching pages of the web, behind the one guard against requests to private networks."""

from assistant.adapters.fetching.fetcher import GuardedFetcher
from assistant.adapters.fetching.guard import Guard

__all__ = ["Guard", "GuardedFetcher"]
