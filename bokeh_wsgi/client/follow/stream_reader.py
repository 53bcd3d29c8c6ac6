"""`StreamReader`: reads a document's stream of changes in a thread, and reconnects."""

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import quote

import urllib3

from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.client.transport.answer import has_fields
from bokeh_wsgi.client.transport.open_response import Stream
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import Change, Reader
from bokeh_wsgi.exc import FrameError, ServerRefused, ServerUnreachable, SessionError

log = logging.getLogger("bokeh_wsgi")

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
POLL_S: Final = 0.5
"""The interval of requests while the server has no thread for a stream."""
VIEWERS_S: Final = 1.0
QUEUE_BYTES: Final = 64 << 20
"""While more than this is queued, nothing is read; the server merges what comes meanwhile."""
FOR_GOOD: Final = frozenset({401, 403, 404})
"""Status codes for which there is no retry, if the answer is the server's (JSON)."""

REASONS: Final = {
    "deleted": "the document was deleted",
    "not-found": "there is no such document: it was deleted, or its id is wrong",
    "unshared": "the document is not shared with this user any more",
    "unpublished": "the document is not published any more",
    "withdrawn": "the token of this session was withdrawn",
    "signed-out": "the key of this session has ended",
    "disabled": "the account of this session is disabled",
}


class Arrived(NamedTuple):
    """A change from the stream, and the ``seq`` that the reader had before it."""

    after: int
    change: Change


class StreamReader:
    """Queues the changes of a document after ``seq``, and calls ``wake`` for each.

    While the server is away it tries again, at growing intervals. ``error``: why it has given up.
    """

    def __init__(
        self,
        transport: Transport,
        docid: str,
        seq: int,
        wake: Callable[[], None],
        *,
        wants_viewers: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._docid = docid
        self._seq = seq
        self._wake = wake
        self._wants_viewers = wants_viewers
        self._viewers = (-math.inf, -1)
        self._changed = threading.Condition()
        self._queue: deque[tuple[Arrived, int]] = deque()
        self._queued_bytes = 0
        self._stream: Stream | None = None
        self._stopped = False
        self.error: SessionError | None = None
        self.is_connected = False
        self._thread = threading.Thread(target=self._run, name="bokeh-wsgi-follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            stream = self._stream
        if stream is not None:
            stream.close()
        if self._transport.polls and self._thread is not threading.current_thread():
            self._thread.join(2 * POLL_S)

    @property
    def has_news(self) -> bool:
        return bool(self._queue) or self.error is not None

    def take(self) -> list[Arrived]:
        """Remove and return all queued changes."""
        with self._changed:
            taken = [arrived for arrived, _ in self._queue]
            self._queue.clear()
            self._queued_bytes = 0
            self._changed.notify_all()
        return taken

    def _run(self) -> None:
        try:
            self._follow()
        except BaseException as error:  # noqa: BLE001  (a script must not wait for ever)
            reason = SessionError(
                f"the document cannot be followed any more: {type(error).__name__}: {error}"
            )
            reason.__cause__ = error
            self._give_up(reason)

    def _follow(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopped:
            begun, seq, longest_s = time.monotonic(), self._seq, LONGEST_WAIT_S
            try:
                if self._read():
                    longest_s = POLL_S
                if self._transport.polls and self._wants_viewers():
                    self._ask_viewers()
            except (ServerUnreachable, urllib3.exceptions.HTTPError, FrameError, OSError) as error:
                self._log_cut(error)
            except SessionError as error:
                if not isinstance(error, ServerRefused) or (error.status in FOR_GOOD and error.body):
                    self._give_up(error)
                    return
                self._log_cut(error)
            if self._seq != seq or time.monotonic() - begun > POLL_S / 4:
                wait_s = FIRST_WAIT_S
                if longest_s == POLL_S:
                    continue
            self._pause(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, longest_s)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def _log_cut(self, error: Exception) -> None:
        self.is_connected = False
        if not self._stopped:
            log.debug("the stream of %s was cut, and will be read on: %s", self._docid, error)

    def _give_up(self, error: SessionError) -> None:
        self.error = error
        self._wake()

    def _read(self) -> bool:
        """Read one answer; returns whether it was complete, not cut."""
        path = f"changes?doc={quote(self._docid, safe='')}:{self._seq}"
        if not self._transport.polls:
            # When polling, the number of viewers would make each request return at once.
            path += "&viewers=1"
        stream = self._transport.open_stream(path)
        with self._changed:
            self._stream = stream
            if self._stopped:
                stream.close()
        reader = Reader(limits=None)
        for piece in stream:
            if self._stopped:
                return True
            self.is_connected = True
            for change in reader.feed(piece):
                self._take(change)
        return reader.ended

    def _ask_viewers(self) -> None:
        asked_at, known = self._viewers
        now = time.monotonic()
        if now - asked_at < VIEWERS_S:
            return
        path = f"doc/{quote(self._docid, safe='')}/viewers"
        try:
            number = self._transport.request("GET", path, is_whole=has_fields("viewers")).json()["viewers"]
        except ServerRefused:
            # The user may not write.
            self._viewers = math.inf, known
            return
        self._viewers = now, number
        if number != known:
            self._take(Change(self._docid, self._seq, [], {"viewers": number}))

    def _take(self, change: Change) -> None:
        end = change.meta.get("end")
        if end is not None:
            unknown = f"the document cannot be followed any more: {printable(end)}"
            raise SessionError(REASONS.get(str(end), unknown))
        size = sum(len(op.json) + (0 if op.values is None else op.values.nbytes) for op in change.ops)
        with self._changed:
            self._queue.append((Arrived(self._seq, change), size))
            self._queued_bytes += size
            self._seq = change.seq
        self._wake()
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._queued_bytes < QUEUE_BYTES)
