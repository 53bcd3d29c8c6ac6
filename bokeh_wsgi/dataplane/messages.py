"""The header of an Arrow IPC message, as far as it must be checked before pyarrow reads it.

::

    0 ff ff ff ff | 4 metadata length i32, 0: end of stream | 8 metadata: flatbuffer, padded | body

    Message      1 header type u8 (schema 1, record batch 3), 2 header, 3 body length i64
    RecordBatch  0 length i64, 1 nodes: vector of (length i64, nulls i64),
                 2 buffers: vector of (offset i64, length i64), 3 compression
"""

import struct
from dataclasses import dataclass
from typing import Final

from bokeh_wsgi.exc import FrameError

from .flatbuffers import Table, unpack_pairs

PREFIX_BYTES: Final = 8
MAX_METADATA_BYTES: Final = 1 << 16
SCHEMA_TYPE, BATCH_TYPE = 1, 3


@dataclass(frozen=True, slots=True)
class Head:
    """The lengths in a message's header; ``size`` is the whole message, 0 for the end of the stream.

    For a batch also ``nodes`` and ``buffers``: pairs of numbers as in the message, flat.
    """

    metadata: int
    body: int
    kind: int
    nodes: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return PREFIX_BYTES + self.metadata + self.body if self.metadata else 0


def read_head(data: memoryview, max_message_bytes: int) -> Head | None:
    """The header of the message at the start of ``data``; None if it is not complete yet."""
    if data.nbytes < PREFIX_BYTES:
        return None
    marker, metadata = struct.unpack_from("<Ii", data)
    if marker != 0xFFFFFFFF:
        raise FrameError("not an Arrow stream: a message does not start with its marker")
    if metadata == 0:
        return Head(0, 0, 0)
    if not 0 < metadata <= MAX_METADATA_BYTES or metadata % 8:
        raise FrameError(f"a message has {metadata} bytes of metadata")
    if data.nbytes < PREFIX_BYTES + metadata:
        return None
    message = Table.root(data[PREFIX_BYTES : PREFIX_BYTES + metadata])
    kind, body = message.scalar(1, "<B"), message.scalar(3, "<q")
    if not 0 <= body <= max_message_bytes or body % 8:
        raise FrameError(f"a message has a body of {body} bytes; at most {max_message_bytes} are taken")
    if kind == BATCH_TYPE:
        return Head(metadata, body, kind, *_numbers(message.table(2)))
    if kind != SCHEMA_TYPE or body:
        raise FrameError(f"a message has the type {kind}")
    return Head(metadata, body, kind)


def _numbers(batch: Table) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if batch.position(3):
        raise FrameError("a batch has a compressed body: only its chunks may be compressed")
    nodes, buffers = (unpack_pairs(batch.data, *batch.pairs(field)) for field in (1, 2))
    if any(offset % 8 for offset in buffers[::2]):
        raise FrameError("a batch has a buffer that is not aligned to 8 bytes")
    return nodes, buffers
