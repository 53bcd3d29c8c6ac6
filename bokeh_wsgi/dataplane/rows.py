"""Converts rows of an untrusted batch to ops, after checking all fields against each other."""

import json
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .batches import Row
from .chunks import Chunk
from .codec import check_size, decompress, unpacked_bytes
from .columns import INT32_MAX, NUMBERS, TEXTS, Array, Column
from .decimals import MAX_DECIMALS, integers_within, spread
from .limits import Limits
from .ops import Op, OpCode
from .ramp import ramp_from_json

MAX_DIMENSIONS: Final = 8
MAX_VERSION: Final = 2**53 - 1
BYTES: Final = np.dtype("u1")
INTEGERS: Final = np.dtype("<i4")
FLOATS: Final = ("float32", "float64")
CODES: Final = {int(code): code for code in OpCode}
VALUE_OPS: Final = (OpCode.REPLACE, OpCode.APPEND, OpCode.WRITE)
MODEL_OPS: Final = (OpCode.GRAPH, OpCode.PATCH, OpCode.EVENT)

_USED: Final = {
    OpCode.REPLACE: ("column", "base", "count", "dtype", "shape", "json"),
    OpCode.APPEND: ("column", "base", "start", "count", "drop", "dtype", "shape", "json"),
    OpCode.WRITE: ("column", "base", "start", "count", "dtype", "shape", "json"),
    OpCode.RAMP: ("column", "base", "count", "dtype", "json"),
    OpCode.REMOVE: ("column", "base"),
}
_FIELDS: Final = ("start", "count", "drop", "dtype", "shape", "json", "column", "base")
UNUSED: Final = {
    code: [name for name in _FIELDS if name not in _USED.get(code, ("json",))] for code in OpCode
}
"""Fields that must be empty, by op."""


@dataclass(slots=True)
class Budget:
    """Counts what a change needs, and raises FrameError beyond its limits."""

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


def op_of(row: Row, budget: Budget, into: Array | None = None) -> Op:
    """The op of a row, with decompressed values; FrameError, with the reason, if it is invalid.

    ``into`` is memory for its data.
    """
    code = CODES.get(row.op)
    if code is None:
        raise FrameError(f"there is no op {row.op}")
    try:
        return _op(code, row, budget, into)
    except FrameError as e:
        where = f" of {row.model}.{row.column}" if row.column else ""
        raise FrameError(f"{code.name}{where}: {e}") from e


def _op(code: OpCode, row: Row, budget: Budget, into: Array | None) -> Op:
    _check_numbers(code, row, budget.limits.max_rows)
    _check_unused(code, row)
    key = row.model or "", row.column or ""
    where = row.base, row.start, row.count, row.drop
    if code in VALUE_OPS:
        return Op(code, *key, *where, values=_column(row, budget, into), dtype=row.dtype or "")
    text, dtype = row.json or "", row.dtype or ""
    if code is OpCode.RAMP:
        if dtype not in NUMBERS or dtype == "bool":
            raise FrameError(f"no ramp of {row.dtype}")
        budget.take(row.count * NUMBERS[dtype].itemsize)
        ramp_from_json(text, dtype, row.count)
    elif code is not OpCode.REMOVE and not isinstance(strict_json(text), dict):
        raise FrameError("json is no object")
    return Op(code, *key, *where, json=text, dtype=dtype)


def _check_numbers(code: OpCode, row: Row, max_rows: int) -> None:
    for name in ("base", "start", "count", "drop"):
        if not 0 <= getattr(row, name) <= MAX_VERSION:
            raise FrameError(f"{name} is {getattr(row, name)}")
    if (row.seq is not None) != (code is OpCode.COMMIT):
        raise FrameError("only a COMMIT has a seq")
    if row.seq is not None and not 0 <= row.seq <= MAX_VERSION:
        raise FrameError(f"seq is {row.seq}")
    if row.count > max_rows:
        raise FrameError(f"{row.count} rows are more than {max_rows}")


def _check_unused(code: OpCode, row: Row) -> None:
    for name in UNUSED[code]:
        if getattr(row, name):
            raise FrameError(f"{name} is not used here")
    if code in MODEL_OPS:
        if not row.json:
            raise FrameError("no json")
    elif code is not OpCode.COMMIT:
        if not row.model:
            raise FrameError("no model")
        if row.column is None:
            raise FrameError("no column")
    if row.buffers and code not in VALUE_OPS:
        raise FrameError("has buffers")


def _column(row: Row, budget: Budget, into: Array | None) -> Column:
    dtype, shape, rows, chunks = row.dtype or "", tuple(row.shape), row.count, row.buffers
    ragged = _check_layout(row, shape)
    if 0 in shape:
        budget.take(8 * rows)
    levels = ragged + (dtype in TEXTS)
    if len(chunks) != levels + 2:
        raise FrameError(f"has {len(chunks)} buffers instead of {levels + 2}")
    list_depth, decimals, integers = encoding_of(row)
    validity = _validity(chunks[0], rows, budget)
    if validity is not None and shape:
        raise FrameError("only plain columns have None rows")
    offsets, count = [], rows
    for level, chunk in enumerate(chunks[1:-1]):
        if level == ragged:
            count *= prod(shape[ragged:])
        ends = _offsets(chunk, count, budget)
        offsets.append(ends)
        count = int(ends[-1])
    values = count if dtype in TEXTS else count * prod(shape[ragged:])
    if decimals is None:
        data = _unpack(chunks[-1], NUMBERS.get(dtype, BYTES), values, budget, into)
    else:
        data = _decimals(chunks[-1], NUMBERS[dtype], decimals, values, budget, into)
    column = Column(dtype, shape, rows, list_depth, data, tuple(offsets), validity, integers)
    _check_values(column)
    return column


