"""What to send of a source's columns: what `stream` and `patch` said, else what a comparison finds."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode
from bokeh_wsgi.models.state import Held, State

from .live_data import Journal, LiveData, Told, live_data

NEAR_BYTES: Final = 2048
"""Written rows nearer than this are sent as one WRITE: one more op costs as much."""
MAX_WRITES: Final = 2048
SPOT_BYTES: Final = 65536

Convert = Callable[[str, Any], Column]
"""Values of a column (by name), or of some of its rows, as a Column; ColumnError if they can't be one."""


@dataclass(slots=True)
class ColumnOps:
    """Finds ops, and brings the shadow's columns to where the ops bring the server's.

    Where all that happened to a source were `stream` and `patch`, nothing is compared: that costs what they
    touched. So that values which a script wrote in place besides are not lost, each such step also compares
    `SPOT_BYTES` of every column, further on each time; what it finds makes it compare that column whole.
    ``compares=False``: columns are sent whole, and no copies of them are kept.
    Not thread-safe.
    """

    compares: bool = True
    _journals: dict[str, tuple[LiveData, Journal]] = field(default_factory=dict)
    _spots: dict[tuple[str, str], int] = field(default_factory=dict)

    def clear(self) -> None:
        """Believe nothing that was noted so far."""
        self._journals.clear()
        self._spots.clear()

    def of_source(
        self,
        shadow: State,
        model: str,
        data: Mapping[str, Any],
        convert: Convert,
        only: Container[str] | None = None,
    ) -> list[Op]:
        """Ops for the columns of a source (``only`` those of these names); their values stay as they are."""
        names = [name for name in data if only is None or name in only]
        journal = self._journal(model, data)
        told = {} if journal.is_open else dict(journal.told)
        # All of them before the first one changes the shadow: a column that can't be one stops the step.
        columns = {name: convert(name, data[name]) for name in names} if not (told and self.compares) else {}
        ops: list[Op] = []
        for name in names:
            key = model, name
            held = shadow.columns.get(key)
            if not self.compares:
                found = [Op(OpCode.REPLACE, count=columns[name].rows, values=columns[name])]
                shadow.columns[key] = held = held or Held(GrowingColumn(), 0)
            elif held is None:
                shadow.columns[key] = held = Held(GrowingColumn(), 0)
                found = held.values.refresh(columns.get(name) or convert(name, data[name]))
            else:
                found = self._found(key, held, told.get(name, Told()) if told else None, data[name], convert)
            base = 0 if not self.compares else held.version
            ops += [op.of(model, name, base) for op in found]
        for name in names:
            journal.told.pop(name, None)
        if only is None:
            journal.clear()
        return ops

    def _journal(self, model: str, data: Mapping[str, Any]) -> Journal:
        """The journal of a source; an open one the first time, and where the source has other data now."""
        live = live_data(data)
        if live is None:
            return Journal(is_open=True)
        known = self._journals.get(model)
        if known is None or known[0] is not live:
            known = self._journals[model] = live, live.journal()
            known[1].is_open = True
        return known[1]

    def _found(
        self, key: tuple[str, str], held: Held, told: Told | None, values: Any, convert: Convert
    ) -> list[Op]:
        name = key[1]
        ops = None if told is None else _told_ops(held.values, told, lambda part: convert(name, part), values)
        if ops is None:
            return held.values.refresh(convert(name, values))
        if not self._spot_is_equal(key, held.values, values, convert):
            ops += held.values.refresh(convert(name, values))
        return ops

    def _spot_is_equal(
        self, key: tuple[str, str], held: GrowingColumn, values: Any, convert: Convert
    ) -> bool:
        if type(values) is not np.ndarray or values.ndim != 1 or values.dtype.kind not in "biuf":
            return True
        lo = self._spots.get(key, 0)
        lo = lo if lo < held.rows else 0
        hi = self._spots[key] = min(lo + SPOT_BYTES // values.itemsize, held.rows)
        part, mine = convert(key[1], values[lo:hi]), held.slice(lo, hi)
        # Some rows of 64-bit integers may fit a smaller type than all of them: those are left alone.
        return not part.same_rows(mine) or part.equals(mine)


def _told_ops(
    held: GrowingColumn, told: Told, convert: Callable[[Any], Column], values: Any
) -> list[Op] | None:
    """An APPEND and WRITEs; None if they don't lead to the values that there are."""
    rows = len(values)
    if held.rows + told.appended - told.dropped != rows:
        return None
    kept = max(held.rows - told.dropped, 0)
    writes = _joined(told, kept, max(NEAR_BYTES * rows // max(held.nbytes, 1), 1))
    if len(writes) > MAX_WRITES:
        return None
    parts = [(OpCode.WRITE, lo, hi, 0) for lo, hi in writes]
    if rows > kept or kept < held.rows:
        parts.insert(0, (OpCode.APPEND, kept, rows, held.rows - kept))
    ops = []
    for code, lo, hi, drop in parts:
        part = convert(values[lo:hi])
        if not held.like.same_layout(part):
            return None
        ops.append(Op(code, start=lo, count=hi - lo, drop=drop, values=part.copy()))
    for op in ops:
        held.apply(op)
    return ops


def _joined(told: Told, kept: int, gap: int) -> list[tuple[int, int]]:
    """The written ones of the kept rows, as rows of now; near ranges as one."""
    found: list[tuple[int, int]] = []
    for lo, hi in sorted(told.written):
        lo, hi = max(lo - told.dropped, 0), min(hi - told.dropped, kept)
        if lo >= hi:
            continue
        if found and lo - found[-1][1] < gap:
            found[-1] = found[-1][0], max(hi, found[-1][1])
        else:
            found.append((lo, hi))
    return found
