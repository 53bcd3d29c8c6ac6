"""`ColumnOps`: the ops for a source's columns, from recorded `stream` and `patch` calls or a comparison."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode
from bokeh_wsgi.dataplane.comparison import MAX_OPS, OP_BYTES
from bokeh_wsgi.models.state import HeldColumn, Key, State

from .tracked_data import ColumnLog, RowChanges, TrackedData, columns_lock, tracked
from .undo import Undo, lost_by

SPOT_BYTES: Final = 65536
APPENDED_BYTES: Final = 65536

Convert = Callable[[str, Any], tuple[Column, bool]]
"""Converts values of a column (given its name), or some of its rows, to a Column; and whether that is a copy.

Raises ColumnError if they cannot be a column."""


@dataclass(slots=True)
class ColumnOps:
    """Finds the ops for a source's columns, and applies them to the shadow.

    If only `stream` and `patch` changed a source, its columns over `SPOT_BYTES` are not compared: the cost
    depends on the rows that those changed. In order not to miss values that a script also wrote in place,
    `spot_check` compares `SPOT_BYTES` of each column, further along each time; if they differ, the next step
    compares everything.

    ``undos`` revert what was done since `begin`; everything if ``is_undoable``.
    ``compares=False``: columns are sent whole, and no copies of them are kept.
    Not thread-safe.
    """

    compares: bool = True
    _logs: dict[str, tuple[TrackedData, ColumnLog]] = field(default_factory=dict)
    _spots: dict[Key, int] = field(default_factory=dict)
    undos: list[Undo] = field(default_factory=list)
    is_undoable: bool = True
    _unseen: list[tuple[ColumnLog, Key, GrowingColumn, Any, Convert]] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a new step."""
        self.undos = []
        self.is_undoable = True

    def clear(self) -> None:
        """Drop all logs, so that everything is compared."""
        self._logs.clear()
        self._spots.clear()
        self._unseen.clear()

    def of_source(
        self,
        shadow: State,
        model: str,
        data: Mapping[str, Any],
        convert: Convert,
        only: Container[str] | None = None,
    ) -> list[Op]:
        """Ops for the columns of a source (``only`` of these names); their values are never changed later."""
        with columns_lock:
            return self._of_source(shadow, model, data, convert, only)

    def _of_source(
        self,
        shadow: State,
        model: str,
        data: Mapping[str, Any],
        convert: Convert,
        only: Container[str] | None,
    ) -> list[Op]:
        names = [name for name in data if only is None or name in only]
        log = self.log(model, data)
        row_changes = log.changes.copy() if self.compares and not log.needs_compare else {}
        # All before the shadow is changed: an error in any of them must leave it as it is.
        columns = {} if row_changes else {name: convert(name, data[name]) for name in names}
        ops: list[Op] = []
        for name in names:
            held = shadow.columns.get((model, name))
            found = None
            if held is None:
                held = shadow.columns[model, name] = HeldColumn(GrowingColumn(), 0)
            elif row_changes:
                changes = row_changes.get(name, RowChanges())
                undo: list[tuple[Op, Column]] = []
                found = _logged_ops(held.values, changes, partial(convert, name), data[name], undo)
                if found:
                    self.undos.append(Undo(model, name, log, replace(changes), undo))
            if found is None:
                column, is_own = columns.get(name) or convert(name, data[name])
                found = _appended(held, column) if self.compares else []
                found = found or self._compared(held.values, column, is_own)
                self.is_undoable &= not found
            elif held.values.nbytes > SPOT_BYTES:
                self._unseen.append((log, (model, name), held.values, data[name], convert))
            else:
                besides = self._compared(held.values, *convert(name, data[name]))
                self.is_undoable &= not besides
                found += besides
            ops += [op.of(model, name, held.version if self.compares else 0) for op in found]
        for name in names:
            log.changes.pop(name, None)
        if only is None:
            log.clear()
        return ops

    def spot_check(self) -> None:
        """Compare a part of the columns that the last step did not; called after it was sent."""
        with columns_lock:
            for log, key, held, values, convert in self._unseen:
                log.needs_compare |= not self._spot_is_equal(key, held, values, convert)
            self._unseen.clear()

    def is_logged(self, model: str, data: Mapping[str, Any]) -> bool:
        """Whether `stream` and `patch` changed a source since its last step, and nothing else did."""
        ours, log = self._logs.get(model, (None, None))
        return log is not None and ours is data and bool(log.changes) and not log.needs_compare

    def is_touched(self, model: str, data: Mapping[str, Any]) -> bool:
        """Whether a source has changed since its last step, as far as is known, or has had none."""
        ours, log = self._logs.get(model, (None, None))
        return log is None or ours is not data or log.needs_compare or bool(log.changes)

    def _compared(self, held: GrowingColumn, column: Column, is_own: bool) -> list[Op]:
        if self.compares:
            return held.refresh(column, copy=not is_own)
        return [Op(OpCode.REPLACE, count=column.rows, values=column)]

    def log(self, model: str, data: Mapping[str, Any]) -> ColumnLog:
        """The log of a source; a new one, which needs a comparison, if the source has another container."""
        ours = tracked(data)
        if ours is None:
            return ColumnLog(needs_compare=True)
        known = self._logs.get(model)
        if known is None or known[0] is not ours:
            known = self._logs[model] = ours, ours.log()
            known[1].needs_compare = True
        return known[1]

    def _spot_is_equal(self, key: Key, held: GrowingColumn, values: Any, convert: Convert) -> bool:
        if type(values) is not np.ndarray or values.ndim != 1 or values.dtype.kind not in "biuf":
            return True
        lo = self._spots.get(key, 0)
        lo = lo if lo < held.rows else 0
        hi = self._spots[key] = min(lo + SPOT_BYTES // values.itemsize, held.rows)
        part, mine = convert(key[1], values[lo:hi])[0], held.slice(lo, hi)
        # Some rows of 64-bit integers may fit a smaller type than all rows do: they are not compared.
        return not part.same_rows(mine) or part.equals(mine)


def _appended(held: HeldColumn, column: Column) -> list[Op]:
    """An APPEND if a few rows come after the old ones, even if those are fewer; else [].

    A REPLACE would be as cheap, but would remove rows that others append meanwhile.
    """
    values, more = held.values, column.rows - held.values.rows
    if not held.version or more < values.rows or not more or column.nbytes > APPENDED_BYTES:
        return []
    if not values.like.same_layout(column) or not column.slice(0, values.rows).equals(values.column()):
        return []
    rows = column.slice(values.rows, column.rows).copy()
    op = Op(OpCode.APPEND, start=values.rows, count=more, values=rows)
    values.apply(op)
    return [op]


def _logged_ops(
    held: GrowingColumn,
    row_changes: RowChanges,
    convert: Callable[[Any], tuple[Column, bool]],
    values: Any,
    undo: list[tuple[Op, Column]],
) -> list[Op] | None:
    """An APPEND and WRITEs for the logged changes; None if they do not lead to the present values."""
    rows = len(values)
    # In other containers, such as a Series, an index may not be the number of a row.
    if (
        not isinstance(values, np.ndarray | list)
        or held.rows + row_changes.appended - row_changes.dropped != rows
    ):
        return None
    kept = max(held.rows - row_changes.dropped, 0)
    writes = _written_ranges(row_changes, kept, max(OP_BYTES * rows // max(held.nbytes, 1), 1))
    if len(writes) > MAX_OPS:
        return None
    parts = [(OpCode.WRITE, lo, hi, 0) for lo, hi in writes]
    if rows > kept or kept < held.rows:
        parts.insert(0, (OpCode.APPEND, kept, rows, held.rows - kept))
    ops = []
    for code, lo, hi, drop in parts:
        part, is_own = convert(values[lo:hi])
        if not held.like.same_layout(part):
            return None
        ops.append(Op(code, start=lo, count=hi - lo, drop=drop, values=part if is_own else part.copy()))
    for op in ops:
        undo.append((op, lost_by(held, op)))
        held.apply(op)
    return ops


def _written_ranges(row_changes: RowChanges, kept: int, gap: int) -> list[tuple[int, int]]:
    """The ranges of kept rows that were written, in present row numbers; near ranges become one."""
    merged: list[tuple[int, int]] = []
    for lo, hi in sorted(row_changes.written):
        lo, hi = max(lo - row_changes.dropped, 0), min(hi - row_changes.dropped, kept)
        if lo >= hi:
            continue
        if merged and lo - merged[-1][1] < gap:
            merged[-1] = merged[-1][0], max(hi, merged[-1][1])
        else:
            merged.append((lo, hi))
    return merged
