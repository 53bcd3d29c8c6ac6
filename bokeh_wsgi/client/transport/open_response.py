"""`Stream`: a response that stays open, read in pieces as they arrive."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import urllib3

PIECE_BYTES = 1 << 18


class Stream(Protocol):
    """The pieces of a body until it ends or is cut. `close` may be called by another thread, and ends it."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class WholeStream:
    """A body that was read at once."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        pass


class HTTPStream:
    """An unread response of urllib3. Raises ``urllib3.exceptions.HTTPError`` if it is cut."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            # read1 returns each piece as it arrives, even if the server does not send HTTP chunks.
            while piece := self._response.read1(PIECE_BYTES, decode_content=False):
                yield piece
        finally:
            self._response.close()

    def close(self) -> None:
        # May have ended already; if this urllib3 has no shutdown(), the reader ends at the next heartbeat.
        with suppress(AttributeError, OSError, ValueError, RuntimeError):
            self._response.shutdown()
