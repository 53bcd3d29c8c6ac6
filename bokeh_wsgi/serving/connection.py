"""One HTTP connection: reads its requests with h11, and answers each with the app."""

import logging
import re
import socket
import time
from typing import Any, Final

import h11

from .body import Body, BodyError
from .endpoint import Endpoint
from .environ import environ_of, target_of
from .response import Response

log = logging.getLogger("bokeh_wsgi.serving")

IDLE_S: Final = 75.0
"""Timeout between two requests, and for the client to take a byte of a response."""
HEAD_S: Final = 20.0
"""Time from the first byte of a request to the end of its head."""
BODY_S: Final = 30.0
BODY_BYTES_PER_S: Final = 1024
"""Time to wait for a body: `BODY_S`, and one second more for each `BODY_BYTES_PER_S` received."""
LINGER_S: Final = 10.0
"""Time to read the rest of a body that the app refused, so that the client gets to read the response."""
HEAD_BYTES: Final = 1 << 16
HEADERS: Final = 100
READ_BYTES: Final = 1 << 20

_FOLD = re.compile(rb"\n[ \t]")
_QUOTED = re.compile(r":? ?(?:bytearray\(|b['\"]).*", re.DOTALL)
_LENGTH = re.compile(rb"\ncontent-length[ \t]*:", re.IGNORECASE)


