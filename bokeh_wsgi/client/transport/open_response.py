"""A response of the server that stays open, in pieces as they come."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import urllib3

PIECE_BYTES = 1 << 18


class Stream(Protocol):
    """Pieces of a body until it ends, or is cut; `close` from another thread ends it too."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class WholeStream:
    """A body that came at once."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        pass


class HTTPStream:
    """A response of urllib3 that was not read yet. Raises ``urllib3.exceptions.HTTPError`` when it is cut."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            # Each piece as soon as it is there, also where the server sends no chunks.
            while piece := self._response.read1(PIECE_BYTES, decode_content=False):
                yield piece
        finally:
            self._response.close()

    def close(self) -> None:
        # If it has ended already, or this urllib3 can't: the reader sees it with the next heartbeat.
        with suppress(AttributeError, OSError, ValueError, RuntimeError):
            self._response.shutdown()
