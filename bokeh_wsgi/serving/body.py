"""The body of one request, as a WSGI app reads it."""

from collections.abc import Callable, Iterator

Read = Callable[[int], bytes]
"""Some of the bytes that come next, about so many (-1: any number); b"" at the end. Raises `BodyError`."""


class BodyError(OSError):
    """The rest of a body will not come: it was cut, is malformed, or was too slow."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Body:
    """``wsgi.input``: ends with the request, however its length was said."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._held, self._at = b"", 0
        self._has_all = False
        self.has_begun = False

    @property
    def has_ended(self) -> bool:
        """Whether all of it was read."""
        return self._has_all and self._at == len(self._held)

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, or all that are left; fewer only at the end. Raises `BodyError`."""
        pieces, left = [], -1 if size is None else size
        while left and self._fetch(left):
            pieces.append(self._give(len(self._held) if left < 0 else self._at + left))
            if left > 0:
                left -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """Up to and with the next line feed, and no more bytes than that."""
        pieces: list[bytes] = []
        left = -1 if size is None else size
        while left and self._fetch(left) and not (pieces and pieces[-1].endswith(b"\n")):
            end = len(self._held) if left < 0 else self._at + left
            feed = self._held.find(b"\n", self._at, end)
            pieces.append(self._give(end if feed < 0 else feed + 1))
            if left > 0:
                left -= len(pieces[-1])
        return b"".join(pieces)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _fetch(self, most: int) -> bool:
        """Hold something that was not given yet; False at the end."""
        if self._at == len(self._held) and not self._has_all:
            self.has_begun = True
            self._held, self._at = self._read(most), 0
            self._has_all = not self._held
        return self._at < len(self._held)

    def _give(self, end: int) -> bytes:
        piece = self._held[self._at : end]
        self._at = min(end, len(self._held))
        return piece