class RefusedError(Exception):
    """A request that the server refuses without calling the app; has the status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """Owns the socket; `serve` returns when the connection is closed."""

    def __init__(self, server: Endpoint, sock: socket.socket, address: Any, network: str) -> None:
        self.server = server
        self.socket = sock
        self.address = address
        self._network = network
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        # Received bytes that are not parsed yet; bytes of the body that are not read yet.
        self._rest, self._left = b"", 0
        self._is_receiving = False
        self._body_waited_s = 0.0
        self._body_bytes = 0

    def serve(self) -> None:
        try:
            self._open()
            while self._serve_one():
                pass
            self._hang_up()
        except OSError as error:
            log.debug("The connection from %s ended: %s", self.address[0], error)
        finally:
            self._end_receiving()
            self.socket.close()

    def _open(self) -> None:
        self.socket.settimeout(HEAD_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.tls is not None:
            # Not in the accept loop: a slow handshake would block it.
            self.socket = self.server.tls.wrap_socket(self.socket, server_side=True)

    def _serve_one(self) -> bool:
        """Answer one request; whether another may follow."""
        try:
            request = self._read_head()
        except RefusedError as error:
            self._refuse(error.status, str(error))
            return False
        except h11.RemoteProtocolError as error:
            # Without what h11 quotes from the request: it may be anything.
            self._refuse(error.error_status_hint, f"This is not HTTP: {_QUOTED.sub('', str(error))}.")
            return False
        if request is None:
            return False
        body = self._body_of(request)
        environ = environ_of(request, body, self.server, self.address)
        is_asked_for = not self._http.they_are_waiting_for_100_continue
        response = Response(self.write, self.server.name, self._http, request)
        try:
            response.send(self.server.app, environ)
        except BodyError as error:
            response.fail(error.status, str(error))
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("%s failed", response.request_line)
            response.fail(500, "Something broke on the server; its log says what.")
        return self._finish(body) if is_asked_for or body.has_begun else False

    def _finish(self, body: Body) -> bool:
        """Read the rest of the body, so that another request can follow; whether it can."""
        http = self._http
        if http.our_state not in (h11.DONE, h11.MUST_CLOSE):
            return False  # the response was cut
        deadline = time.monotonic() + LINGER_S
        try:
            while not body.has_ended:
                if time.monotonic() > deadline or not body.read(READ_BYTES):
                    break
        except BodyError:
            return False
        self._end_receiving()
        if http.our_state is not h11.DONE or not body.has_ended:
            return False
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        return True

    def _refuse(self, status: int, message: str) -> None:
        log.debug("Bad request from %s: %s", self.address[0], message)
        Response(self.write, self.server.name, self._http).fail(status, message)
        self._end_receiving()

    def _hang_up(self) -> None:
        """Close after the client has read the response: unread data at a close resets the connection."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(1.0)
            deadline = time.monotonic() + LINGER_S
            while time.monotonic() < deadline and self.socket.recv(READ_BYTES):
                pass
        except OSError:
            pass

    # Reading

    def _read_head(self) -> h11.Request | None:
        """Read the head of the next request; None if the client closed the connection.

        Raises `RefusedError` and `h11.RemoteProtocolError` for a malformed one.
        """
        http = self._http
        received, self._rest = bytearray(self._rest), b""
        deadline = time.monotonic() + (HEAD_S if received else IDLE_S)
        if received:
            http.receive_data(bytes(received))
            self._begin_receiving()
        while (event := http.next_event()) is h11.NEED_DATA:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(HEAD_BYTES)
            except TimeoutError:
                if received:
                    raise RefusedError(
                        408, f"The head of the request did not arrive within {HEAD_S:g} s."
                    ) from None
                return None
            if data and not received:
                deadline = time.monotonic() + HEAD_S
                self._begin_receiving()
            received += data
            http.receive_data(data)
        if not isinstance(event, h11.Request):
            return None
        _check(event, bytes(received))
        self._body_waited_s, self._body_bytes = 0.0, 0
        return event

    def _body_of(self, request: h11.Request) -> Body:
        length = next((int(value) for name, value in request.headers if name == b"content-length"), 0)
        if length:
            self._rest, self._left = self._http.trailing_data[0], length
            return Body(self._read_plain)
        if not any(name == b"transfer-encoding" for name, _ in request.headers):
            # No body: the request is complete.
            self._end_receiving()
        return Body(self._read_chunk)

    def _read_plain(self, most: int) -> bytes:
        """Read from a body with a Content-Length; not through h11, which would copy it several times."""
        if not self._left:
            self._end_receiving()
            return b""
        wanted = min(self._left, READ_BYTES if most < 0 else max(most, 1))
        if not self._rest:
            self._send_continue()
            data = self._recv(min(wanted, READ_BYTES))
            if not data:
                raise BodyError(
                    400, f"The body of the request was cut: {self._left} bytes of it are missing."
                )
        else:
            data, self._rest = self._rest[: self._left], self._rest[self._left :]
        self._left -= len(data)
        if not self._left:
            self._end_receiving()
        return data

    def _read_chunk(self, most: int) -> bytes:
        """Read the next piece of a chunked body, or the end of an empty one."""
        http = self._http
        try:
            while (event := http.next_event()) is h11.NEED_DATA:
                self._send_continue()
                http.receive_data(self._recv(READ_BYTES))
        except h11.RemoteProtocolError as error:
            why = _QUOTED.sub("", str(error))
            raise BodyError(400, f"The body of the request was cut or is malformed: {why}.") from error
        if isinstance(event, h11.Data):
            return bytes(event.data)
        self._end_receiving()
        self._rest = http.trailing_data[0]
        return b""

    def _send_continue(self) -> None:
        """Send "100 Continue" if the client waits for it before it sends the body."""
        if self._http.they_are_waiting_for_100_continue:
            response = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
            self.write(self._http.send(response) or b"")

    def _recv(self, most: int) -> bytes:
        begun = time.monotonic()
        left_s = BODY_S + self._body_bytes / BODY_BYTES_PER_S - self._body_waited_s
        self.socket.settimeout(min(max(left_s, 0.001), IDLE_S))
        try:
            data = self.socket.recv(most)
        except TimeoutError as error:
            raise BodyError(408, "The body of the request did not arrive in time: send it again.") from error
        except ConnectionError as error:
            raise BodyError(400, "The body of the request was cut: the connection broke.") from error
        self._body_waited_s += time.monotonic() - begun
        self._body_bytes += len(data)
        return data

    def _begin_receiving(self) -> None:
        if not self.server.begin_request(self._network):
            raise RefusedError(503, "Too many requests of this address are half-sent: finish some first.")
        self._is_receiving = True

    def _end_receiving(self) -> None:
        """The request is complete, or its rest will not arrive."""
        if self._is_receiving:
            self._is_receiving = False
            self.server.end_request(self._network)

    # Writing

    def write(self, data: bytes | bytearray) -> None:
        """Send all; raises TimeoutError if the client takes no byte for `IDLE_S`, and ConnectionError."""
        self.socket.settimeout(IDLE_S)
        view = memoryview(data)
        try:
            while view:
                view = view[self.socket.send(view) :]
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            raise ConnectionAbortedError(str(error)) from error


def _check(request: h11.Request, head: bytes) -> None:
    """Refuse what h11 accepts and a proxy in front may parse differently (request smuggling)."""
    ends = [at for end in (b"\n\r\n", b"\n\n") if (at := head.find(end)) >= 0]
    head = head[: min(ends) + 1]
    if len(head) > HEAD_BYTES:
        raise RefusedError(431, f"The head of a request has {HEAD_BYTES} bytes at most.")
    headers = dict(request.headers)
    if _FOLD.search(head):
        raise RefusedError(400, "A header must be on one line.")
    if len(_LENGTH.findall(head)) + (b"transfer-encoding" in headers) > 1:
        raise RefusedError(400, "A request may have one Content-Length or one Transfer-Encoding, not more.")
    if request.http_version not in (b"1.0", b"1.1"):
        raise RefusedError(505, "This server speaks HTTP/1.1.")
    if request.http_version == b"1.0" and b"transfer-encoding" in headers:
        raise RefusedError(400, "HTTP/1.0 has no Transfer-Encoding.")
    if len(request.headers) > HEADERS:
        raise RefusedError(431, f"A request has {HEADERS} headers at most.")
    if target_of(request) is None:
        raise RefusedError(400, "The target of a request must be a path or an http(s) URL.")
