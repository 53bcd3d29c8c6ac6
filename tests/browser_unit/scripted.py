"""A server whose stream of changes a test writes itself, and a page of it in Chromium."""

import json
import queue
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import bokeh

from bokeh_wsgi.dataplane import SCHEMA_MESSAGE, Op, OpCode, commit, encode
from bokeh_wsgi.pages.document import document_page
from bokeh_wsgi.pages.headers import document_headers
from tests.imports import ROOT

STATIC = Path(bokeh.__file__).parent / "server" / "static"
PAGE_JS = ROOT / "bokeh_wsgi" / "static" / "page.js"
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Document-Token",
    "Access-Control-Expose-Headers": "X-Wait",
}

# A document without pictures: one source, s.
GRAPH = {
    "version": bokeh.__version__,
    "title": "scripted",
    "roots": ["s"],
    "models": {
        "s": {
            "name": "ColumnDataSource",
            "attributes": {"selected": {"id": "a"}, "selection_policy": {"id": "b"}},
        },
        "a": {"name": "Selection", "attributes": {"indices": [], "line_indices": []}},
        "b": {"name": "UnionRenderers"},
    },
}


class ScriptedServer:
    """Serves a document's page; its ``changes`` are ``first``, then what `send` is given."""

    def __init__(self, first: Iterable[Op]) -> None:
        self.seq = 0
        self._first = b"".join(
            [SCHEMA_MESSAGE, *self.change([Op(OpCode.GRAPH, json=json.dumps(GRAPH)), *first])]
        )
        self._is_cut = False
        self._streams: list[queue.Queue[bytes | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self._streams:
            stream.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def change(self, ops: Iterable[Op]) -> list[bytes]:
        """The next change, as the pieces in which a server sends it."""
        self.seq += 1
        return [*encode("d", ops), commit("d", self.seq)]

    def send(self, *pieces: bytes) -> None:
        """Send bytes to every page, each piece on its own."""
        for stream in self._streams:
            for piece in pieces:
                stream.put(piece)

    def cut(self) -> None:
        """End all streams without their end marker, and give no more, as a broken line does."""
        self._is_cut = True
        for stream in self._streams:
            stream.put(None)
        self._streams.clear()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm: ClassVar[bool] = True

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/changes":
                    self._stream()
                elif path == "/":
                    resources: dict[str, list[str]] = {"components": ["bokeh"]}
                    page = document_page("/", "d", "scripted", "", None, resources, version=bokeh.__version__)
                    self._answer(page.encode(), document_headers())
                elif path == "/static/page.js":
                    self._answer(PAGE_JS.read_bytes())
                elif path.startswith("/static/bokeh/"):
                    self._answer((STATIC / "js" / path.rpartition("/")[2]).read_bytes())
                else:
                    self._answer(b"")

            def do_OPTIONS(self) -> None:
                self._answer(b"")

            def log_message(self, *_: Any) -> None:
                pass

            def _answer(self, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
                self.send_response(200)
                for name, value in (*CROSS_ORIGIN.items(), *headers, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                if server._is_cut:
                    self.close_connection = True
                    return
                self.send_response(200)
                for name, value in (
                    *CROSS_ORIGIN.items(),
                    ("X-Wait", "stream"),
                    ("Transfer-Encoding", "chunked"),
                ):
                    self.send_header(name, value)
                self.end_headers()
                stream: queue.Queue[bytes | None] = queue.Queue()
                server._streams.append(stream)
                piece: bytes | None = server._first
                while piece is not None:
                    self.connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                    piece = stream.get()
                self.close_connection = True

        return Handler
