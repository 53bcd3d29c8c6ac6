"""The server: accepts connections and starts a thread for each, within the limits."""

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
# Pause of accepting after the process ran out of file descriptors.
PAUSE_S = 0.5
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server(Endpoint):
    """Serves ``app`` on a duplicate of ``listener``, a socket that listens already."""

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
        """Accept connections until `shutdown`, or an exception such as KeyboardInterrupt."""
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
        """End `serve_forever`, and wait for its end. Open connections go on until they are done."""
        with suppress(OSError):  # it may have ended already
            self._wake.send(b"x")
        self._ended.wait()

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError as error:
            if error.errno in _OUT_OF_FILES:
                log.error("Cannot accept a connection: %s", error)
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
            log.error("Cannot start a thread for a connection: %s", error)
            self.leave(network)
            _refuse(sock)

    def _serve(self, sock: socket.socket, address: Any, network: str) -> None:
        try:
            Connection(self, sock, address, network).serve()
        except Exception:
            log.exception("The connection from %s failed", address[0])
        finally:
            self.leave(network)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, IPv4 or IPv6 as ``host`` is; raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _refuse(sock: socket.socket) -> None:
    """Close a connection with 503, which is sent only if the socket takes it at once."""
    with sock:
        sock.setblocking(False)
        with suppress(OSError):
            sock.send(_BUSY)
