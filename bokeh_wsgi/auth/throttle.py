"""Limits attempts to sign in and register, over all processes: the store counts them."""

import time
from hashlib import sha256
from typing import NamedTuple

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.networks import network_of
from bokeh_wsgi.store import AccountStore


class Rate(NamedTuple):
    """A rate limit: ``burst`` attempts at once, and one more every ``interval_s`` seconds."""

    burst: int
    interval_s: float


# Passwords for one account from one network, counted separately if the user has signed in from there before.
ACCOUNT = Rate(10, 15.0)
# Passwords for one account from all networks without an earlier sign-in to it. More than one network may use,
# so that no single network exhausts the limit.
STRANGERS = Rate(60, 5.0)
# Passwords from one network, for all accounts without an earlier sign-in from there.
ADDRESS = Rate(30, 4.0)
# Invalid keys, codes and invitations, per network.
WRONG_SECRET = Rate(30, 2.0)
# New accounts, per network.
REGISTRATION = Rate(10, 60.0)

# How long the network of a sign-in is remembered.
KNOWN_S = 90 * 86_400.0


class Throttle:
    def __init__(self, store: AccountStore) -> None:
        self._store = store

    def password(self, user: str, address: str) -> None:
        """Count an attempt with a password; raises `TooMany`."""
        network = network_of(address)
        if self._store.get_code(_place(user, network)) is not None:
            self._count(_own(user, network), ACCOUNT)
            return
        # The network first: one without attempts left must not use up those of others.
        self._count(f"address {network}", ADDRESS)
        self._count(f"account {user} {network}", ACCOUNT)
        self._count(f"strangers {user}", STRANGERS)

    def signed_in(self, user: str, address: str) -> None:
        """Reset the user's counter for this network and remember the network.

        Attempts from other networks then do not affect it. The counters of the network and of strangers
        remain.
        """
        network = network_of(address)
        self._store.forgive(f"account {user} {network}")
        self._store.forgive(_own(user, network))
        self._store.put_code(_place(user, network), "", time.time() + KNOWN_S)

    def wrong_secret(self, address: str) -> None:
        """Count an invalid key or code; raises `TooMany`. Valid ones are never limited."""
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
    """The stored name of a network from which a user has signed in."""
    return sha256(f"place {user} {network}".encode("utf-8", "surrogatepass")).hexdigest()
