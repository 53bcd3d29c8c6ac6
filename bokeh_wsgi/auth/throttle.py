"""How often somebody may try: counted in the store, so that it holds over processes."""

from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.store import Store


class Rate(NamedTuple):
    """``burst`` tries at once, and one more every ``interval_s`` seconds."""

    burst: int
    interval_s: float


# Passwords, by the account that they are for and by where they come from.
ACCOUNT = Rate(10, 15.0)
ADDRESS = Rate(30, 4.0)
# Keys that open nothing, and codes and invitations that are none, by where they come from.
WRONG_SECRET = Rate(30, 2.0)
# New accounts, by where they come from.
REGISTRATION = Rate(10, 60.0)


class Throttle:
    def __init__(self, store: Store) -> None:
        self._store = store

    def password(self, user: str, address: str) -> None:
        """Count a try of a password; raises `TooMany`."""
        # In this order: who has no tries left cannot use up those of the account.
        self._count(f"address {network_of(address)}", ADDRESS)
        self._count(f"account {user}", ACCOUNT)

    def right_password(self, user: str) -> None:
        """Tries before the right one are forgotten; those of the address are not, which has more users."""
        self._store.forgive(f"account {user}")

    def wrong_secret(self, address: str) -> None:
        """Count a key or code that opens nothing; raises `TooMany`. Right ones are never held up."""
        self._count(f"secret {network_of(address)}", WRONG_SECRET)

    def registration(self, address: str) -> None:
        self._count(f"registration {network_of(address)}", REGISTRATION)

    def _count(self, name: str, rate: Rate) -> None:
        wait_s = self._store.throttle(name, rate.interval_s, rate.burst)
        if wait_s > 0:
            raise TooMany(f"Too many tries: wait {max(1, round(wait_s))} s.", retry_after_s=wait_s)


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
