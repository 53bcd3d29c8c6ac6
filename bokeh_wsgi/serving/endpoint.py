"""What a server serves, under which name and address, and how many may use it at a time."""

import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may hold. None for one network's, behind a proxy from which all connections come.

    ``connections``: of all together; ``of_network``: of one IPv4 address, or one /64 of IPv6;
    ``requests``: how many of those may be in the middle of sending a request.
    """

    connections: int = 4096
    of_network: int | None = 1024
    requests: int | None = 64


class Endpoint:
    """Serves ``app`` at ``host`` and ``port``, and counts who uses it. Thread-safe."""

    def __init__(
        self,
        app: "WSGIApplication",
        host: str,
        port: int,
        *,
        name: str,
        tls: ssl.SSLContext | None,
        limits: Limits,
    ) -> None:
        self.app = app
        self.host = host
        self.port = port
        self.name = name
        self.tls = tls
        self.limits = limits
        self._lock = threading.Lock()
        self._open = 0
        self._connections: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()

    def enter(self, network: str) -> bool:
        limits = self.limits
        with self._lock:
            is_greedy = limits.of_network is not None and self._connections[network] >= limits.of_network
            if is_greedy or self._open >= limits.connections:
                return False
            self._open += 1
            self._connections[network] += 1
            return True

    def leave(self, network: str) -> None:
        with self._lock:
            self._open -= 1
            _take_one(self._connections, network)

    def request_begins(self, network: str) -> bool:
        """Whether one more request of a network may come in; if so, `request_is_there` says that it has."""
        limit = self.limits.requests
        with self._lock:
            if limit is not None and self._requests[network] >= limit:
                return False
            self._requests[network] += 1
            return True

    def request_is_there(self, network: str) -> None:
        with self._lock:
            _take_one(self._requests, network)


def _take_one(counts: Counter[str], network: str) -> None:
    counts[network] -= 1
    if counts[network] <= 0:
        del counts[network]
