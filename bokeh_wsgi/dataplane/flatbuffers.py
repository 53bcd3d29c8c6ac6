"""Reads flatbuffer tables from untrusted bytes: FrameError for a position outside of the buffer."""

import struct
from typing import Any

from bokeh_wsgi.exc import FrameError


class Table:
    """A table of a flatbuffer; fields have the numbers of Arrow's Message.fbs."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at
        self.vtable = at - unpack(data, at, "<i")
        self.size = unpack(data, self.vtable, "<H")

    @classmethod
    def root(cls, data: memoryview) -> "Table":
        return cls(data, unpack(data, 0, "<I"))

    def position(self, field: int) -> int:
        """The position of a field; 0 if it has its default."""
        slot = 4 + 2 * field
        offset = unpack(self.data, self.vtable + slot, "<H") if slot + 2 <= self.size else 0
        return self.at + offset if offset else 0

    def scalar(self, field: int, kind: str) -> int:
        at = self.position(field)
        return unpack(self.data, at, kind) if at else 0

    def table(self, field: int) -> "Table":
        at = self.position(field)
        if not at:
            raise FrameError("a message has no header")
        return Table(self.data, at + unpack(self.data, at, "<I"))

    def pairs(self, field: int) -> tuple[int, int]:
        """Position and number of the structs of two int64 in a vector; FrameError if it exceeds the data."""
        at = self.position(field)
        if not at:
            return 0, 0
        at += unpack(self.data, at, "<I")
        count = unpack(self.data, at, "<I")
        if at + 4 + count * 16 > len(self.data):
            raise FrameError("a message has a broken header")
        return at + 4, count


def unpack(data: memoryview, at: int, kind: str) -> int:
    if at < 0:
        raise FrameError("a message has a broken header")
    try:
        value: int = struct.unpack_from(kind, data, at)[0]
    except struct.error as e:
        raise FrameError("a message has a broken header") from e
    return value


def unpack_pairs(data: memoryview, at: int, count: int) -> tuple[Any, ...]:
    """The numbers of ``count`` pairs, flat."""
    return struct.unpack_from(f"<{2 * count}q", data, at)
