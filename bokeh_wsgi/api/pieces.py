"""Response bodies in pieces of moderate size."""

from collections.abc import Callable, Generator, Iterable, Iterator

from bokeh_wsgi.dataplane import Buffer
from bokeh_wsgi.models.reader_cache import SMALL_BYTES

PART_BYTES = 1 << 20


class Body:
    """The body of a response, in pieces. ``done`` is called once, at the end or when the response is closed.

    ``check`` is called between pieces, and may raise, since a slow reader can take any time.
    """

    def __init__(
        self, pieces: Generator[bytes, None, None], check: Callable[[], None], done: Callable[[], None]
    ) -> None:
        self._pieces = self._read(pieces, check)
        self._source = pieces
        self._done: Callable[[], None] | None = done

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._pieces.close()
        self._source.close()
        self._finish()

    def _read(
        self, pieces: Generator[bytes, None, None], check: Callable[[], None]
    ) -> Generator[bytes, None, None]:
        try:
            yield from checked(pieces, check)
        finally:
            self._finish()

    def _finish(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()


def checked(pieces: Iterable[bytes], check: Callable[[], None]) -> Generator[bytes, None, None]:
    """The pieces, with a call of ``check`` between them."""
    for number, piece in enumerate(pieces):
        if number:
            check()
        yield piece


def gathered(pieces: Iterable[Buffer]) -> Generator[bytes, None, None]:
    """Join small pieces, so that a small change is one write, and split large ones."""
    small: list[Buffer] = []
    length = 0
    for piece in pieces:
        if length + len(piece) > SMALL_BYTES and small:
            yield b"".join(small)
            small, length = [], 0
        if len(piece) <= SMALL_BYTES:
            small.append(piece)
            length += len(piece)
            continue
        for start in range(0, len(piece), PART_BYTES):
            yield bytes(piece[start : start + PART_BYTES])
    if small:
        yield b"".join(small)
