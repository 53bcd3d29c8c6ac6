"""Columns that count: value i is start + i * step, computed in float64 and then cast to the dtype."""

import json
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .columns import NUMBERS, Array, Column, bits

BLOCK: Final = 65536


@dataclass(frozen=True, slots=True)
class Ramp:
    """Exact by construction: Python, numpy and JavaScript round the product and the sum alike."""

    start: float
    step: float
    rows: int
    dtype: str
    list_depth: int = 0

    def values(self, lo: int, hi: int) -> Array:
        steps = np.arange(lo, hi, dtype=np.float64)
        return (self.start + steps * self.step).astype(NUMBERS[self.dtype], copy=False)

    def column(self) -> Column:
        """The rows written out."""
        data = np.empty(self.rows, dtype=NUMBERS[self.dtype])
        for lo in range(0, self.rows, BLOCK):
            hi = min(lo + BLOCK, self.rows)
            data[lo:hi] = self.values(lo, hi)
        return Column(self.dtype, (), self.rows, self.list_depth, data)

    def to_json(self) -> str:
        fields: dict[str, str | int] = {"start": self.start.hex(), "step": self.step.hex()}
        return json.dumps(
            fields | ({"list": self.list_depth} if self.list_depth else {}), separators=(",", ":")
        )


def ramp_from_json(text: str, dtype: str, rows: int) -> Ramp:
    """The ramp of a row; FrameError if it is none or leaves its dtype."""
    try:
        fields = json.loads(text)
        start, step = float.fromhex(fields["start"]), float.fromhex(fields["step"])
        list_depth = fields.get("list", 0)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as e:
        raise FrameError(f"not a ramp: {text[:80]!r}") from e
    if list_depth not in (0, 1) or not fields.keys() <= {"start", "step", "list"}:
        raise FrameError(f"not a ramp: {text[:80]!r}")
    ramp = Ramp(start, step, rows, dtype, int(list_depth))
    if not _in_range(ramp):
        raise FrameError(f"the ramp leaves the range of {dtype}")
    return ramp


def _in_range(ramp: Ramp) -> bool:
    last = ramp.start + max(ramp.rows - 1, 0) * ramp.step
    if not all(map(isfinite, (ramp.start, ramp.step, last))):
        return False
    if ramp.dtype.startswith("float"):
        return ramp.dtype == "float64" or (abs(ramp.start) < 3e38 and abs(last) < 3e38)
    limits = np.iinfo(NUMBERS[ramp.dtype])
    ends = (ramp.start, last, ramp.step)
    return all(end.is_integer() for end in ends) and all(limits.min <= end <= limits.max for end in ends[:2])


def find_ramp(column: Column) -> Ramp | None:
    """The ramp that gives the column bit for bit, or None."""
    data = column.data
    plain = not column.shape and column.validity is None and not column.is_text and column.dtype != "bool"
    if not plain or column.rows < 2 or column.list_depth > 1:
        return None
    first, second, last = float(data[0]), float(data[1]), float(data[-1])
    if not (isfinite(first) and isfinite(second) and isfinite(last)):
        return None
    for step in dict.fromkeys([second - first, (last - first) / (column.rows - 1)]):
        ramp = Ramp(first, step, column.rows, column.dtype, column.list_depth)
        if _in_range(ramp) and _gives(ramp, data):
            return ramp
    return None


def _gives(ramp: Ramp, data: Array) -> bool:
    """Compared by blocks, a few single rows first, so that most other columns are refused at once."""
    rows = len(data)
    probes = [(i, i + 1) for i in (1, rows // 2, rows - 1)]
    blocks = ((lo, min(lo + BLOCK, rows)) for lo in range(0, rows, BLOCK))
    return all(_same(ramp, data, lo, hi) for part in (probes, blocks) for lo, hi in part)


def _same(ramp: Ramp, data: Array, lo: int, hi: int) -> bool:
    return bool(np.array_equal(bits(ramp.values(lo, hi)), bits(data[lo:hi])))
