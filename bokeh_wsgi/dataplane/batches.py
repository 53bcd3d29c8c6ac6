"""Writes and reads Arrow record batch messages of our schema.

For a few rows, pyarrow takes longer to build a batch, and to convert it to Python values, than everything
else. But the metadata of batches of one schema differs only in its numbers: so pyarrow writes one template,
and the others are copies of it with other numbers. The body contains, field by field, the buffers of each
node: validity (empty if nothing is null), offsets, values; each padded to 8 bytes.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bokeh_wsgi.exc import FrameError

from .chunks import Chunk
from .flatbuffers import Table
from .messages import PREFIX_BYTES, Head
from .schema import SCHEMA

PADDING: Final = [b"", *(bytes(8 - size) for size in range(1, 8))]


@dataclass(slots=True)
class Row:
    """One op on the wire, with the fields of the schema; chunks are bytes or views."""

    seq: int | None
    doc: str
    op: int
    model: str | None
    column: str | None
    base: int
    start: int
    count: int
    drop: int
    dtype: str | None
    shape: Sequence[int]
    json: str | None
    buffers: Sequence[Chunk]


_VALUES: Final = attrgetter(*Row.__slots__)


@dataclass(frozen=True, slots=True)
class _Field:
    """Where a field is in a message: its first node and buffer, and the kind of values."""

    name: str
    nullable: bool
    kind: str
    node: int
    buffer: int


def _fields() -> Iterator[_Field]:
    kinds = {pa.int64(): "q", pa.uint8(): "B", pa.utf8(): "text"}
    node = buffer = 0
    for field in SCHEMA:
        if not pa.types.is_list(field.type):
            kind = kinds[field.type]
        else:
            kind = "chunks" if pa.types.is_large_binary(field.type.value_type) else "numbers"
        yield _Field(field.name, field.nullable, kind, node, buffer)
        node += 2 if kind in ("chunks", "numbers") else 1
        buffer += {"text": 3, "numbers": 4, "chunks": 5}.get(kind, 2)


FIELDS: Final = list(_fields())


class _Body:
    """The body of a message being written: its pieces, and their numbers for the metadata."""

    def __init__(self) -> None:
        self.pieces: list[Any] = []
        self.nodes: list[int] = []
        self.buffers: list[int] = []
        self.size = 0

    def add(self, piece: Any, size: int) -> None:
        """Add a buffer."""
        self.buffers += (self.size, size)
        self.pieces.append(piece)
        self.size += size
        if size & 7:
            self.pieces.append(PADDING[size & 7])
            self.size += -size & 7

    def add_node(self, length: int, bitmap: bytes = b"", nulls: int = 0) -> None:
        self.nodes += (length, nulls)
        if nulls:
            self.add(bitmap, len(bitmap))
        else:
            self.buffers += (self.size, 0)

    def add_field(self, field: _Field, values: Sequence[Any]) -> None:
        kind, rows = field.kind, len(values)
        if field.nullable and None in values:
            self.add_node(rows, _bitmap(values), values.count(None))
            values = [value or EMPTY[kind] for value in values]
        else:
            self.add_node(rows)
        if kind == "text":
            texts = [value.encode() for value in values]
            self._add_ends(texts, "i")
            text = b"".join(texts)
            self.add(text, len(text))
        elif kind == "numbers":
            self._add_list(values)
        elif kind == "chunks":
            self._add_chunks(values)
        else:
            data = struct.pack(f"<{rows}{kind}", *values)
            self.add(data, len(data))

    def _add_list(self, values: Sequence[Sequence[int]]) -> None:
        items = list(chain.from_iterable(values))
        self._add_ends(values, "i")
        self.add_node(len(items))
        self.add(struct.pack(f"<{len(items)}i", *items), 4 * len(items))

    def _add_chunks(self, values: Sequence[Sequence[Chunk]]) -> None:
        chunks = list(chain.from_iterable(values))
        self._add_ends(values, "i")
        self.add_node(len(chunks))
        size = self._add_ends(chunks, "q")
        self.pieces += chunks[:-1]
        self.add(chunks[-1] if chunks else b"", size)

    def _add_ends(self, values: Sequence[Any], code: str) -> int:
        ends = list(accumulate(map(len, values), initial=0))
        data = struct.pack(f"<{len(ends)}{code}", *ends)
        self.add(data, len(data))
        return ends[-1]


EMPTY: Final = {"q": 0, "text": ""}


def _bitmap(values: Sequence[Any]) -> bytes:
    """The validity bitmap: a bit per value, 0 for None."""
    if not any(value is not None for value in values):
        return bytes(-(-len(values) // 8))
    return np.packbits([value is not None for value in values], bitorder="little").tobytes()


class _Template:
    """A batch message written by pyarrow, without its body, and the positions of its numbers."""

    def __init__(self) -> None:
        arrays = [pa.nulls(1, field.type) for field in SCHEMA]
        message = memoryview(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA).serialize())
        (size,) = struct.unpack_from("<i", message, 4)
        self.head = bytes(message[: PREFIX_BYTES + size])
        table = Table.root(message[PREFIX_BYTES : PREFIX_BYTES + size])
        batch = table.table(2)
        places = table.position(3), batch.position(0), batch.pairs(1)[0], batch.pairs(2)[0]
        self.body, self.rows, self.nodes, self.buffers = (PREFIX_BYTES + place for place in places)

    def filled(self, rows: int, body: _Body) -> bytes:
        head = bytearray(self.head)
        struct.pack_into("<q", head, self.body, body.size)
        struct.pack_into("<q", head, self.rows, rows)
        struct.pack_into(f"<{len(body.nodes)}q", head, self.nodes, *body.nodes)
        struct.pack_into(f"<{len(body.buffers)}q", head, self.buffers, *body.buffers)
        return bytes(head)


_TEMPLATE: Final = _Template()


def write_batch(rows: Sequence[Row]) -> bytes:
    """A record batch message of at least one row."""
    return b"".join(batch_pieces(rows))


def batch_pieces(rows: Sequence[Row]) -> list[Chunk]:
    """The consecutive parts of a message; chunks are not copied."""
    body = _Body()
    for field, values in zip(FIELDS, zip(*map(_VALUES, rows), strict=True), strict=True):
        body.add_field(field, values)
    return [_TEMPLATE.filled(len(rows), body), *body.pieces]


def with_seq(message: bytes, seq: int) -> bytes:
    """A message of one row, with another ``seq``: that is the first value of its body."""
    at = len(_TEMPLATE.head)
    return b"".join([message[:at], struct.pack("<q", seq), message[at + 8 :]])


def read_batch(message: memoryview, head: Head, expect: Callable[[int], None]) -> list[Row]:
    """The rows of a message; their chunks are views of it. FrameError if it is broken.

    ``expect`` is called with the number of rows before memory is allocated for them, and may raise.
    """
    try:
        batch = pa.ipc.read_record_batch(pa.ipc.read_message(pa.py_buffer(message)), SCHEMA)
        expect(batch.num_rows)
        batch.validate(full=True)
        body = _ReadBody(message[PREFIX_BYTES + head.metadata :], head, batch.num_rows)
        return [Row(*values) for values in zip(*map(body.values, FIELDS), strict=True)]
    except FrameError:
        raise
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as e:
        raise FrameError(f"a batch is broken: {e}") from e


class _ReadBody:
    """The body of a batch that pyarrow has validated."""

    def __init__(self, body: memoryview, head: Head, rows: int) -> None:
        self.body, self.rows = body, rows
        self.nodes, self.buffers = head.nodes, head.buffers

    def values(self, field: _Field) -> Sequence[Any]:
        """The values of a field in all rows; FrameError for a null in a field that may have none."""
        kind, at, rows = field.kind, field.buffer, self.rows
        if self.nodes[2 * field.node] != rows:
            raise FrameError(
                f"a batch is broken: {field.name} has {self.nodes[2 * field.node]} rows of {rows}"
            )
        valid = self._valid(field.name, field.node, at, field.nullable)
        if not rows:
            return ()
        values: Sequence[Any]
        if kind == "text":
            texts = self._buffer(at + 2)
            values = [str(texts[lo:hi], "utf-8") for lo, hi in pairwise(self._numbers(at + 1, rows + 1, "i"))]
        elif kind == "numbers" or kind == "chunks":
            items = self._items(field)
            values = [items[lo:hi] for lo, hi in pairwise(self._numbers(at + 1, rows + 1, "i"))]
        else:
            values = self._numbers(at + 1, rows, kind)
        if valid is None:
            return values
        return [value if bit else None for value, bit in zip(values, valid, strict=True)]

    def _items(self, field: _Field) -> Sequence[Any]:
        """The items of all rows' lists, concatenated."""
        node, at = field.node + 1, field.buffer + 2
        count = self.nodes[2 * node]
        self._valid(field.name, node, at, nullable=False)
        if field.kind == "numbers":
            return self._numbers(at + 1, count, "i")
        chunks = self._buffer(at + 2)
        return [chunks[lo:hi] for lo, hi in pairwise(self._numbers(at + 1, count + 1, "q") if count else ())]

    def _valid(self, name: str, node: int, buffer: int, nullable: bool) -> list[int] | None:
        """A bit per value, 0 for null; None if there are no nulls."""
        count, nulls = self.nodes[2 * node : 2 * node + 2]
        if not nulls:
            return None
        bitmap = np.frombuffer(self._buffer(buffer), dtype=np.uint8)
        bits: list[int] = np.unpackbits(bitmap, count=count, bitorder="little").tolist()
        if not nullable and not all(bits):
            raise FrameError(f"{name} is null")
        return bits

    def _numbers(self, buffer: int, count: int, code: str) -> tuple[int, ...]:
        return struct.unpack_from(f"<{count}{code}", self.body, self.buffers[2 * buffer])

    def _buffer(self, buffer: int) -> memoryview:
        at, size = self.buffers[2 * buffer : 2 * buffer + 2]
        return self.body[at : at + size]
