"""Watches the listening sockets of this process: a server that closes one is shutting down."""

import os
import socket
import stat
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from bokeh_wsgi.process import PerProcess

FOLDER: Final = "/dev/fd"
"""The system's list of open files of this process; without one, a shutdown is not noticed."""
AGAIN_S: Final = 10.0
"""Time to the next search after none was found: a search takes long with thousands of connections."""


class OpenSocket(NamedTuple):
    """An open socket. The inode tells it from a later file with the same descriptor."""

    fd: int
    inode: int


class Listener:
    """The sockets that listen on ``port``, or on a path (Unix sockets) if there are none.

    A process may have several descriptors of one socket: the first that is closed counts.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._known: frozenset[OpenSocket] = frozenset()
        self._next_search = 0.0

    def is_gone(self) -> bool:
        """Whether the server stopped listening since the first call, and did not start again."""
        if self._known and all(map(_is_open, self._known)):
            return False
        if not self._known and time.monotonic() < self._next_search:
            return False
        self._next_search = time.monotonic() + AGAIN_S
        found = _listening(self._port)
        if found - self._known:
            self._known = found
            return False
        return bool(self._known)


# Not shared with forks: a child may close inherited sockets that it never listened on.
LISTENERS = PerProcess(lambda: lru_cache(maxsize=16)(Listener))


def listener_of(environ: Mapping[str, Any]) -> Listener:
    """The listener at the port of a request; SERVER_PORT may be a string or a number."""
    try:
        return LISTENERS.now(int(environ.get("SERVER_PORT") or 0))
    except ValueError:
        return LISTENERS.now(0)


def _is_open(which: OpenSocket) -> bool:
    try:
        return os.fstat(which.fd).st_ino == which.inode
    except OSError:
        return False


def _listening(port: int) -> frozenset[OpenSocket]:
    found: dict[OpenSocket, Any] = {}
    try:
        names = os.listdir(FOLDER)
    except OSError:
        names = []
    for name in names:
        try:
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode) and (address := _address(int(name))) is not None:
                found[OpenSocket(int(name), status.st_ino)] = address
        except (OSError, ValueError):
            continue  # closed meanwhile, as the descriptor of the listing is
    at_port = {each for each, at in found.items() if isinstance(at, tuple) and at[1] == port}
    return frozenset(at_port or {each for each, at in found.items() if not isinstance(at, tuple)})


def _address(fd: int) -> Any:
    """The address of a listening socket: a tuple, or the path of a Unix socket; None if not listening."""
    with socket.socket(fileno=os.dup(fd)) as duplicate:
        if not duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return None
        return duplicate.getsockname()
