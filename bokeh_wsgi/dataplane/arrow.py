"""Converts columns to Arrow arrays that share their memory."""

from math import prod
from typing import Final

import numpy as np
import pyarrow as pa

from .columns import NUMBERS, Array, Column
from .ramp import Ramp

TYPES: Final[dict[str, pa.DataType]] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "uint8": pa.uint8(),
    "int16": pa.int16(),
    "uint16": pa.uint16(),
    "int32": pa.int32(),
    "uint32": pa.uint32(),
    "float32": pa.float32(),
    "float64": pa.float64(),
}


def arrow_array(column: Column) -> pa.Array:
    """The rows as numbers or strings (JSON as strings); dimensions of rows become lists.

    Shares the column's memory, except for bools and offsets.
    """
    array = _leaves(column)
    for level in reversed(range(len(column.shape))):
        size = column.shape[level]
        if size < 0:
            ends = column.offsets[level]
        else:
            ends = np.arange(_cells(column, level) + 1, dtype=np.int32) * np.int32(size)
        kind = pa.ListArray if ends.dtype == np.int32 else pa.LargeListArray
        array = kind.from_arrays(pa.array(ends), array)
    return array


def arrow_type(column: Column) -> pa.DataType:
    """The type of `arrow_array` for any rows of the column."""
    return arrow_array(column.slice(0, 0)).type


def rows_of(values: Ramp | Column, lo: int, hi: int) -> Column:
    """Rows lo to hi of a snapshot (`GrowingColumn.lent`), or fewer at its end; a ramp's get computed."""
    lo, hi = min(lo, values.rows), min(hi, values.rows)
    return values.slice(lo, hi) if isinstance(values, Column) else values.moved(lo, hi - lo).column()


def sizes_of_rows(column: Column) -> Array:
    """The size of each row in an Arrow array, in bytes: its values, and the offsets within it."""
    ends: Array = np.arange(column.rows + 1, dtype=np.int64)
    size: Array = np.full(column.rows, 4 if column.shape else 0, dtype=np.int64)
    fixed = 1
    for level, dimension in enumerate(column.shape):
        if dimension < 0:
            ends = column.offsets[level][ends].astype(np.int64)
            size += np.diff(ends) * 4
        else:
            fixed *= dimension
            size += np.diff(ends) * 4 * fixed
    if column.is_text:
        size += np.diff(ends) * 4 * fixed
        size += np.diff(column.offsets[-1][ends * fixed].astype(np.int64))
    else:
        size += np.diff(ends) * fixed * NUMBERS[column.dtype].itemsize
    return size


def _cells(column: Column, level: int) -> int:
    """The number of items at a level, in all rows."""
    ragged = column.ragged
    outer = int(column.offsets[ragged - 1][-1]) if ragged else column.rows
    return outer * prod(column.shape[ragged:level])


def _leaves(column: Column) -> pa.Array:
    count = _cells(column, len(column.shape))
    validity = None
    if column.validity is not None and not column.validity.all():
        validity = pa.py_buffer(np.packbits(column.validity, bitorder="little"))
    if column.is_text:
        ends = column.offsets[-1]
        kind = pa.string() if ends.dtype == np.int32 else pa.large_string()
        buffers = [validity, pa.py_buffer(np.ascontiguousarray(ends)), pa.py_buffer(column.data)]
        return pa.Array.from_buffers(kind, count, buffers)
    data = np.packbits(column.data, bitorder="little") if column.dtype == "bool" else column.data
    return pa.Array.from_buffers(TYPES[column.dtype], count, [validity, pa.py_buffer(data)])
