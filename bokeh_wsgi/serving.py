"""The HTTP server of ``bokeh-server``: werkzeug's, with a thread per connection, made to stay connected.

werkzeug closes every connection after one response and sends a chunk in four packets; a publisher that
stores ten times a second, and a page that follows, want neither.
"""

import logging
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger("bokeh_wsgi.serving")

# A connection that neither sends nor takes a byte for this long is given up.
IDLE_TIMEOUT_S = 75
# What is left of a body that the app refused is read for this long, so that the client gets to the answer.
LINGER_S = 10.0
BACKLOG = 1024
# Pieces up to this long are copied into one packet with what surrounds them.
COPIED_BYTES = 1 << 18

# What a query may have that nobody who reads the log should: also inside another value, as in ``next=``.
SECRETS = frozenset({"token", "code", "invite", "csrf", "password", "new", "again", "key", "userapikey"})
# A name and its value in text, the ``=`` maybe quoted. In one pass over it, however long a request line is:
# names begin after a separator only, and are not tried again shorter.
_PAIR = re.compile(r"(?<![^?&=\s])((?:[^?&=\s%]|%(?!(?:25)*3D))*+)(=|%(?:25)*3D)([^&\s]*)", re.IGNORECASE)


class Server(ThreadedWSGIServer):
    """Serves ``app`` on a socket that listens already; `serve_forever` returns when interrupted."""

    daemon_threads = True  # the process may end with viewers connected

    def __init__(
        self, listener: socket.socket, app: "WSGIApplication", *, name: str, tls: ssl.SSLContext | None = None
    ) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, Handler, fd=listener.fileno())
        self._server_version = name
        self.ssl_context = tls

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        if self.ssl_context is not None:
            # Here and not on accept, where one slow handshake would hold up everybody.
            try:
                request.settimeout(IDLE_TIMEOUT_S)
                request = self.ssl_context.wrap_socket(request, server_side=True)
            except OSError as error:
                log.debug("no TLS with %s: %s", client_address, error)
                self.shutdown_request(request)
                return
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.error("The connection of %s broke", client_address, exc_info=True)  # noqa: LOG014


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for IPv4 or IPv6, whichever ``host`` is; raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


class Handler(WSGIRequestHandler):
    """One connection: requests one after the other, each response's pieces sent in one write each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT_S

    def version_string(self) -> str:
        return self.server_version

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        body = self._body(environ)
        response = _Response(self)
        try:
            response.send(self.server.app, environ)
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            self.close_connection = True
            self.connection_dropped(error, environ)
            return
        except Exception:
            log.exception("%s %s failed", self.command, redacted(self.path))
            response.fail()
        try:
            body.leave(self)
        except OSError:
            self.close_connection = True

    def _body(self, environ: "WSGIEnvironment") -> "_Body":
        if "wsgi.input_terminated" in environ:
            body: _Body = _ChunkedBody(environ["wsgi.input"])
        else:
            body = _Body(self.rfile, int(environ.get("CONTENT_LENGTH", 0)))
            environ["wsgi.input_terminated"] = True
        environ["wsgi.input"] = body
        return body

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if log.isEnabledFor(logging.INFO):
            line = self.requestline.rpartition(" HTTP/")[0] or self.requestline
            log.info("%s %s", redacted(line.translate(self._control_char_table)), code)

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002  (http.server's name)
        self.log("debug", format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  (werkzeug's name)
        """All else that werkzeug and http.server say, which may quote a request."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s", redacted((message % args).translate(self._control_char_table)))

    def start(self, status: str, headers: list[tuple[str, str]]) -> tuple[bytes, str]:
        """The head of a response, and how its body goes out: "chunked", "plain" or "" (it has none)."""
        code = int(status[:3])
        self.send_response(code, status[4:])
        for name, value in headers:
            self.send_header(name, value)  # which notices "Connection: close"
        names = {name.lower() for name, _ in headers}
        body = "plain"
        if self.command == "HEAD" or code < 200 or code in (204, 304):
            body = ""
        elif "content-length" not in names and self.request_version >= "HTTP/1.1":
            body = "chunked"
            self.send_header("Transfer-Encoding", "chunked")
        elif "content-length" not in names:
            self.close_connection = True
        if self.close_connection and "connection" not in names:
            self.send_header("Connection", "close")
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer: list[bytes] = []
        return head, body

    def parse_request(self) -> bool:
        return super().parse_request() and self._has_one_length()

    def _has_one_length(self) -> bool:
        """Two lengths, or a length and chunks, are how requests are smuggled past a proxy: refused."""
        lengths = self.headers.get_all("Content-Length", [])
        chunked = "Transfer-Encoding" in self.headers
        if len(lengths) + chunked > 1 or not all(length.strip().isdecimal() for length in lengths):
            self.send_error(400, "One Content-Length, or Transfer-Encoding")
            self.close_connection = True
            return False
        return True


