"""How many requests a user, a key and an address may make in a minute."""

import ipaddress
import math
import uuid

from assistant.adapters.request_windows import Counted, Limit, RequestWindows
from assistant.errors import RateLimited
from assistant.extensions import cache, settings

_windows = RequestWindows()
_WHOSE = {"user": "You", "key": "This API key", "address": "Your address"}


def count(
    user_id: uuid.UUID | None, key_id: uuid.UUID | None, address: str | None
) -> Counted | None:
    """Count a request under what is known of who makes it; None where there is no limit.

    What is not known is None.
    """
    quotas = {
        "user": (user_id, settings.requests_per_user),
        "key": (key_id, settings.requests_per_key),
        "address": (address and place_of(address), settings.requests_per_address),
    }
    limits = [
        Limit(policy, str(who), quota)
        for policy, (who, quota) in quotas.items()
        if who is not None and quota
    ]
    return _windows.count(cache, limits) if limits else None


def refusal(counted: Counted) -> RateLimited:
    """Return what to say of a request that is one too many, and when the next may come."""
    full = [window for window in counted.windows if not window.left]
    last = max(full, key=lambda window: window.seconds)
    wait = max(1, math.ceil(last.seconds))
    return RateLimited(
        f"{_WHOSE[last.limit.policy]} may make {last.limit.quota} requests in a minute. Wait "
        f"{wait} seconds, and ask less often.",
        retry_after=wait,
    )


def place_of(address: str) -> str:
    """Return what one client has: an address, or of IPv6 a network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return str(ip)
