"""Reads a document's stream of changes in a thread of its own, for as long as it takes."""

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

from bokeh_wsgi.client.transport.answer import has_fields
from bokeh_wsgi.client.transport.open_response import Stream
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import Change, Reader
from bokeh_wsgi.exc import FrameError, ServerRefused, ServerUnreachable, SessionError

log = logging.getLogger("bokeh_wsgi")

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
POLL_S: Final = 0.5
"""Where the server has no thread to spare for a stream, it is asked so often."""
VIEWERS_S: Final = 1.0
QUEUE_BYTES: Final = 64 << 20
"""While more than this is queued nothing more is read, and the server puts together what comes then."""
FOR_GOOD: Final = frozenset({401, 403, 404})
"""Replies that will not become better, if they are the server's: in JSON."""

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
    """A change as the stream brought it, to a reader who had ``after``."""

    after: int
    change: Change


class StreamReader:
    """Queues the changes of a document after ``seq``; ``wake`` is called when there is something to see.

    While the server is away it tries again, less and less often. ``error``: why it gave up.
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
        """All that is queued."""
        with self._changed:
            taken = [arrived for arrived, _ in self._queue]
            self._queue.clear()
            self._queued_bytes = 0
            self._changed.notify_all()
        return taken

    def _run(self) -> None:
        try:
            self._follow()
        except BaseException as error:  # noqa: BLE001  (a script that hears nothing must not look alive)
            found = SessionError(f"the document cannot be followed any more: {type(error).__name__}: {error}")
            found.__cause__ = error
            self._give_up(found)

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
                self._say(error)
            except SessionError as error:
                if not isinstance(error, ServerRefused) or (error.status in FOR_GOOD and error.body):
                    self._give_up(error)
                    return
                self._say(error)
            if self._seq != seq or time.monotonic() - begun > POLL_S / 4:
                wait_s = FIRST_WAIT_S
                if longest_s == POLL_S:
                    continue
            self._pause(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, longest_s)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def _say(self, error: Exception) -> None:
        self.is_connected = False
        if not self._stopped:
            log.debug("the stream of %s was cut, and will be read on: %s", self._docid, error)

    def _give_up(self, error: SessionError) -> None:
        self.error = error
        self._wake()

    def _read(self) -> bool:
        """One answer; whether it came to its end, rather than being cut."""
        path = f"changes?doc={quote(self._docid, safe='')}:{self._seq}"
        if not self._transport.polls:
            # Otherwise each answer would begin with it, and so come at once.
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
            # Only those who may write are told.
            self._viewers = math.inf, known
            return
        self._viewers = now, number
        if number != known:
            self._take(Change(self._docid, self._seq, [], {"viewers": number}))

    def _take(self, change: Change) -> None:
        end = change.meta.get("end")
        if end is not None:
            raise SessionError(REASONS.get(end, f"the document cannot be followed any more: {end}"))
        size = sum(len(op.json) + (0 if op.values is None else op.values.nbytes) for op in change.ops)
        with self._changed:
            self._queue.append((Arrived(self._seq, change), size))
            self._queued_bytes += size
            self._seq = change.seq
        self._wake()
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._queued_bytes < QUEUE_BYTES)
