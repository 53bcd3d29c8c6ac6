"""Who looks at a document over HTTP as a page does, and who stores to it as a script does."""

import http.client
import threading
import time
from contextlib import suppress

import numpy as np

from bokeh_wsgi.dataplane import Limits, Op, OpCode, Reader, encode_upload
from tests.api.conftest import GRAPH, replaces
from tests.waiting import pause

TIMEOUT_S = 20.0
PAUSE_S = 0.1
"""Between the polls of a page, and before it comes back after a cut."""


class Script:
    """Stores to a document at a server; ``base`` is the path of its mount."""

    def __init__(self, port: int, base: str = "/") -> None:
        self.port = port
        self.base = base
        self.seq = 0
        self.docid = ""

    def make(self) -> str:
        status, body = self.ask("POST", "doc", b'{"title": "t"}', "application/json")
        assert status in (200, 201), body
        self.docid = body.decode().split('"docid":"')[1].split('"')[0]
        self.store(first=True)
        return self.docid

    def store(self, *, first: bool = False) -> float:
        """One change; how many seconds it took, with all tries."""
        begun = time.monotonic()
        ops = replaces(y=np.arange(5.0) + self.seq)
        if first:
            ops = [Op(OpCode.GRAPH, json=GRAPH), *ops]
        status, body = self.try_to_ask(
            "POST", f"doc/{self.docid}/changes", b"".join(encode_upload(self.docid, ops))
        )
        assert status == 200, body
        self.seq += 1
        return time.monotonic() - begun

    def try_to_ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """As scripts do: again while nobody answers, for as long as a minute."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.ask(method, path, body)
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise
                pause(PAUSE_S, "as scripts do before they try again")

    def ask(self, method: str, path: str, body: bytes = b"", media: str = "") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(
                method, self.base + path, body or None, {"Content-Type": media} if media else {}
            )
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class Viewer:
    """Follows a document in a thread of its own: by streams, or by asking again where it is to poll."""

    def __init__(self, port: int, docid: str, base: str = "/") -> None:
        self.seq = 0
        self.wait = ""
        # Streams that had begun and ended as they should, and such that were cut.
        self.ends = self.cuts = 0
        self.ended_at = 0.0
        self._address = port, docid, base
        self._stopped = False
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_streaming(self) -> bool:
        return self.wait == "stream"

    def _run(self) -> None:
        while not self._stopped:
            with suppress(OSError, http.client.HTTPException, ValueError):
                self._read()
            self.wait = ""
            pause(PAUSE_S, "as pages do between polls")

    def _read(self) -> None:
        port, docid, base = self._address
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        try:
            self._connection.request("GET", f"{base}changes?doc={docid}:{self.seq}&wait=stream")
            response = self._connection.getresponse()
            reader = Reader(limits=Limits())
            self.wait = response.headers["X-Wait"]
            try:
                while piece := response.read1(1 << 16):
                    for change in reader.feed(piece):
                        self.seq = max(self.seq, change.seq)
            finally:
                if self.is_streaming:
                    self.ended_at = time.monotonic()
                    self.ends += reader.ended
                    self.cuts += not reader.ended
        finally:
            self._connection.close()

    def stop(self) -> None:
        self._stopped = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(2)
