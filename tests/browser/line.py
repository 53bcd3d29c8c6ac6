"""A network line between a browser and a server, which can be cut."""

import contextlib
import socket
import threading


class Line:
    """Forwards connections from ``port`` to a server's port until `cut`, and again after `mend`."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self._up = True
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._up = False
        for end in list(self._ends):
            _close(end)

    def mend(self) -> None:
        self._up = True

    def close(self) -> None:
        self.cut()
        _close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                if not self._up:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                if self._listener.fileno() < 0:
                    return
                near.close()
                continue
            self._ends |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            self._ends.discard(end)
            _close(end)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