def _check_layout(row: Row, shape: tuple[int, ...]) -> int:
    """The number of ragged levels; FrameError for an invalid dtype or shape."""
    if row.dtype not in NUMBERS and row.dtype not in TEXTS:
        raise FrameError(f"there is no dtype {row.dtype}")
    if not shape:
        return 0
    ragged = shape.count(-1)
    if len(shape) > MAX_DIMENSIONS or min(shape) < -1:
        raise FrameError(f"shape is {list(shape)}")
    if any(size >= 0 for size in shape[:ragged]):
        raise FrameError(f"shape is {list(shape)}: ragged levels come first")
    if prod(max(size, 1) for size in shape) > INT32_MAX:
        raise FrameError(f"shape is {list(shape)}: too many values per row")
    if row.dtype == "json":
        raise FrameError("JSON rows have no shape")
    return ragged


def encoding_of(row: Row) -> tuple[int, int | None, bool]:
    """The json of a row with values: list depth, decimals if they are sent as integers, `Column.integers`."""
    if not row.json:
        return 0, None, False
    if len(row.json) > MAX_ENCODING_LENGTH:
        raise FrameError(f"json is {row.json[:80]!r}")
    return _encoding(row.json, row.op == OpCode.REPLACE, row.dtype or "", len(row.shape))


MAX_ENCODING_LENGTH: Final = 64
"""The longest json of a row with values, as it gets cached."""


@lru_cache(maxsize=256)
def _encoding(text: str, begins: bool, dtype: str, dimensions: int) -> tuple[int, int | None, bool]:
    fields = strict_json(text)
    if not isinstance(fields, dict) or not {"list", "decimals", "integers"} >= fields.keys() or not fields:
        raise FrameError(f"json is {text[:80]!r}")
    if not begins and not {"decimals"} >= fields.keys():
        raise FrameError("json is not used here")
    depth, decimals = fields.get("list", 0), fields.get("decimals", 0)
    if type(depth) is not int or not 0 <= depth <= dimensions + 1:
        raise FrameError(f"json is {text[:80]!r}")
    if type(decimals) is not int or not 0 <= decimals <= MAX_DECIMALS:
        raise FrameError(f"json is {text[:80]!r}")
    integers = fields.get("integers", False)
    if "integers" in fields and (integers is not True or dtype != "float64" or depth != dimensions + 1):
        raise FrameError(f"json is {text[:80]!r}")
    if "decimals" not in fields:
        return depth, None, integers
    if dtype not in FLOATS:
        raise FrameError(f"no decimals of {dtype}")
    return depth, decimals, integers


def _validity(chunk: Chunk, rows: int, budget: Budget) -> Array | None:
    if not chunk:
        return None
    budget.take(rows)
    bitmap = _unpack(chunk, BYTES, -(-rows // 8), budget)
    return np.unpackbits(bitmap, count=rows, bitorder="little").view(np.bool_)


def _offsets(chunk: Chunk, items: int, budget: Budget) -> Array:
    size = unpacked_bytes(chunk)
    ends = _unpack(chunk, np.dtype("<i8" if size == (items + 1) * 8 else "<i4"), items + 1, budget)
    if ends[0] != 0 or not np.all(ends[1:] >= ends[:-1]):
        raise FrameError("offsets do not rise from 0")
    return ends


def _unpack(
    chunk: Chunk, dtype: np.dtype[Any], count: int, budget: Budget, into: Array | None = None
) -> Array:
    budget.take(count * dtype.itemsize)
    return decompress(chunk, dtype, count, into)


def _decimals(
    chunk: Chunk, dtype: np.dtype[Any], decimals: int, count: int, budget: Budget, into: Array | None
) -> Array:
    """Decodes values that were sent as integers, within the memory of the values."""
    budget.take(count * dtype.itemsize)
    check_size(chunk, INTEGERS, count)
    values = np.empty(count, dtype=dtype) if into is None else into
    decompress(chunk, INTEGERS, count, integers_within(values))
    spread(values, decimals)
    values.flags.writeable = False
    return values


def _check_values(column: Column) -> None:
    if column.dtype == "bool" and column.data.size and int(column.data.max()) > 1:
        raise FrameError("a bool is neither 0 nor 1")
    if not column.is_text:
        return
    try:
        str(column.data.data, "utf-8")
    except UnicodeDecodeError as e:
        raise FrameError(f"a string is not UTF-8: {e.reason} at byte {e.start}") from e
    starts = column.offsets[-1][:-1]
    inside = starts[starts < len(column.data)]
    if np.any(column.data[inside] & 0xC0 == 0x80):
        raise FrameError("a string starts within a character")
    if column.dtype == "json":
        for text in column.texts():
            strict_json(text)


def strict_json(text: str) -> Any:
    """JSON as in JavaScript, without NaN and Infinity; FrameError if it is invalid."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise FrameError(f"not JSON: {e}") from e


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
