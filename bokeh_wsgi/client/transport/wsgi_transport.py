"""`WSGITransport`: requests to a WSGI app in this process."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from wsgiref.types import WSGIApplication

from bokeh_wsgi.protocol import IN_PROCESS

from .answer import Answer, is_anything, strange
from .body import Body
from .open_response import Stream, WholeStream
from .transport import Request, Transport

LONG_POLL_S: Final = 0.25
"""How long a request for news waits. Short: a session that ends waits for it."""


class WSGITransport(Transport):
    """Calls ``app`` as a WSGI server at ``root_url`` would."""

    polls = True

    def __init__(self, app: WSGIApplication, root_url: str) -> None:
        super().__init__(root_url)
        self.app = app

    @property
    def base_url(self) -> str:
        return self.root_url

    def open_stream(self, path: str) -> Stream:
        return WholeStream(self.request("GET", f"{path}&wait={LONG_POLL_S}", is_whole=is_anything).body)

    def close(self) -> None:
        pass

    def send(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        body = Body(request.pieces)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            "SERVER_SOFTWARE": IN_PROCESS,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if request.pieces:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        started = _Start()
        result: Iterable[bytes] = self.app(environ, started)
        try:
            content = b"".join(result)
        finally:
            close: Callable[[], None] | None = getattr(result, "close", None)
            if close is not None:
                close()
        answer = Answer(started.status, started.headers, b"".join([*started.written, content]))
        if answer.is_success and not request.is_whole(answer):
            raise strange(answer)
        return answer


@dataclass
class _Start:
    """``start_response`` of a request; keeps the arguments of the call."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    written: list[bytes] = field(default_factory=list)

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self.status:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status = int(status.split(" ", 1)[0])
        self.headers = {name.lower(): value for name, value in headers}
        return self.written.append
