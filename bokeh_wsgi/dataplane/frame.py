"""Ops to the bytes of a change (docs/dataplane.md)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from .codec import compress
from .columns import Array, Column
from .ops import Op, OpCode
from .schema import END, SCHEMA, SCHEMA_MESSAGE

ROW_BYTES: Final = (2 << 20) - 65536
"""Raw size at which values are cut into several rows, of which two make a batch even if nothing shrinks."""
BATCH_BYTES: Final = 4 << 20
BATCH_ROWS: Final = 4096

Row = dict[str, Any]


def encode(docid: str, ops: Iterable[Op]) -> list[bytes]:
    """Record batch messages of about 4 MiB at most, no schema, no end; long values make several rows."""
    rows = (_row(docid, part) for op in ops for part in split(op))
    return [_message(batch) for batch in _batches(rows)]


def encode_upload(docid: str, ops: Iterable[Op]) -> list[bytes]:
    """A whole stream: schema, batches, end."""
    return [SCHEMA_MESSAGE, *encode(docid, ops), END]


def commit(docid: str, seq: int, meta: Mapping[str, Any] | None = None) -> bytes:
    """The server's last batch of a change: its number, and e.g. a new token or why the document ended."""
    row = _row(docid, Op(OpCode.COMMIT, json=json.dumps(dict(meta or {}), separators=(",", ":"))))
    return _message([row | {"seq": seq}])


def split(op: Op) -> Iterator[Op]:
    """The op as rows of about 2 MiB raw: the rest of a REPLACE follows as APPENDs."""
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


def _row(docid: str, op: Op) -> Row:
    values = op.values
    text = op.json
    if values is not None and op.code is OpCode.REPLACE and values.list_depth:
        text = f'{{"list":{values.list_depth}}}'
    return {
        "seq": None,
        "doc": docid,
        "op": int(op.code),
        "model": op.model or None,
        "column": op.column if op.model else None,
        "base": op.base,
        "start": op.start,
        "count": op.count,
        "drop": op.drop,
        "dtype": values.dtype if values is not None else op.dtype or None,
        "shape": list(values.shape) if values is not None else [],
        "json": text or None,
        "buffers": [compress(buffer) for buffer in _buffers(values)] if values is not None else [],
    }


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
        row_size = sum(map(len, row["buffers"])) + len(row["json"] or "")
        if batch and (size + row_size > BATCH_BYTES or len(batch) >= BATCH_ROWS):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row_size
    if batch:
        yield batch


def _message(rows: list[Row]) -> bytes:
    arrays = [_array(field, [row[field.name] for row in rows]) for field in SCHEMA]
    message: bytes = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA).serialize().to_pybytes()
    return message


def _array(field: pa.Field, values: list[Any]) -> pa.Array:
    return pa.array(values, type=field.type)
