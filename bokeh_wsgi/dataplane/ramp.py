"""`Ramp`: a column with value i = start + i * step, computed in float64 and then cast to the dtype."""

import json
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .columns import NUMBERS, Array, Column
from .drop_guess import least_kept
from .kernels import count_ramp

BLOCK: Final = 65536
EXACT: Final = 2.0**53


@dataclass(frozen=True, slots=True)
class Ramp:
    """A column that is fully described by two numbers. Python, numpy and JavaScript compute the same bits.

    Row 0 is value ``first`` of the ramp, so that a rolling ramp remains one.
    """

    start: float
    step: float
    rows: int
    dtype: str
    list_depth: int = 0
    first: int = 0

    @property
    def nbytes(self) -> int:
        """The size of the values as an array."""
        return self.rows * NUMBERS[self.dtype].itemsize

    def values(self, lo: int, hi: int) -> Array:
        steps = np.arange(self.first + lo, self.first + hi, dtype=np.float64)
        return (self.start + steps * self.step).astype(NUMBERS[self.dtype], copy=False)

    def column(self) -> Column:
        """The values as an array."""
        data = np.empty(self.rows, dtype=NUMBERS[self.dtype])
        for lo in range(0, self.rows, BLOCK):
            hi = min(lo + BLOCK, self.rows)
            data[lo:hi] = self.values(lo, hi)
        return Column(self.dtype, (), self.rows, self.list_depth, data)

    def count(self, data: Array) -> int:
        """How many leading values of an array are the ramp's, including values after its last row."""
        rows = len(data) if self.moved(0, len(data)).is_in_range() else min(len(data), self.rows)
        return count_ramp(data[:rows], self.start, self.step, self.first)

    def moved(self, drop: int, rows: int) -> "Ramp":
        """The ramp without its first ``drop`` rows, with this many rows."""
        return replace(self, first=self.first + drop, rows=rows)

    def continued(self, values: Column, drop: int) -> "Ramp | None":
        """The ramp without its first ``drop`` rows and with these values after it; None if it is none."""
        moved = self.moved(drop, self.rows - drop)
        if values.validity is not None or moved.moved(moved.rows, 0).count(values.data) < values.rows:
            return None
        return replace(moved, rows=moved.rows + values.rows)

    def find_drop(self, new: Column) -> int | None:
        """How many rows must be dropped so that a column of the layout begins with the rest; None: no way."""
        if not self.rows or not new.rows or new.validity is not None:
            return None
        if new.rows >= self.rows and self.count(new.data[:1]):
            return 0 if self.count(new.data) >= self.rows else None
        drop = self._row_of(float(new.data[0]))
        kept = self.rows - drop
        if drop <= 0 or not least_kept(new.rows) <= kept <= new.rows:
            return None
        return drop if self.moved(drop, kept).count(new.data) >= kept else None

    def _row_of(self, value: float) -> int:
        """The row nearest to a value; -1 if the value is outside of the ramp."""
        distance = (value - (self.start + self.first * self.step)) / self.step if self.step else 0.0
        return round(distance) if 0 <= distance <= self.rows else -1

    def from_zero(self) -> "Ramp | None":
        """The same values with ``first`` = 0, as on the wire; None if they may be rounded differently."""
        if not self.first or not self.step:
            return replace(self, first=0)
        numbers = self.start, self.step, self.start + (self.first + self.rows) * self.step
        if not all(number.is_integer() and abs(number) < EXACT for number in numbers):
            return None
        return replace(self, start=self.start + self.first * self.step, first=0)

    def is_in_range(self) -> bool:
        """Whether all values are finite and in the dtype's range, and integers if it is an integer type."""
        start, last = (self.start + (self.first + i) * self.step for i in (0, max(self.rows - 1, 0)))
        if not all(map(isfinite, (self.start, self.step, start, last))):
            return False
        if self.dtype.startswith("float"):
            return self.dtype == "float64" or (abs(start) < 3e38 and abs(last) < 3e38)
        limits = np.iinfo(NUMBERS[self.dtype])
        whole = (self.start, self.step, start, last)
        return all(end.is_integer() for end in whole) and all(
            limits.min <= end <= limits.max for end in (start, last)
        )

    def to_json(self) -> str:
        fields: dict[str, str | int] = {"start": self.start.hex(), "step": self.step.hex()}
        return json.dumps(
            fields | ({"list": self.list_depth} if self.list_depth else {}), separators=(",", ":")
        )


def ramp_from_json(text: str, dtype: str, rows: int) -> Ramp:
    """The ramp of a row; FrameError if it is none, or leaves the dtype's range."""
    try:
        fields = json.loads(text)
        start, step = float.fromhex(fields["start"]), float.fromhex(fields["step"])
        list_depth = fields.get("list", 0)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as e:
        raise FrameError(f"not a ramp: {text[:80]!r}") from e
    if list_depth not in (0, 1) or not fields.keys() <= {"start", "step", "list"}:
        raise FrameError(f"not a ramp: {text[:80]!r}")
    ramp = Ramp(start, step, rows, dtype, int(list_depth))
    if not ramp.is_in_range():
        raise FrameError(f"the ramp leaves the range of {dtype}")
    return ramp


def find_ramp(column: Column) -> Ramp | None:
    """The ramp that is equal to the column bit for bit; None if there is none."""
    data = column.data
    plain = not column.shape and column.validity is None and not column.is_text and column.dtype != "bool"
    if not plain or column.rows < 2 or column.list_depth > 1 or column.integers:
        return None
    first, second, last = float(data[0]), float(data[1]), float(data[-1])
    if not (isfinite(first) and isfinite(second) and isfinite(last)):
        return None
    for step in dict.fromkeys([second - first, (last - first) / (column.rows - 1)]):
        ramp = Ramp(first, step, column.rows, column.dtype, column.list_depth)
        if ramp.is_in_range() and _gives(ramp, data):
            return ramp
    return None


def _gives(ramp: Ramp, data: Array) -> bool:
    """Whether a ramp is equal to the values; compares a few first, which rejects most other columns."""
    rows = len(data)
    probes = (ramp.moved(i, 1).count(data[i : i + 1]) for i in (1, rows // 2, rows - 1))
    return all(probes) and ramp.count(data) == rows
