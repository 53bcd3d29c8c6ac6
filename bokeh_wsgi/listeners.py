"""The listening sockets of this process: a server that closes one ends."""

import os
import socket
import stat
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from bokeh_wsgi.process import PerProcess

FOLDER: Final = "/dev/fd"
"""Where the system lists the open files of this process; where it does not, no end is noticed."""
AGAIN_S: Final = 10.0
"""Where none was found it is not looked for again so soon: there may be thousands of connections."""


class Open(NamedTuple):
    """An open socket: its number may be another's when it was closed, but with another inode."""

    fd: int
    inode: int


class Listener:
    """The sockets on which this process waits for connections to ``port``, or to a path if there are none.

    A process may listen by several handles of one socket: the first that is closed counts.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._known: frozenset[Open] = frozenset()
        self._look_at = 0.0

    def is_gone(self) -> bool:
        """Whether the server stopped listening since the first call, and has not begun again."""
        if self._known and all(map(_is_open, self._known)):
            return False
        if not self._known and time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + AGAIN_S
        found = _listening(self._port)
        if found - self._known:
            self._known = found
            return False
        return bool(self._known)


# A child may close sockets that it has from its parent, and never listened on.
LISTENERS = PerProcess(lambda: lru_cache(maxsize=16)(Listener))


def listener_of(environ: Mapping[str, Any]) -> Listener:
    """That at the port of a request, whether its server gives it as text or as a number."""
    try:
        return LISTENERS.now(int(environ.get("SERVER_PORT") or 0))
    except ValueError:
        return LISTENERS.now(0)


def _is_open(which: Open) -> bool:
    try:
        return os.fstat(which.fd).st_ino == which.inode
    except OSError:
        return False


def _listening(port: int) -> frozenset[Open]:
    found: dict[Open, Any] = {}
    try:
        names = os.listdir(FOLDER)
    except OSError:
        names = []
    for name in names:
        try:
            of = os.fstat(int(name))
            if stat.S_ISSOCK(of.st_mode) and (address := _address(int(name))) is not None:
                found[Open(int(name), of.st_ino)] = address
        except (OSError, ValueError):
            continue  # closed meanwhile, as the list's own handle is
    at_port = {each for each, at in found.items() if isinstance(at, tuple) and at[1] == port}
    return frozenset(at_port or {each for each, at in found.items() if not isinstance(at, tuple)})


def _address(fd: int) -> Any:
    """Where a socket listens: a tuple, for a socket at a path the path; None if it does not listen."""
    with socket.socket(fileno=os.dup(fd)) as other:
        if not other.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return None
        return other.getsockname()
