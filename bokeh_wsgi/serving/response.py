"""Writes the response of a WSGI app to a connection, in as few packets as possible."""

import json
import logging
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import h11

from .redaction import redacted

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger("bokeh_wsgi.serving")

COPIED_BYTES: Final = 1 << 18
"""Pieces up to this size are joined with their neighbours in one packet."""
NO_BODY: Final = frozenset({204, 304})


class Response:
    """The response to one request, or to a malformed one (None). ``status`` is 0 until the head is sent."""

    def __init__(
        self,
        write: Callable[[bytes | bytearray], None],
        server_name: str,
        http: h11.Connection,
        request: h11.Request | None = None,
    ) -> None:
        self.status = 0
        self._request = request
        self._write_out = write
        self._server_name = server_name
        self._http = http
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._has_body = True

    @property
    def request_line(self) -> str:
        """Method and target, without secrets, for the log."""
        if self._request is None:
            return "A bad request"
        return redacted(f"{self._request.method.decode()} {self._request.target.decode()}")

    def send(self, app: "WSGIApplication", environ: "WSGIEnvironment") -> None:
        pieces = app(environ, self._start)
        try:
            for piece in pieces:
                if piece:
                    self._write(piece)
            self._write(b"", last=True)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def fail(self, status: int, message: str) -> None:
        """Send an error, unless the response has begun: then only the cut connection shows the failure."""
        if self.status or self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        text = json.dumps({"error": "http", "message": message}, separators=(",", ":")).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(text))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ]
        self._head = f"{status} {HTTPStatus(status).phrase}", headers
        self._write(text, last=True)

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info and self.status:
            raise exc_info[1].with_traceback(exc_info[2])
        self._head = (status, headers)
        return self._write

    def _write(self, piece: bytes, *, last: bool = False) -> None:
        http, packet = self._http, bytearray()
        if not self.status:
            packet += self._begin()
        for event in ([h11.Data(data=piece)] if piece and self._has_body else []) + (
            [h11.EndOfMessage()] if last else []
        ):
            for part in http.send_with_data_passthrough(event) or []:
                if len(part) <= COPIED_BYTES:
                    packet += part
                    continue
                self._write_out(packet)
                self._write_out(part)
                packet = bytearray()
        if packet:
            self._write_out(packet)

    def _begin(self) -> bytes:
        if self._head is None:
            raise RuntimeError("The app sent data before it called start_response.")
        status, headers = self._head
        self.status = int(status[:3])
        is_head = self._request is not None and self._request.method == b"HEAD"
        self._has_body = not is_head and self.status not in NO_BODY
        if log.isEnabledFor(logging.INFO):
            log.info("%s %s", self.request_line, self.status)
        given = {name.lower() for name, _ in headers}
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if "date" not in given:
            fields.append((b"Date", _date(int(time.time()))))
        if "server" not in given:
            fields.append((b"Server", self._server_name.encode()))
        head = h11.Response(status_code=self.status, headers=fields, reason=status[4:].encode("latin-1"))
        sent: bytes = self._http.send(head)
        return sent


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()
