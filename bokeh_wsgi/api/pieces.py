"""The pieces of a body as they go out: neither many small ones, nor any that is large."""

from collections.abc import Iterable, Iterator

from bokeh_wsgi.dataplane import Buffer
from bokeh_wsgi.models.reader_cache import SMALL_BYTES

PART_BYTES = 1 << 20


def gathered(pieces: Iterable[Buffer]) -> Iterator[bytes]:
    """Small pieces together, so that a small change is one write; large ones in parts."""
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