def redacted(text: str) -> str:
    """The text of a request, without the values of `SECRETS` in its query."""
    return _PAIR.sub(_redacted_pair, text)


def _redacted_pair(pair: re.Match[str]) -> str:
    name, value = re.split("[?&]", _plain(pair[1]))[-1], _plain(pair[3])
    is_secret = name in SECRETS or any(f"{secret}=" in value for secret in SECRETS)
    return f"{pair[1]}{pair[2]}***" if is_secret else pair[0]


def _plain(text: str) -> str:
    """Unquoted, even where it was quoted within a quoted value."""
    for _ in range(4):
        text = unquote(text)
    return text.lower()


class _Response:
    """One response on its way out."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._status: tuple[str, list[tuple[str, str]]] | None = None
        self._begun = False
        self._body = ""

    def send(self, app: "WSGIApplication", environ: "WSGIEnvironment") -> None:
        pieces = app(environ, self._start)
        try:
            for piece in pieces:
                self._write(piece)
            self._write(b"", last=True)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def fail(self) -> None:
        """Say that it failed; once begun, only a cut connection can say so."""
        self._handler.close_connection = True
        if not self._begun:
            text = b"Something broke on the server; its log says what.\n"
            self._status = ("500 Internal Server Error", [("Content-Type", "text/plain")])
            self._write(text, last=True)

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info and self._begun:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status = (status, headers)
        return self._write

    def _write(self, piece: bytes, *, last: bool = False) -> None:
        packet = []
        if not self._begun:
            if self._status is None:
                raise RuntimeError("The app sent before start_response.")
            head, self._body = self._handler.start(*self._status)
            self._begun = True
            packet.append(head)
        if piece and self._body == "chunked":
            packet += [b"%x\r\n" % len(piece), piece, b"\r\n"]
        elif piece and self._body:
            packet.append(piece)
        if last and self._body == "chunked":
            packet.append(b"0\r\n\r\n")
        for part in [b"".join(packet)] if len(piece) <= COPIED_BYTES else packet:
            self._handler.wfile.write(part)


class _Body:
    """A request's body of known length."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int | None = -1) -> bytes:
        size = self._left if size is None or size < 0 else min(size, self._left)
        data: bytes = self._stream.read(size) if size else b""
        self._left = self._left - len(data) if len(data) == size else 0
        return data

    def readline(self, size: int | None = -1) -> bytes:
        size = self._left if size is None or size < 0 else min(size, self._left)
        line: bytes = self._stream.readline(size)
        self._left -= len(line)
        return line

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Any:
        return iter(self.readline, b"")

    @property
    def done(self) -> bool:
        return self._left == 0

    def leave(self, handler: Handler) -> None:
        """Read what the app left, so that the next request can follow, or the client can read the answer."""
        deadline = time.monotonic() + LINGER_S
        while not self.done and time.monotonic() < deadline:
            if not self.read(1 << 20):
                break
        if not self.done:
            handler.close_connection = True


class _ChunkedBody(_Body):
    """A request's body that comes in chunks."""

    def __init__(self, stream: DechunkedInput) -> None:
        super().__init__(stream, 0)
        self._ended = False

    def read(self, size: int | None = -1) -> bytes:
        data: bytes = self._stream.read(-1 if size is None else size)
        self._ended = self._ended or (not data and size != 0)
        return data

    def readline(self, size: int | None = -1) -> bytes:
        line: bytes = self._stream.readline(-1 if size is None else size)
        self._ended = self._ended or not line
        return line

    @property
    def done(self) -> bool:
        return self._ended
