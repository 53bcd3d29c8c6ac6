"""What changed in a column, as the cheapest ops that say it exactly."""

from collections.abc import Callable
from math import inf
from typing import Final

import numpy as np

from .columns import Array, Column, bits
from .kernels import changed_ranges
from .ops import Op, OpCode
from .ramp import find_ramp
from .rollover import find_append

OP_BYTES: Final = 2048
"""What one more op costs to encode, send and apply, in bytes of values; nearer ranges are merged."""
MAX_OPS: Final = 2048
WORTH: Final = 0.8
"""A part is sent instead of the whole when it costs less than this share of it."""
RAMP_BYTES: Final = 65536
"""Smaller ops than this are sent without looking for a ramp."""
APPEND_BYTES: Final = 16384
FEW_RANGES: Final = 4
"""Smaller writes than this, or fewer, are sent without looking for rows that moved: where all have moved,
nearly all differ, or as many places as there are steps."""
PROBES: Final = 64


def diff(old: Column | None, new: Column) -> list[Op]:
    """Ops that turn old into new, bit for bit; [] for none. The caller sets model, column and base."""
    ops = _parts(old, new) if old is not None and old.same_layout(new) else None
    if ops is not None and sum(op.values.nbytes for op in ops if op.values is not None) <= RAMP_BYTES:
        return ops
    ramp = find_ramp(new)
    if ramp is not None:
        return [Op(OpCode.RAMP, count=new.rows, json=ramp.to_json(), dtype=new.dtype)]
    return [Op(OpCode.REPLACE, count=new.rows, values=new)] if ops is None else ops


def _parts(old: Column, new: Column) -> list[Op] | None:
    """The cheaper of writes and an append, None if the whole costs less than either."""
    ranges = changed_rows(old, new) if old.rows == new.rows else None
    cost = _cost(ranges, new) if ranges is not None else inf
    if ranges is not None and cost <= new.nbytes // 4 and (cost <= APPEND_BYTES or len(ranges) <= FEW_RANGES):
        return _writes(ranges, new)
    ops = find_append(old, new)
    if ops is not None and sum(op.count for op in ops) * _bytes_per_row(new) < min(cost, WORTH * new.nbytes):
        return ops
    return _writes(ranges, new) if ranges is not None and cost < WORTH * new.nbytes else None


def _bytes_per_row(column: Column) -> float:
    return column.nbytes / max(column.rows, 1)


def _cost(ranges: Array, new: Column) -> float:
    """Of one op per range, where the first op costs no more than a REPLACE would."""
    covered = int((ranges[:, 1] - ranges[:, 0]).sum())
    return covered * _bytes_per_row(new) + max(len(ranges) - 1, 0) * OP_BYTES


def _writes(ranges: Array, new: Column) -> list[Op]:
    return [
        Op(OpCode.WRITE, start=start, count=stop - start, values=new.slice(start, stop))
        for start, stop in ranges.tolist()
    ]


def changed_rows(old: Column, new: Column) -> Array | None:
    """Row ranges in which two columns of one layout and length differ, near ones merged; None if too many."""
    if all(map(np.array_equal, old.offsets, new.offsets)):
        ranges = _changed_in_place(old, new)
    else:
        ranges = _changed_middle(old, new)
    if ranges is None or (old.validity is None and new.validity is None):
        return ranges
    validity = changed_ranges(bits(old.valid_rows()), bits(new.valid_rows()), OP_BYTES, MAX_OPS)
    return None if validity is None else _merged(np.concatenate([ranges, validity]))


def _changed_in_place(old: Column, new: Column) -> Array | None:
    """Of columns whose rows have the same lengths."""
    a, b = bits(old.data), bits(new.data)
    if _mostly_differ(a, b):
        return None
    ranges = changed_ranges(a, b, OP_BYTES // a.itemsize, MAX_OPS)
    if ranges is None or not len(ranges):
        return ranges
    if new.is_fixed:
        cell = new.items_per_cell
        return (
            ranges
            if cell == 1
            else _merged(np.stack([ranges[:, 0] // cell, -(-ranges[:, 1] // cell)], axis=1))
        )
    ends = new.row_ends()
    starts = np.searchsorted(ends, ranges[:, 0], side="right") - 1
    return _merged(np.stack([starts, np.searchsorted(ends, ranges[:, 1])], axis=1))


def _mostly_differ(a: Array, b: Array) -> bool:
    """Whether a look at a few places says that a sweep won't pay."""
    if len(a) < 16 * PROBES:
        return False
    places = np.linspace(0, len(a) - 1, PROBES).astype(np.int64)
    return bool(np.count_nonzero(a[places] != b[places]) > WORTH * PROBES)


def _merged(ranges: Array) -> Array:
    """Sorted, with those that overlap or touch joined."""
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    stops = np.maximum.accumulate(ranges[:, 1])
    first = np.concatenate([[True], ranges[1:, 0] > stops[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([ranges[first, 0], stops[last]], axis=1)


def _changed_middle(old: Column, new: Column) -> Array:
    """One range: what is left after the rows that are equal at both ends."""
    rows = new.rows
    head = _count_equal(rows, lambda lo, hi: old.slice(lo, hi).equals(new.slice(lo, hi)))
    tail = _count_equal(
        rows - head, lambda lo, hi: old.slice(rows - hi, rows - lo).equals(new.slice(rows - hi, rows - lo))
    )
    return np.array([[head, rows - tail]], dtype=np.int64)


def _count_equal(rows: int, same: Callable[[int, int], bool]) -> int:
    """How many rows in a row are the same; by halves, each looked at once or twice."""
    lo, hi = 0, rows
    while lo < hi:
        middle = (lo + hi + 1) // 2
        lo, hi = (middle, hi) if same(lo, middle) else (lo, middle - 1)
    return lo
