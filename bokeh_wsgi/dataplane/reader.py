"""Reads changes from bytes, without I/O: `Reader` for streams, `read_upload` for uploads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import pyarrow as pa

from bokeh_wsgi.exc import FrameError

from .batches import Row, read_batch
from .codec import unpacked_bytes
from .limits import Limits
from .messages import BATCH_TYPE, PREFIX_BYTES, SCHEMA_TYPE, Head, read_head
from .ops import Op, OpCode
from .placement import RowPlacement
from .rows import MODEL_OPS, Budget, op_of, strict_json
from .schema import SCHEMA, SCHEMA_MESSAGE

Buffer: TypeAlias = bytes | bytearray | memoryview
COPIED_BYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class Change:
    """One complete change of a document: its ops, its ``seq``, and the server's ``meta`` (token, end)."""

    doc: str
    seq: int
    ops: list[Op]
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """The rows of an upload, not decompressed yet.

    ``frame``: the bytes of its batches, to be stored and forwarded unchanged; if large, a view of the
    received buffer, which nobody may change. ``unpacked``: about how many bytes the values will have.
    """

    rows: list[Row]
    frame: Buffer
    unpacked: int
    budget: Budget

    def ops(self) -> list[Op]:
        """The checked ops; FrameError if one is invalid, or if they do not fit together."""
        memory = RowPlacement(self.rows, self.budget.limits.max_unpacked)
        ops = [op_of(row, self.budget, memory.place(row)) for row in self.rows]
        if any(op.code is OpCode.COMMIT for op in ops):
            raise FrameError("a batch holds other than changes of its document: a COMMIT")
        check_change(ops)
        return ops


def decode_upload(data: Buffer, docid: str, limits: Limits | None = None) -> tuple[list[Op], Buffer]:
    """The ops of an upload, and its frame; FrameError if it is invalid."""
    upload = read_upload(data, docid, limits)
    return upload.ops(), upload.frame


def read_upload(data: Buffer, docid: str, limits: Limits | None = None) -> Upload:
    """The rows of an upload; FrameError for anything but a complete stream of this document's rows."""
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise FrameError(f"the upload has {len(data)} bytes; at most {limits.max_bytes} are taken")
    view, budget = memoryview(data), Budget(limits)
    first = at = _schema_size(view, limits)
    rows: list[Row] = []
    while True:
        head = read_head(view[at:], limits.max_message_bytes)
        if head is None or at + head.size > len(data):
            raise FrameError("the upload was cut")
        if not head.size:
            break
        batch = _rows(view[at : at + head.size], head, budget)
        if not batch or any(row.doc != docid for row in batch):
            raise FrameError(f"a batch holds other than changes of document {docid}")
        rows += batch
        at += head.size
    if at + 8 != len(data):
        raise FrameError("there are bytes after the end of the stream")
    frame = view[first:at]
    unpacked = sum(unpacked_bytes(chunk) for row in rows for chunk in row.buffers)
    if unpacked > limits.max_unpacked:
        raise FrameError(f"a change unpacks to more than {limits.max_unpacked} bytes")
    return Upload(rows, bytes(frame) if len(frame) <= COPIED_BYTES else frame.toreadonly(), unpacked, budget)


def read_model_ops(data: Buffer, limits: Limits) -> Iterator[tuple[int, list[Op]]]:
    """The ``seq`` and the model ops of each change in checked batches; without decompressing values."""
    view, budget = memoryview(data), Budget(limits)
    ops: list[Op] = []
    while (head := read_head(view, limits.max_message_bytes)) is not None and head.size:
        for row in _rows(view[: head.size], head, budget):
            if row.seq is not None:
                yield row.seq, ops
                ops = []
            elif row.op in MODEL_OPS:
                ops.append(op_of(row, budget))
        view = view[head.size :]


