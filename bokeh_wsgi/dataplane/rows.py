"""Rows of a batch to checked ops: nothing of a row is believed before it was compared with the rest."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bokeh_wsgi.exc import FrameError

from .codec import decompress, unpacked_bytes
from .columns import INT32_MAX, NUMBERS, TEXTS, Array, Column
from .limits import Limits
from .ops import Op, OpCode
from .ramp import ramp_from_json
from .schema import SCHEMA

MAX_DIMENSIONS: Final = 8
MAX_VERSION: Final = 2**53 - 1
VALUE_OPS: Final = (OpCode.REPLACE, OpCode.APPEND, OpCode.WRITE)
MODEL_OPS: Final = (OpCode.GRAPH, OpCode.PATCH, OpCode.EVENT)

Row = dict[str, Any]


@dataclass(slots=True)
class Budget:
    """What a change may still take."""

    limits: Limits
    unpacked: int = 0
    ops: int = 0

    def take(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > self.limits.max_unpacked:
            raise FrameError(f"a change unpacks to more than {self.limits.max_unpacked} bytes")

    def take_ops(self, rows: int) -> None:
        self.ops += rows
        if self.ops > self.limits.max_ops:
            raise FrameError(f"a change has more than {self.limits.max_ops} ops")


def read_rows(message: memoryview, budget: Budget) -> Iterator[tuple[Row, list[memoryview]]]:
    """Rows of a record batch message and their chunks, which are views of it."""
    try:
        batch = pa.ipc.read_record_batch(pa.ipc.read_message(pa.py_buffer(message)), SCHEMA)
        budget.take_ops(batch.num_rows)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as e:
        if isinstance(e, FrameError):
            raise
        raise FrameError(f"a batch is broken: {e}") from e
    for field, values in zip(SCHEMA, batch.columns, strict=True):
        items = values.flatten() if pa.types.is_list(field.type) else values[:0]
        if items.null_count or (values.null_count and not field.nullable):
            raise FrameError(f"{field.name} is null")
    names = [name for name in SCHEMA.names if name != "buffers"]
    columns = [batch.column(name).to_pylist() for name in names]
    for values, chunks in zip(zip(*columns, strict=True), _chunks(batch.column("buffers")), strict=True):
        yield dict(zip(names, values, strict=True)), chunks


def _chunks(lists: pa.ListArray) -> Iterator[list[memoryview]]:
    if not len(lists):
        return
    ends = lists.offsets.to_pylist()
    items = lists.values
    _, item_ends, data = items.buffers()
    if not len(items):
        yield from ([] for _ in lists)
        return
    bytes_ends = np.frombuffer(item_ends, dtype=np.int64)[
        items.offset : items.offset + len(items) + 1
    ].tolist()
    view = memoryview(data) if data else memoryview(b"")
    for lo, hi in pairwise(ends):
        yield [view[bytes_ends[i] : bytes_ends[i + 1]] for i in range(lo, hi)]


def op_of(row: Row, chunks: list[memoryview], budget: Budget) -> Op:
    """The op of a row, its values unpacked; FrameError naming what does not fit."""
    try:
        code = OpCode(row["op"])
    except ValueError as e:
        raise FrameError(f"there is no op {row['op']}") from e
    try:
        return _op(code, row, chunks, budget)
    except FrameError as e:
        where = f" of {row['model']}.{row['column']}" if row["column"] else ""
        raise FrameError(f"{code.name}{where}: {e}") from e


def _op(code: OpCode, row: Row, chunks: list[memoryview], budget: Budget) -> Op:
    for name in ("base", "start", "count", "drop"):
        _expect(0 <= row[name] <= MAX_VERSION, f"{name} is {row[name]}")
    _expect((row["seq"] is not None) == (code is OpCode.COMMIT), "only a COMMIT has a seq")
    _expect(0 <= (row["seq"] or 0) <= MAX_VERSION, f"seq is {row['seq']}")
    _expect(
        row["count"] <= budget.limits.max_rows, f"{row['count']} rows are more than {budget.limits.max_rows}"
    )
    _check_unused(code, row, chunks)
    op = Op(
        code, row["model"] or "", row["column"] or "", row["base"], row["start"], row["count"], row["drop"]
    )
    if code in VALUE_OPS:
        return replace(op, values=_column(row, chunks, budget), dtype=row["dtype"])
    op = replace(op, json=row["json"] or "", dtype=row["dtype"] or "")
    if code is OpCode.RAMP:
        _expect(row["dtype"] in NUMBERS and row["dtype"] != "bool", f"no ramp of {row['dtype']}")
        budget.take(row["count"] * NUMBERS[row["dtype"]].itemsize)
        ramp_from_json(op.json, op.dtype, op.count)
    elif code is not OpCode.REMOVE:
        _expect(isinstance(strict_json(op.json), dict), "json is no object")
    return op


def _check_unused(code: OpCode, row: Row, chunks: list[memoryview]) -> None:
    used = {
        OpCode.REPLACE: ("count", "dtype", "shape", "json"),
        OpCode.APPEND: ("start", "count", "drop", "dtype", "shape"),
        OpCode.WRITE: ("start", "count", "dtype", "shape"),
        OpCode.RAMP: ("count", "dtype", "json"),
        OpCode.REMOVE: (),
    }.get(code, ("json",))
    names = [name for name in ("start", "count", "drop", "dtype", "shape", "json") if name not in used]
    if code in MODEL_OPS or code is OpCode.COMMIT:
        names += ["column", "base"]
    for name in names:
        _expect(not row[name], f"{name} is not used here")
    _expect(code in MODEL_OPS or code is OpCode.COMMIT or bool(row["model"]), "no model")
    _expect("column" in names or row["column"] is not None, "no column")
    _expect(code in VALUE_OPS or not chunks, "has buffers")
    _expect(code not in MODEL_OPS or bool(row["json"]), "no json")


def _column(row: Row, chunks: list[memoryview], budget: Budget) -> Column:
    dtype, shape, rows = row["dtype"], tuple(row["shape"]), row["count"]
    _expect(dtype in NUMBERS or dtype in TEXTS, f"there is no dtype {dtype}")
    ragged = shape.count(-1)
    _expect(len(shape) <= MAX_DIMENSIONS and min(shape, default=0) >= -1, f"shape is {list(shape)}")
    _expect(all(size < 0 for size in shape[:ragged]), f"shape is {list(shape)}: ragged levels come first")
    _expect(
        prod(max(size, 1) for size in shape) <= INT32_MAX, f"shape is {list(shape)}: too many values per row"
    )
    _expect(not shape or dtype != "json", "JSON rows have no shape")
    if 0 in shape:
        budget.take(8 * rows)
    levels = ragged + (dtype in TEXTS)
    _expect(len(chunks) == levels + 2, f"has {len(chunks)} buffers instead of {levels + 2}")
    list_depth = _list_depth(row["json"], len(shape))
    validity = _validity(chunks[0], rows, budget)
    _expect(validity is None or not shape, "only plain columns have None rows")
    offsets, count = [], rows
    for level, chunk in enumerate(chunks[1:-1]):
        if level == ragged:
            count *= prod(shape[ragged:])
        ends = _offsets(chunk, count, budget)
        offsets.append(ends)
        count = int(ends[-1])
    kind = NUMBERS.get(dtype, np.dtype("u1"))
    data = _unpack(chunks[-1], kind, count if dtype in TEXTS else count * prod(shape[ragged:]), budget)
    column = Column(dtype, shape, rows, list_depth, data, tuple(offsets), validity)
    _check_values(column)
    return column


def _list_depth(text: str | None, dimensions: int) -> int:
    if not text:
        return 0
    fields = strict_json(text)
    depth = fields.get("list") if isinstance(fields, dict) and fields.keys() == {"list"} else None
    _expect(type(depth) is int and 0 <= depth <= dimensions + 1, f"json is {text[:80]!r}")
    return int(depth or 0)


def _validity(chunk: memoryview, rows: int, budget: Budget) -> Array | None:
    if not chunk.nbytes:
        return None
    budget.take(rows)
    bitmap = _unpack(chunk, np.dtype("u1"), -(-rows // 8), budget)
    return np.unpackbits(bitmap, count=rows, bitorder="little").view(np.bool_)


def _offsets(chunk: memoryview, items: int, budget: Budget) -> Array:
    size = unpacked_bytes(chunk)
    ends = _unpack(chunk, np.dtype("<i8" if size == (items + 1) * 8 else "<i4"), items + 1, budget)
    _expect(ends[0] == 0 and bool(np.all(ends[1:] >= ends[:-1])), "offsets do not rise from 0")
    return ends


def _unpack(chunk: memoryview, dtype: np.dtype[Any], count: int, budget: Budget) -> Array:
    budget.take(count * dtype.itemsize)
    return decompress(chunk, dtype, count)


def _check_values(column: Column) -> None:
    if column.dtype == "bool":
        _expect(not column.data.size or int(column.data.max()) <= 1, "a bool is neither 0 nor 1")
    if not column.is_text:
        return
    try:
        str(column.data.data, "utf-8")
    except UnicodeDecodeError as e:
        raise FrameError(f"a string is not UTF-8: {e.reason} at byte {e.start}") from e
    starts = column.offsets[-1][:-1]
    inside = starts[starts < len(column.data)]
    _expect(not np.any(column.data[inside] & 0xC0 == 0x80), "a string starts within a character")
    if column.dtype == "json":
        for text in column.texts():
            strict_json(text)


def strict_json(text: str) -> Any:
    """JSON as JavaScript reads it: no NaN, no Infinity; FrameError if it is anything else."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise FrameError(f"not JSON: {e}") from e


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _expect(true: bool, text: str) -> None:
    if not true:
        raise FrameError(text)
