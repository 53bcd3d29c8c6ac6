"""Frames as they lie in a database: in parts, with a checksum that says whether they are as they were."""

import zlib
from collections.abc import Iterable, Iterator

from bokeh_wsgi.exc import StoreDamaged

PART_BYTES = 8 << 20


def parts_of(
    docid: str, seq: int, frame: bytes | bytearray | memoryview
) -> Iterator[tuple[int, int | None, memoryview]]:
    """(number, checksum, bytes) of the parts of a frame; the first has the checksum of all.

    An empty frame has one part too.
    """
    view = memoryview(frame)
    for part, start in enumerate(range(0, max(len(view), 1), PART_BYTES)):
        yield part, None if part else _checksum(docid, seq, view), view[start : start + PART_BYTES]


def frame_of(docid: str, seq: int, rows: Iterable[tuple[int, int, int | None, bytes]]) -> bytes:
    """The frame that lies in these rows: (seq, number, checksum, bytes) of its parts, in order.

    Raises `StoreDamaged` if it is not what was put in, as far as that can be told: there were no checksums in
    former times.
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
    """Of a frame in its place: another document's would not do."""
    return zlib.crc32(frame, zlib.crc32(f"{docid} {seq}".encode()))