def _schema_size(view: memoryview, limits: Limits) -> int:
    if view[: len(SCHEMA_MESSAGE)] == SCHEMA_MESSAGE:
        return len(SCHEMA_MESSAGE)
    head = read_head(view, limits.max_message_bytes)
    if head is None or len(view) < head.size:
        raise FrameError("the upload was cut")
    check_schema(view[: head.size], head)
    return head.size


def check_schema(message: memoryview, head: Head) -> None:
    """Raise FrameError unless the message is the schema of this format."""
    if head.kind != SCHEMA_TYPE:
        raise FrameError("the stream does not start with a schema")
    try:
        same = message == SCHEMA_MESSAGE or pa.ipc.read_schema(pa.py_buffer(message)).equals(SCHEMA)
    except (pa.ArrowException, OSError, ValueError) as e:
        raise FrameError(f"the schema is broken: {e}") from e
    if not same:
        raise FrameError("the stream has another schema than this format")


def _rows(message: memoryview, head: Head, budget: Budget) -> list[Row]:
    if head.kind != BATCH_TYPE:
        raise FrameError("a second schema within the stream")
    return read_batch(message, head, budget.take_ops)


def check_change(ops: list[Op]) -> None:
    """Raise FrameError unless ops fit together: GRAPH first, one base per column, no parts of new columns."""
    if not ops:
        raise FrameError("a change without ops")
    bases: dict[tuple[str, str], int] = {}
    known: set[tuple[str, str]] = set()
    for number, op in enumerate(ops):
        if op.code is OpCode.GRAPH and number:
            raise FrameError("GRAPH is not the first op of its change")
        if not op.column and op.code in (OpCode.GRAPH, OpCode.PATCH, OpCode.EVENT):
            continue
        if bases.setdefault(op.key, op.base) != op.base:
            raise FrameError(f"{op.model}.{op.column} has two bases in one change")
        if op.code in (OpCode.REPLACE, OpCode.RAMP):
            known.add(op.key)
        elif op.code is OpCode.REMOVE:
            known.discard(op.key)
        elif not op.base and op.key not in known:
            raise FrameError(f"{op.code.name} of {op.model}.{op.column} says no version that it applies to")


class Reader:
    """Reads a ``changes`` stream in pieces of any size, and returns each change once it is complete.

    Not thread-safe. Unusable after a FrameError. ``ended``: the stream has ended cleanly.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.ended = False
        self._begun = False
        self._rest = bytearray()
        self._open: dict[str, tuple[list[Op], Budget]] = {}

    def feed(self, data: Buffer) -> list[Change]:
        if self._rest:
            self._rest += data
            if self._head(memoryview(self._rest)) is None:
                return []
            data, self._rest = self._rest, bytearray()
        changes: list[Change] = []
        view = memoryview(data)
        while (head := self._head(view)) is not None:
            size = head.size or PREFIX_BYTES
            changes += self._read(view[:size], head)
            view = view[size:]
        self._rest += view
        return changes

    def _head(self, view: memoryview) -> Head | None:
        """The header of the next message; None if the message is not complete yet."""
        if self.ended:
            if view:
                raise FrameError("there are bytes after the end of the stream")
            return None
        head = read_head(view, self.limits.max_message_bytes)
        return None if head is None or len(view) < head.size else head

    def _read(self, message: memoryview, head: Head) -> Iterator[Change]:
        if not self._begun:
            check_schema(message, head)
            self._begun = True
        elif not head.size:
            self.ended = True
        else:
            yield from self._batch(message, head)

    def _batch(self, message: memoryview, head: Head) -> Iterator[Change]:
        batch = Budget(self.limits)
        for row in _rows(message, head, batch):
            doc, seq, op = row.doc, row.seq, op_of(row, batch)
            ops, budget = self._open.setdefault(doc, ([], Budget(self.limits)))
            if seq is None:
                ops.append(op)
                budget.take_ops(1)
                budget.take(op.values.nbytes if op.values else 0)
                continue
            if batch.ops != 1:
                raise FrameError("COMMIT is not alone in its batch")
            del self._open[doc]
            yield Change(doc, seq, ops, strict_json(op.json or "{}"))
