"""Listens, and gives each connection a thread of its own, as long as there are not too many."""

import errno
import logging
import selectors
import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bokeh_wsgi.networks import network_of

from .connection import Connection

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("bokeh_wsgi.serving")

BACKLOG = 1024
# Where the process may open no more files, nobody is accepted for so long.
PAUSE_S = 0.5
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may hold. None for one network's, behind a proxy from which all connections come.

    ``connections``: of all together; ``of_network``: of one IPv4 address, or one /64 of IPv6;
    ``requests``: how many of those may be in the middle of sending a request.
    """

    connections: int = 4096
    of_network: int | None = 1024
    requests: int | None = 64


class Server:
    """Serves ``app`` on a socket that listens already, which it takes a handle of; see `serve_forever`."""

    def __init__(
        self,
        listener: socket.socket,
        app: "WSGIApplication",
        *,
        name: str,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.app = app
        self.name = name
        self.tls = tls
        self.limits = limits or Limits()
        self._listener = listener.dup()
        self.host, self.port = self._listener.getsockname()[:2]
        self._lock = threading.Lock()
        self._open = 0
        self._connections: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._wake, self._woken = socket.socketpair()
        self._ended = threading.Event()

    def serve_forever(self) -> None:
        """Accept until `shutdown` is called, or an exception such as Ctrl-C ends it."""
        try:
            with selectors.DefaultSelector() as selector:
                self._listener.setblocking(False)
                selector.register(self._listener, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                while not any(key.fileobj is self._woken for key, _ in selector.select()):
                    self._accept()
        finally:
            self._ended.set()
            for sock in (self._listener, self._wake, self._woken):
                sock.close()

    def shutdown(self) -> None:
        """End `serve_forever`, and wait for it. Connections go on until they have nothing to say."""
        with suppress(OSError):  # it may have ended
            self._wake.send(b"x")
        self._ended.wait()

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError as error:
            if error.errno in _OUT_OF_FILES:
                log.error("No connection can be accepted: %s", error)
                time.sleep(PAUSE_S)
            return
        network = network_of(address[0])
        if not self._enter(network):
            _refuse(sock)
            return
        thread = threading.Thread(target=self._serve, args=(sock, address, network), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.error("No connection can be served: %s", error)
            self._leave(network)
            _refuse(sock)

    def _enter(self, network: str) -> bool:
        limits = self.limits
        with self._lock:
            is_greedy = limits.of_network is not None and self._connections[network] >= limits.of_network
            if is_greedy or self._open >= limits.connections:
                return False
            self._open += 1
            self._connections[network] += 1
            return True

    def _leave(self, network: str) -> None:
        with self._lock:
            self._open -= 1
            _take_one(self._connections, network)

    def _serve(self, sock: socket.socket, address: Any, network: str) -> None:
        try:
            Connection(self, sock, address, network).serve()
        except Exception:
            log.exception("The connection of %s broke", address[0])
        finally:
            self._leave(network)

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


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for IPv4 or IPv6, whichever ``host`` is; raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _take_one(counts: Counter[str], network: str) -> None:
    counts[network] -= 1
    if counts[network] <= 0:
        del counts[network]


def _refuse(sock: socket.socket) -> None:
    """Say that there is no room; whoever does not take it at once gets nothing."""
    with sock:
        sock.setblocking(False)
        with suppress(OSError):
            sock.send(_BUSY)
