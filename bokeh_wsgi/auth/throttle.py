"""How often somebody may try: counted in the store, so that it holds over processes."""

import time
from hashlib import sha256
from typing import NamedTuple

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.networks import network_of
from bokeh_wsgi.store import AccountStore


class Rate(NamedTuple):
    """``burst`` tries at once, and one more every ``interval_s`` seconds."""

    burst: int
    interval_s: float


# Passwords for one account from one network: of those who have signed in from there before, and of others.
ACCOUNT = Rate(10, 15.0)
# Those for one account from all networks together from which nobody has signed in to it before: more than one
# network has, so that nobody alone can use them up.
STRANGERS = Rate(60, 5.0)
# Those from one network, for whatever account nobody has signed in to from there before.
ADDRESS = Rate(30, 4.0)
# Keys that open nothing, and codes and invitations that are none, by where they come from.
WRONG_SECRET = Rate(30, 2.0)
# New accounts, by where they come from.
REGISTRATION = Rate(10, 60.0)

# How long it is known that somebody has signed in from a network.
KNOWN_S = 90 * 86_400.0


class Throttle:
    def __init__(self, store: AccountStore) -> None:
        self._store = store

    def password(self, user: str, address: str) -> None:
        """Count a try of a password; raises `TooMany`."""
        network = network_of(address)
        if self._store.get_code(_place(user, network)) is not None:
            self._count(_own(user, network), ACCOUNT)
            return
        # In this order: who has no tries left cannot use up those of others.
        self._count(f"address {network}", ADDRESS)
        self._count(f"account {user} {network}", ACCOUNT)
        self._count(f"strangers {user}", STRANGERS)

    def signed_in(self, user: str, address: str) -> None:
        """Tries before the right one are forgotten; from now on, those from elsewhere hold nobody up here.

        Those of the network are not forgotten: it has more users. Nor are those of strangers.
        """
        network = network_of(address)
        self._store.forgive(f"account {user} {network}")
        self._store.forgive(_own(user, network))
        self._store.put_code(_place(user, network), "", time.time() + KNOWN_S)

    def wrong_secret(self, address: str) -> None:
        """Count a key or code that opens nothing; raises `TooMany`. Right ones are never held up."""
        self._count(f"secret {network_of(address)}", WRONG_SECRET)

    def registration(self, address: str) -> None:
        self._count(f"registration {network_of(address)}", REGISTRATION)

    def _count(self, name: str, rate: Rate) -> None:
        wait_s = self._store.throttle(name, rate.interval_s, rate.burst)
        if wait_s > 0:
            raise TooMany(f"Too many tries: wait {max(1, round(wait_s))} s.", retry_after_s=wait_s)


def _own(user: str, network: str) -> str:
    return f"own {user} {network}"


def _place(user: str, network: str) -> str:
    """What the store has of a place from which somebody has signed in."""
    return sha256(f"place {user} {network}".encode("utf-8", "surrogatepass")).hexdigest()
