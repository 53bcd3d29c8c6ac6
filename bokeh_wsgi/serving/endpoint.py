"""An endpoint: the app, name and address of a server, and its limits on connections."""

import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on open connections. Behind a proxy, which makes all connections, those per network are None.

    ``connections``: in total; ``of_network``: per network, which is an IPv4 address or an IPv6 /64;
    ``requests``: per network, with a request that is partly received.
    """

    connections: int = 4096
    of_network: int | None = 1024
    requests: int | None = 64


class Endpoint:
    """An app at a host and port, with counts of the connections per network. Thread-safe."""

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
        """Count a new connection; False if it is over a limit."""
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
            _decrement(self._connections, network)

    def begin_request(self, network: str) -> bool:
        """Count a request that is being received, until `end_request`; False if it is over the limit."""
        limit = self.limits.requests
        with self._lock:
            if limit is not None and self._requests[network] >= limit:
                return False
            self._requests[network] += 1
            return True

    def end_request(self, network: str) -> None:
        with self._lock:
            _decrement(self._requests, network)


def _decrement(counts: Counter[str], network: str) -> None:
    counts[network] -= 1
    if counts[network] <= 0:
        del counts[network]
