"""The outside of an Arrow IPC message, as far as a reader must trust it before pyarrow does.

::

    0 ff ff ff ff | 4 metadata length i32, 0: end of stream | 8 metadata: flatbuffer, padded | body

    Message      1 header type u8 (schema 1, record batch 3), 2 header, 3 body length i64
    RecordBatch  2 buffers: vector of (offset i64, length i64), 3 compression
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

from bokeh_wsgi.exc import FrameError

PREFIX_BYTES: Final = 8
MAX_METADATA_BYTES: Final = 1 << 16
SCHEMA_TYPE, BATCH_TYPE = 1, 3


@dataclass(frozen=True, slots=True)
class Head:
    """Lengths of a message; ``size`` is all of it, 0 for the end of the stream."""

    metadata: int
    body: int
    kind: int

    @property
    def size(self) -> int:
        return PREFIX_BYTES + self.metadata + self.body if self.metadata else 0


def read_head(data: memoryview, max_message_bytes: int) -> Head | None:
    """The head of the message at the start of data; None if there are too few bytes yet."""
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
    message = _Table.root(data[PREFIX_BYTES : PREFIX_BYTES + metadata])
    kind, body = message.scalar(1, "<B"), message.scalar(3, "<q")
    if not 0 <= body <= max_message_bytes or body % 8:
        raise FrameError(f"a message has a body of {body} bytes; at most {max_message_bytes} are taken")
    if kind == BATCH_TYPE:
        _check_batch(message)
    elif kind != SCHEMA_TYPE or body:
        raise FrameError(f"a message has the type {kind}")
    return Head(metadata, body, kind)


def _check_batch(message: "_Table") -> None:
    batch = message.table(2)
    if batch.position(3):
        raise FrameError("a batch has a compressed body: only its chunks may be compressed")
    if any(offset % 8 for offset, _ in batch.vector(2, "<qq")):
        raise FrameError("a batch has a buffer that is not aligned to 8 bytes")


class _Table:
    """A flatbuffer table; every position is checked against the buffer."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at
        self.vtable = at - _unpack(data, at, "<i")
        self.size = _unpack(data, self.vtable, "<H")

    @classmethod
    def root(cls, data: memoryview) -> "_Table":
        return cls(data, _unpack(data, 0, "<I"))

    def position(self, field: int) -> int:
        """Where a field is, 0 if it has its default."""
        slot = 4 + 2 * field
        offset = _unpack(self.data, self.vtable + slot, "<H") if slot + 2 <= self.size else 0
        return self.at + offset if offset else 0

    def scalar(self, field: int, kind: str) -> int:
        at = self.position(field)
        return _unpack(self.data, at, kind) if at else 0

    def table(self, field: int) -> "_Table":
        at = self.position(field)
        if not at:
            raise FrameError("a message has no header")
        return _Table(self.data, at + _unpack(self.data, at, "<I"))

    def vector(self, field: int, kind: str) -> list[tuple[Any, ...]]:
        at = self.position(field)
        if not at:
            return []
        at += _unpack(self.data, at, "<I")
        count = _unpack(self.data, at, "<I")
        stop = at + 4 + count * struct.calcsize(kind)
        if stop > len(self.data):
            raise FrameError("a message has a broken header")
        return list(struct.iter_unpack(kind, self.data[at + 4 : stop]))


def _unpack(data: memoryview, at: int, kind: str) -> int:
    if not 0 <= at <= len(data) - struct.calcsize(kind):
        raise FrameError("a message has a broken header")
    value: int = struct.unpack_from(kind, data, at)[0]
    return value
