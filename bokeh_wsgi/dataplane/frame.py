"""Encodes ops as the bytes of a change (docs/dataplane.md)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from .batches import Row, batch_pieces, with_seq, write_batch
from .chunks import Chunk
from .codec import FilterMemory, compress
from .columns import Array, Column
from .ops import Op, OpCode
from .rows import FLOATS
from .schema import END, SCHEMA_MESSAGE

ROW_BYTES: Final = (2 << 20) - 65536
"""Larger values are split into several rows, of which two fit a batch even if they are not compressible."""
BATCH_BYTES: Final = 4 << 20
BATCH_ROWS: Final = 4096
PIECE_BYTES: Final = 1 << 16
DECIMALS_BYTES: Final = 4096
"""Fewer bytes of floats are never sent as integers: that would save less than a packet."""


def encode(docid: str, ops: Iterable[Op], memory: FilterMemory | None = None) -> list[bytes]:
    """Record batch messages of at most about 4 MiB, without schema and end; long values become several rows.

    With ``memory``, the filters of a column's last encoding are used again while they compress as well.
    """
    return list(map(write_batch, _encoded(docid, ops, memory)))


def encode_pieces(docid: str, ops: Iterable[Op], memory: FilterMemory | None = None) -> Iterator[bytes]:
    """The bytes of ``encode`` in pieces of any size, lazily.

    So a large change is never in memory as a whole, and its compressed chunks are not copied.
    """
    for batch in _encoded(docid, ops, memory):
        small: list[Chunk] = []
        for piece in batch_pieces(batch):
            if len(piece) < PIECE_BYTES:
                small.append(piece)
                continue
            yield b"".join(small)
            yield bytes(piece)
            small.clear()
        yield b"".join(small)


def _encoded(docid: str, ops: Iterable[Op], memory: FilterMemory | None) -> Iterator[list[Row]]:
    memory = memory if memory is not None else FilterMemory()
    return _batches(_row(docid, part, memory) for op in ops for part in split(op))


def encode_upload(docid: str, ops: Iterable[Op], memory: FilterMemory | None = None) -> list[bytes]:
    """A complete stream in pieces: schema, batches, end."""
    return [SCHEMA_MESSAGE, *encode_pieces(docid, ops, memory), END]


def commit(docid: str, seq: int, meta: Mapping[str, Any] | None = None) -> bytes:
    """The server's last batch of a change: its ``seq``, and e.g. a new token, or why the stream ends."""
    if meta:
        return _commit(docid, seq, json.dumps(dict(meta), separators=(",", ":")))
    return with_seq(_commit_zero(docid), seq)


@lru_cache(maxsize=1024)
def _commit_zero(docid: str) -> bytes:
    return _commit(docid, 0, "{}")


def _commit(docid: str, seq: int, text: str) -> bytes:
    return write_batch([Row(seq, docid, OpCode.COMMIT, None, None, 0, 0, 0, 0, None, [], text, [])])


def split(op: Op) -> Iterator[Op]:
    """The op, split into ops of about 2 MiB: a REPLACE is followed by APPENDs."""
    values = op.values
    if values is None or values.nbytes <= ROW_BYTES or values.rows < 2:
        yield op
        return
    start, rest = op.start, OpCode.WRITE if op.code is OpCode.WRITE else OpCode.APPEND
    for number, (lo, hi) in enumerate(_cuts(values)):
        part = replace(op, start=start + lo, count=hi - lo, values=values.slice(lo, hi))
        yield replace(part, code=rest, drop=0, json="") if number else part


def _cuts(values: Column) -> Iterator[tuple[int, int]]:
    if values.is_fixed:
        step = max(ROW_BYTES // max(values.row_bytes, 1), 1)
        yield from ((lo, min(lo + step, values.rows)) for lo in range(0, values.rows, step))
        return
    ends = values.row_ends() * values.data.itemsize + np.arange(values.rows + 1) * 4 * len(values.offsets)
    lo = 0
    while lo < values.rows:
        hi = int(np.searchsorted(ends, ends[lo] + ROW_BYTES, side="right")) - 1
        hi = max(min(hi, values.rows), lo + 1)
        yield lo, hi
        lo = hi


def _row(docid: str, op: Op, memory: FilterMemory) -> Row:
    values, text, dtype = op.values, op.json, op.dtype
    shape: tuple[int, ...] = ()
    chunks: list[bytes] = []
    if values is not None:
        dtype, shape = values.dtype, values.shape
        encoding, chunks = _chunks(op, values, memory)
        text = json.dumps(encoding, separators=(",", ":")) if encoding else text
    key = op.model or None, op.column if op.model else None
    where = op.base, op.start, op.count, op.drop
    return Row(None, docid, op.code, *key, *where, dtype or None, shape, text or None, chunks)


def _chunks(op: Op, values: Column, memory: FilterMemory) -> tuple[dict[str, int], list[bytes]]:
    """The json of a row with values, and its buffers."""
    fields: dict[str, int] = {}
    if op.code is OpCode.REPLACE and values.list_depth:
        fields = {"list": values.list_depth} | ({"integers": True} if values.integers else {})
    *before, data = _buffers(values)
    chunks = [
        compress(buffer, memory.choice((op.model, op.column, number, buffer.dtype.char)))
        for number, buffer in enumerate(before)
    ]
    choice = memory.choice((op.model, op.column, len(before), data.dtype.char))
    if values.dtype not in FLOATS or data.nbytes < DECIMALS_BYTES:
        return fields, [*chunks, compress(data, choice)]
    encoding, as_integers = memory.float_encoding((op.model, op.column))
    integers = encoding.integers(data, choice, as_integers)
    if integers is None or encoding.decimals is None:
        return fields, [*chunks, compress(data, choice)]
    chunks.append(compress(integers, as_integers))
    encoding.see(as_integers)
    return fields | {"decimals": encoding.decimals}, chunks


def _buffers(values: Column) -> list[Array]:
    """Validity as a bitmap (empty if all rows are valid), offsets, data."""
    validity = np.zeros(0, dtype=np.uint8)
    if values.validity is not None and not values.validity.all():
        validity = np.packbits(values.validity, bitorder="little")
    return [validity, *values.offsets, values.data]


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        row_size = sum(map(len, row.buffers)) + len(row.json or "")
        if batch and (size + row_size > BATCH_BYTES or len(batch) >= BATCH_ROWS):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row_size
    if batch:
        yield batch
