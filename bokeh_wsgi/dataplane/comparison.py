"""Finds the rows that differ between two columns of one layout and length, but stops when there are many."""

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from .columns import Array, Column, bits
from .kernels import sweep

OP_BYTES: Final = 2048
"""The cost of one more op (encode, send, apply), in bytes of values; ranges that are nearer are merged."""
MAX_OPS: Final = 2048
MANY: Final = 1 << 60
PROBES: Final = 64
MOST: Final = 0.8
"""If more than this share of the probed values differ, writes would cost nearly as much as the whole."""


class Comparison(Protocol):
    """A search for changed rows, which can be continued. Near ranges are merged."""

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        """Whether writing what differs costs at most ``nbytes``; or ``small``, if more than ``few`` ranges.

        With ``refresh``, new values are copied into the old column as far as it was compared.
        """

    @property
    def ranges(self) -> Array:
        """Start and stop of each range of rows; complete once `costs_at_most` has returned True."""

    @property
    def refreshed(self) -> int:
        """How many items, from the first on, have been refreshed."""


def compare(old: Column, new: Column) -> Comparison | None:
    """A comparison; None if rows cannot be compared in place, or if a few probes show that most differ."""
    if old.rows != new.rows:
        return None
    if old.is_fixed and old.validity is None and new.validity is None:
        comparison = Sweep(old.data, new.data, new.items_per_cell)
        return None if comparison.mostly_differs() else comparison
    return _compare_rows(old, new)


class Sweep:
    """A comparison of columns whose rows have a fixed size and are all valid."""

    def __init__(self, old: Array, new: Array, items_per_row: int) -> None:
        self._old, self._new = bits(old), bits(new)
        self._items_per_row = items_per_row
        self._pairs = np.empty((MAX_OPS, 2), dtype=np.int64)
        self._found = self._at = 0
        self.refreshed = 0

    def mostly_differs(self) -> bool:
        step = len(self._old) // PROBES
        if step < 16:
            return False
        places = slice(step // 2, None, step)
        return bool(np.count_nonzero(self._old[places] != self._new[places]) > MOST * PROBES)

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        size = self._old.itemsize
        gap = OP_BYTES // size
        large, small = (int(min(limit, MANY)) // size for limit in (nbytes, small))
        self._found, self._at = sweep(
            self._old, self._new, self._pairs, self._found, self._at, gap, few, small, large, refresh
        )
        if refresh:
            self.refreshed = self._at
        pairs = self._pairs[: self._found]
        cost = int((pairs[:, 1] - pairs[:, 0]).sum()) + (self._found - 1) * gap
        return self._at == len(self._old) and cost <= large and (cost <= small or self._found <= few)

    @property
    def ranges(self) -> Array:
        pairs, cell = self._pairs[: self._found].copy(), self._items_per_row
        return (
            pairs if cell == 1 else _merged(np.stack([pairs[:, 0] // cell, -(-pairs[:, 1] // cell)], axis=1))
        )


class Known:
    """A comparison with known ranges."""

    refreshed = 0

    def __init__(self, ranges: Array, bytes_per_row: float) -> None:
        self.ranges = ranges
        covered = int((ranges[:, 1] - ranges[:, 0]).sum()) * bytes_per_row
        self._cost = covered + max(len(ranges) - 1, 0) * OP_BYTES

    def costs_at_most(self, nbytes: float, *, few: int = MANY, small: int = 0, refresh: bool = False) -> bool:
        return self._cost <= nbytes and (self._cost <= small or len(self.ranges) <= few)


def _compare_rows(old: Column, new: Column) -> Known | None:
    """A comparison of columns whose rows vary in size, or may be None."""
    if all(map(np.array_equal, old.offsets, new.offsets)):
        ranges = _changed_in_place(old, new)
    else:
        ranges = _changed_middle(old, new)
    if ranges is not None and not (old.validity is None and new.validity is None):
        valid = Sweep(old.valid_rows(), new.valid_rows(), 1)
        ranges = _merged(np.concatenate([ranges, valid.ranges])) if valid.costs_at_most(MANY) else None
    return None if ranges is None else Known(ranges, new.nbytes / max(new.rows, 1))


def _changed_in_place(old: Column, new: Column) -> Array | None:
    """The changed ranges of columns whose rows have the same lengths."""
    found = Sweep(old.data, new.data, new.items_per_cell if new.is_fixed else 1)
    if found.mostly_differs() or not found.costs_at_most(MANY):
        return None
    ranges = found.ranges
    if new.is_fixed or not len(ranges):
        return ranges
    ends = new.row_ends()
    starts = np.searchsorted(ends, ranges[:, 0], side="right") - 1
    return _merged(np.stack([starts, np.searchsorted(ends, ranges[:, 1])], axis=1))


def _merged(ranges: Array) -> Array:
    """The ranges sorted; those that overlap or touch become one."""
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    stops = np.maximum.accumulate(ranges[:, 1])
    first = np.concatenate([[True], ranges[1:, 0] > stops[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([ranges[first, 0], stops[last]], axis=1)


def _changed_middle(old: Column, new: Column) -> Array:
    """One range: all rows but those that are equal at the start and at the end."""
    rows = new.rows
    head = _count_equal(rows, lambda lo, hi: old.slice(lo, hi).equals(new.slice(lo, hi)))
    tail = _count_equal(
        rows - head, lambda lo, hi: old.slice(rows - hi, rows - lo).equals(new.slice(rows - hi, rows - lo))
    )
    return np.array([[head, rows - tail]], dtype=np.int64)


def _count_equal(rows: int, same: Callable[[int, int], bool]) -> int:
    """How many leading rows are the same; a binary search that compares each row at most twice."""
    lo, hi = 0, rows
    while lo < hi:
        middle = (lo + hi + 1) // 2
        lo, hi = (middle, hi) if same(lo, middle) else (lo, middle - 1)
    return lo
