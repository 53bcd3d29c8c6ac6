"""Maps client addresses to networks, for which attempts, streams, uploads and connections are limited."""

import re
from ipaddress import IPv6Address, ip_address

# Addresses as in X-Forwarded-For and Forwarded, possibly with a port.
_WRITTEN = re.compile(r"\[(?P<v6>[^\]]*)\](:\d*)?|(?P<v4>[^:]*):\d*")


def network_of(address: str) -> str:
    """The IPv4 address, or the /64 network of an IPv6 address, since one machine may use all of it.

    Removes quotes and the port that a proxy may have added, since the port differs for each connection.
    """
    host = address.strip(" \t\"'")
    if (written := _WRITTEN.fullmatch(host)) is not None:
        host = written["v6"] or written["v4"] or ""
    try:
        parsed = ip_address(host)
    except ValueError:
        return host
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)
