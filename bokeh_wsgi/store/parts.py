"""Splits frames into parts with a checksum, to store them in a database."""

import zlib
from collections.abc import Iterable, Iterator

from bokeh_wsgi.exc import StoreDamaged

PART_BYTES = 8 << 20


def parts_of(
    docid: str, seq: int, frame: bytes | bytearray | memoryview
) -> Iterator[tuple[int, int | None, memoryview]]:
    """(number, checksum, bytes) of a frame's parts; the first has the checksum of the whole frame.

    An empty frame has one part.
    """
    view = memoryview(frame)
    for part, start in enumerate(range(0, max(len(view), 1), PART_BYTES)):
        yield part, None if part else _checksum(docid, seq, view), view[start : start + PART_BYTES]


def frame_of(docid: str, seq: int, rows: Iterable[tuple[int, int, int | None, bytes]]) -> bytes:
    """Join a frame from its rows, in order: (seq, number, checksum, bytes) of each part.

    Raises `StoreDamaged` if the frame is corrupt. Old frames have no checksum, so theirs is not checked.
    """
    _, numbers, checksums, parts = zip(*rows, strict=True)
    is_whole = numbers == tuple(range(len(parts))) and all(isinstance(part, bytes) for part in parts)
    frame = b"".join(parts) if is_whole else b""
    if not is_whole or checksums[0] not in (None, _checksum(docid, seq, frame)):
        raise StoreDamaged(
            f"Change {seq} of the document {docid!r} is damaged in the store: put a backup of the store in "
            "its place, or delete the document.",
            document=docid,
        )
    return frame


def _checksum(docid: str, seq: int, frame: bytes | memoryview) -> int:
    """The checksum of a frame, its docid and its seq."""
    return zlib.crc32(frame, zlib.crc32(f"{docid} {seq}".encode()))
