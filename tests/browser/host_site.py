"""Somebody else's web site, on an origin of its own, whose pages a test writes."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import bokeh

BOKEH_JS = Path(bokeh.__file__).parent / "server" / "static" / "js"
OTHER_VERSION = "3.4.1"


class HostSite:
    """``pages`` by path; ``/js/<file>`` is BokehJS, ``/other/<file>`` the same as another version."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> "HostSite":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def page(self, body: str, head: str = "") -> str:
        """A page with this in it; returns its address."""
        path = f"page{len(self.pages)}"
        icon = '<link rel="icon" href="data:,">'
        self.pages[f"/{path}"] = f"<!doctype html><title>host</title>{icon}{head}<body>{body}</body>"
        return self.url + path

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, body = site._content(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def _content(self, path: str) -> tuple[str, bytes]:
        folder, _, name = path[1:].rpartition("/")
        if folder == "js":
            return "text/javascript", (BOKEH_JS / name).read_bytes()
        if folder == "other":
            text = (BOKEH_JS / name).read_text(encoding="utf-8")
            return "text/javascript", text.replace(bokeh.__version__, OTHER_VERSION).encode()
        return "text/html; charset=utf-8", self.pages.get(path, "").encode()
