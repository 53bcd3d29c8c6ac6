"""`Column`: the values of one column, from any kind of container."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bokeh_wsgi.exc import ColumnError

from .kernels import Array as Array
from .kernels import equal
from .plain import from_plain
from .wire_types import NUMBERS as NUMBERS

TEXTS: Final = ("utf8", "json")
INT32_MAX: Final = 2**31 - 1


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """The values of one column; immutable by convention, possibly a view of the caller's array.

    ``dtype``: a key of ``NUMBERS``, "utf8" or "json" (one JSON text per row).
    ``shape``: the dimensions of one row; -1 for ragged levels, which come before the fixed ones.
    ``list_depth``: how many outer levels are lists (0: an array).
    ``validity``: a bool per row, False if the row is None; only without shape. None: all rows are valid.
    ``offsets``: int32 or int64 per ragged level, starting at 0; for texts one more, in bytes.
    ``data``: flat, contiguous, little-endian; bools and the bytes of texts as uint8.
    ``integers``: float64 from a list of Python integers that fit no integer type of the wire.
    """

    dtype: str
    shape: tuple[int, ...]
    rows: int
    list_depth: int
    data: Array
    offsets: tuple[Array, ...] = ()
    validity: Array | None = None
    integers: bool = False

    @property
    def is_text(self) -> bool:
        return self.dtype in TEXTS

    @property
    def ragged(self) -> int:
        """Number of ragged levels."""
        return self.shape.count(-1)

    @property
    def items_per_cell(self) -> int:
        """The number of values in one innermost ragged item: the product of the fixed dimensions."""
        return prod(self.shape[self.ragged :])

    @property
    def is_fixed(self) -> bool:
        """Whether all rows have the same number of bytes."""
        return not self.offsets

    @property
    def row_bytes(self) -> int:
        """The size in bytes of one row, if rows have a fixed size."""
        return int(self.data.itemsize) * self.items_per_cell

    @property
    def nbytes(self) -> int:
        buffers = (self.data, *self.offsets)
        return sum(b.nbytes for b in buffers) + (0 if self.validity is None else self.validity.nbytes)

    def same_rows(self, other: "Column") -> bool:
        """Whether rows of the other column may be written into this one; None rows fit any column."""
        return (self.dtype, self.shape) == (other.dtype, other.shape)

    def same_layout(self, other: "Column") -> bool:
        """Whether both have the same type, shape and containers."""
        containers = self.list_depth, self.integers
        return self.same_rows(other) and containers == (other.list_depth, other.integers)

    def equals(self, other: "Column") -> bool:
        """Whether both have the same layout and bits."""
        if not self.same_layout(other) or self.rows != other.rows:
            return False
        if len(self.data) != len(other.data) or not equal(bits(self.data), bits(other.data)):
            return False
        if any(not np.array_equal(a, b) for a, b in zip(self.offsets, other.offsets, strict=True)):
            return False
        return self.validity is other.validity or bool(np.array_equal(self.valid_rows(), other.valid_rows()))

    def valid_rows(self) -> Array:
        return np.ones(self.rows, dtype=bool) if self.validity is None else self.validity

    def slice(self, start: int, stop: int) -> "Column":
        """Rows start to stop; a view, except for offsets that have to be shifted."""
        validity = None if self.validity is None else self.validity[start:stop]
        lo, hi = start, stop
        offsets = []
        for level, ends in enumerate(self.offsets):
            if level == self.ragged:
                lo, hi = lo * self.items_per_cell, hi * self.items_per_cell
            part = ends[lo : hi + 1]
            offsets.append(part - part[0] if part[0] else part)
            lo, hi = int(part[0]), int(part[-1])
        if not self.is_text:
            lo, hi = lo * self.items_per_cell, hi * self.items_per_cell
        kind = self.dtype, self.shape, stop - start, self.list_depth
        return Column(*kind, self.data[lo:hi], tuple(offsets), validity, self.integers)

    def copy(self) -> "Column":
        """The column with a copy of its values."""
        validity = None if self.validity is None else self.validity.copy()
        offsets = tuple(ends.copy() for ends in self.offsets)
        return replace(self, data=self.data.copy(), offsets=offsets, validity=validity)

    def row_ends(self) -> Array:
        """The positions in ``data`` at which rows start and end: rows + 1 numbers."""
        ends = np.arange(self.rows + 1, dtype=np.int64)
        for level, offsets in enumerate(self.offsets):
            ends = offsets[ends * self.items_per_cell if level == self.ragged else ends]
        return ends if self.is_text else ends * self.items_per_cell

    def texts(self, lo: int = 0, hi: int | None = None) -> list[str]:
        """The strings (or JSON texts) of a text column, flat."""
        offsets = self.offsets[-1][lo : None if hi is None else hi + 1]
        kind = pa.string() if offsets.dtype == np.int32 else pa.large_string()
        buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(self.data)]
        texts: list[str] = pa.Array.from_buffers(kind, len(offsets) - 1, buffers).to_pylist()
        return texts

    def values(self) -> Any:
        """The values in their original containers: arrays, lists, tuples of factors; JSON is decoded."""
        values = _restore(self, 0, 0, self.rows)
        if self.validity is None:
            return values
        items = [item if valid else None for item, valid in zip(values, self.validity, strict=True)]
        return items if self.list_depth else _object_array(items)


def _restore(column: Column, depth: int, lo: int, hi: int) -> Any:
    """Items lo to hi at a nesting depth."""
    if depth >= column.list_depth:
        return _array(column, depth, lo, hi)
    if depth == len(column.shape):
        leaves = _leaves(column, lo, hi).tolist()
        return list(map(int, leaves)) if column.integers else leaves
    size = column.shape[depth]
    ends = column.offsets[depth][lo : hi + 1] if size < 0 else np.arange(lo, hi + 1) * size
    return [_restore(column, depth + 1, a, b) for a, b in pairwise(ends.tolist())]


def _array(column: Column, depth: int, lo: int, hi: int) -> Any:
    """Items lo to hi as one array, or as a tuple if they are the levels of a factor."""
    first, last = lo, hi
    shape = [hi - lo]
    for level, size in enumerate(column.shape[depth:], depth):
        if size < 0:
            ends = column.offsets[level]
            size = int(ends[lo + 1] - ends[lo]) if hi > lo else 0
            lo, hi = int(ends[lo]), int(ends[hi])
        else:
            lo, hi = lo * size, hi * size
        shape.append(size)
    if prod(shape) != hi - lo:
        ends = column.offsets[depth][first : last + 1]
        return [_array(column, depth + 1, a, b) for a, b in pairwise(ends.tolist())]
    array = _leaves(column, lo, hi)
    return tuple(array.tolist()) if column.is_text and depth else array.reshape(shape)


def _leaves(column: Column, lo: int, hi: int) -> Array:
    if not column.is_text:
        leaves = column.data[lo:hi]
        return leaves.view(np.bool_) if column.dtype == "bool" else leaves
    texts = column.texts(lo, hi)
    return _object_array([from_plain(json.loads(t)) for t in texts] if column.dtype == "json" else texts)


def _object_array(items: Sequence[Any]) -> Array:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def bits(array: Array) -> Array:
    """A contiguous array as unsigned integers of its item size."""
    return array.view(np.dtype(f"u{array.itemsize}"))


def fit_offsets(ends: Array) -> Array:
    """Offsets as int32 if the last one fits, else int64."""
    return ends.astype(np.int32 if ends[-1] <= INT32_MAX else np.int64, copy=False)


def offsets_of(lengths: Array) -> Array:
    """The offsets of items with these lengths."""
    ends = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    return fit_offsets(ends)


def concat(first: Column, *others: Column) -> Column:
    """The rows of all columns, in the containers of the first; ColumnError if their types differ."""
    columns = [first, *others]
    for other in others:
        if not first.same_rows(other):
            kinds = [f"{column.dtype}{list(column.shape)}" for column in (other, first)]
            raise ColumnError(f"can't join {kinds[0]} to {kinds[1]}")
    validity = None
    if any(column.validity is not None for column in columns):
        validity = np.concatenate([column.valid_rows() for column in columns])
    offsets = tuple(
        _concat_offsets(levels) for levels in zip(*(column.offsets for column in columns), strict=True)
    )
    rows = sum(column.rows for column in columns)
    data = np.concatenate([column.data for column in columns])
    return replace(first, rows=rows, data=data, offsets=offsets, validity=validity)


def _concat_offsets(levels: Sequence[Array]) -> Array:
    """The offsets of one level of several columns, for the columns concatenated."""
    shifts = np.cumsum([0] + [int(ends[-1]) for ends in levels])
    parts = [ends[1:] + np.int64(shift) for ends, shift in zip(levels, shifts, strict=False)]
    return fit_offsets(np.concatenate([np.zeros(1, dtype=np.int64), *parts]))
