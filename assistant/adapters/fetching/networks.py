"""Telling the addresses that everybody on the internet may ask from all others."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# From IANA's registries of special addresses, with multicast and what is kept for later.
SPECIAL_4 = [
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# Of the others nothing is given out yet: loopback, local and multicast addresses lie there.
GIVEN_OUT_6 = ip_network("2000::/3")
# Here, too: protocols such as Teredo, which hide an IPv4 address, examples, 6to4.
SPECIAL_6 = [
    ip_network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]
# A gateway of the network at hand sends what goes there on to the IPv4 address in it (RFC 6052).
NAT64 = ip_network("64:ff9b::/96")
# What nobody may fetch from, whichever hosts are allowed: nowhere, everybody at once, the
# neighbours on the wire, and where clouds tell a machine its keys, some of them outside of those.
NEVER = [
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128"),
        *("fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::/32"),
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
    )
]


def parse(text: str) -> Address:
    """Read an address; one that only wraps an IPv4 address is that address.

    Raises `ValueError` for what is none, and for one that names an interface of this machine.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise ValueError("an address with a zone")
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(address.packed[-4:]) if address in NAT64 else address


def is_public(address: Address) -> bool:
    """Return whether an address is somebody's on the internet."""
    if is_never(address):
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_4)
    return address in GIVEN_OUT_6 and not any(address in network for network in SPECIAL_6)


def is_never(address: Address) -> bool:
    """Return whether an address is none that even an allowed host may have."""
    return any(address in network for network in NEVER)
