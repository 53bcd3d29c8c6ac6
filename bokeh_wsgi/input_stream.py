"""A wrapper of ``wsgi.input`` that turns read errors into `BadRequest`."""

from collections.abc import Iterator
from typing import Any

from werkzeug.exceptions import HTTPException

from bokeh_wsgi.exc import BadRequest


class InputStream:
    """``wsgi.input`` of any WSGI server, whose errors differ: here each is a `BadRequest`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._checked(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._checked(self._stream.readline, size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _checked(self, read: Any, size: int) -> bytes:
        try:
            data: bytes = read(size) if size >= 0 else read()
        except HTTPException:
            # Raised by a surrounding framework, for its own limits.
            raise
        except Exception as error:
            raise BadRequest(
                f"The body of the request was cut or is malformed: {error}. Send it again."
            ) from error
        return data
