"""``wsgi.input``: the body of one request."""

from collections.abc import Callable, Iterator

Read = Callable[[int], bytes]
"""Returns the next bytes, about ``size`` of them (-1: any number); b"" at the end. Raises `BodyError`."""


class BodyError(OSError):
    """A body cannot be read to its end: it was cut, is malformed, or was too slow."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Body:
    """A file-like object over the body: it ends where the request ends, with a Content-Length or chunked."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._buffer, self._at = b"", 0
        self._has_all = False
        self.has_begun = False

    @property
    def has_ended(self) -> bool:
        """Whether the app has read the whole body."""
        return self._has_all and self._at == len(self._buffer)

    def read(self, size: int | None = -1) -> bytes:
        """Read ``size`` bytes, or the rest; fewer only at the end. Raises `BodyError`."""
        pieces, left = [], -1 if size is None else size
        while left and self._fetch(left):
            pieces.append(self._take(len(self._buffer) if left < 0 else self._at + left))
            if left > 0:
                left -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """Read up to and including the next line feed, but at most ``size`` bytes."""
        pieces: list[bytes] = []
        left = -1 if size is None else size
        while left and self._fetch(left) and not (pieces and pieces[-1].endswith(b"\n")):
            end = len(self._buffer) if left < 0 else self._at + left
            feed = self._buffer.find(b"\n", self._at, end)
            pieces.append(self._take(end if feed < 0 else feed + 1))
            if left > 0:
                left -= len(pieces[-1])
        return b"".join(pieces)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _fetch(self, most: int) -> bool:
        """Make sure that the buffer has unread bytes; False at the end."""
        if self._at == len(self._buffer) and not self._has_all:
            self.has_begun = True
            self._buffer, self._at = self._read(most), 0
            self._has_all = not self._buffer
        return self._at < len(self._buffer)

    def _take(self, end: int) -> bytes:
        piece = self._buffer[self._at : end]
        self._at = min(end, len(self._buffer))
        return piece
