"""Whom an address counts for, where tries, streams, uploads and connections are limited."""

import re
from ipaddress import IPv6Address, ip_address

# As proxies write addresses into X-Forwarded-For and Forwarded, some with the port of the connection.
_WRITTEN = re.compile(r"\[(?P<v6>[^\]]*)\](:\d*)?|(?P<v4>[^:]*):\d*")


def network_of(address: str) -> str:
    """The address; of IPv6 the /64 network, of which one machine may use all addresses.

    Without the port and the quotes that a proxy may have written: the port is another one each time.
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
