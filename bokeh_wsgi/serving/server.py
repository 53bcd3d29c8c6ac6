"""Listens, and gives each connection a thread of its own, as long as there are not too many."""

import errno
import logging
import selectors
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bokeh_wsgi.networks import network_of

from .connection import Connection
from .endpoint import Endpoint, Limits

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("bokeh_wsgi.serving")

BACKLOG = 1024
# Where the process may open no more files, nobody is accepted for so long.
PAUSE_S = 0.5
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server(Endpoint):
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
        self._listener = listener.dup()
        host, port = self._listener.getsockname()[:2]
        super().__init__(app, host, port, name=name, tls=tls, limits=limits or Limits())
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
        if not self.enter(network):
            _refuse(sock)
            return
        thread = threading.Thread(target=self._serve, args=(sock, address, network), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.error("No connection can be served: %s", error)
            self.leave(network)
            _refuse(sock)

    def _serve(self, sock: socket.socket, address: Any, network: str) -> None:
        try:
            Connection(self, sock, address, network).serve()
        except Exception:
            log.exception("The connection of %s broke", address[0])
        finally:
            self.leave(network)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for IPv4 or IPv6, whichever ``host`` is; raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _refuse(sock: socket.socket) -> None:
    """Say that there is no room; whoever does not take it at once gets nothing."""
    with sock:
        sock.setblocking(False)
        with suppress(OSError):
            sock.send(_BUSY)
