"""Whom an address counts for, where tries, streams, uploads and connections are limited."""

from ipaddress import IPv6Address, ip_address


def network_of(address: str) -> str:
    """The address; of IPv6 the /64 network, of which one machine may use all addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return address
