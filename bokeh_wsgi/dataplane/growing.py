"""A column that takes ops: appends cost what they add, rows drop from the front for nothing."""

from dataclasses import replace
from typing import Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .columns import Array, Column, concat, fit_offsets
from .ops import Op, OpCode
from .ramp import ramp_from_json

EMPTY: Final = Column("float64", (), 0, 0, np.zeros(0, dtype=np.float64))


class Run:
    """A one-dimensional array that grows at its end and shrinks at its front.

    ``view`` stays as it is under appends and drops; only ``write`` shows through in views given out before.
    """

    def __init__(self, values: Array, *, copy: bool) -> None:
        self._array = values.copy() if copy else values
        self._lo, self._hi = 0, len(values)

    @property
    def view(self) -> Array:
        return self._array[self._lo : self._hi]

    def append(self, values: Array) -> None:
        stop = self._hi + len(values)
        if stop > len(self._array) or not self._array.flags.writeable:
            held = self.view
            self._array = np.empty(max(2 * (len(held) + len(values)), 64), dtype=self._array.dtype)
            self._lo, self._hi, stop = 0, len(held), len(held) + len(values)
            self._array[: self._hi] = held
        self._array[self._hi : stop] = values
        self._hi = stop

    def drop(self, count: int) -> None:
        self._lo += count

    def write(self, start: int, values: Array) -> None:
        if not self._array.flags.writeable:
            self._array, self._lo, self._hi = self.view.copy(), 0, self._hi - self._lo
        at = self._lo + start
        self._array[at : at + len(values)] = values


class GrowingColumn:
    """The state of one column under ops. Not thread-safe.

    With ``copy=False`` it may keep the arrays of the values it is given, which then nobody may change.
    """

    def __init__(self, column: Column | None = None, *, copy: bool = True) -> None:
        self._fresh = column is not None
        self._begin(column or EMPTY, copy)

    def _begin(self, column: Column, copy: bool) -> None:
        self._like = column.slice(0, 0).copy()
        self._view: Column | None = None
        self._pending: list[tuple[int, Column]] = []
        self._dropped = 0
        self.rows = column.rows
        self._data = Run(column.data, copy=copy)
        self._offsets = [Run(ends.astype(np.int64), copy=False) for ends in column.offsets]
        self._validity = None if column.validity is None else Run(column.validity, copy=copy)

    @property
    def dtype(self) -> str:
        return self._like.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self._like.shape

    @property
    def like(self) -> Column:
        """A column of this layout without rows."""
        return self._like

    def refresh(self, new: Column) -> list[Op]:
        from .diff import diff

        ops = diff(self.column() if self._fresh else None, new)
        for op in ops:
            self.apply(op)
        self._fresh = True
        return [op if op.values is None else replace(op, values=op.values.copy()) for op in ops]

    @property
    def nbytes(self) -> int:
        """Bytes of the values held, without room to grow."""
        self._settle()
        runs = [self._data, *self._offsets, *([self._validity] if self._validity else [])]
        return sum(run.view.nbytes for run in runs)

    def column(self) -> Column:
        """The values now. A view where possible, which only later WRITEs change: ``copy()`` it to keep it."""
        self._settle()
        if self._view is None:
            self._view = self._held()
        return self._view

    def _held(self) -> Column:
        offsets = tuple(fit_offsets(run.view - run.view[0]) for run in self._offsets)
        validity = self._validity.view if self._validity else None
        return replace(self._like, rows=self.rows, data=self._data.view, offsets=offsets, validity=validity)

    def apply(self, op: Op, *, copy: bool = True) -> None:
        """Take one op of this column, all or nothing; FrameError if it does not fit the rows held."""
        if op.code is OpCode.RAMP:
            self._begin(ramp_from_json(op.json, op.dtype, op.count).column(), copy=False)
        elif op.values is None or op.code not in (OpCode.REPLACE, OpCode.APPEND, OpCode.WRITE):
            raise FrameError(f"{op.code.name} is not for a column's values")
        elif op.code is OpCode.REPLACE:
            self._begin(op.values, copy)
        else:
            self.check(op)
            self._view = None
            if op.code is OpCode.APPEND:
                self._append(op.values, op.drop)
            else:
                self._write(op.start, op.values, copy)

    def check(self, op: Op) -> None:
        """FrameError if an APPEND or WRITE does not fit."""
        assert op.values is not None
        if not self._like.same_rows(op.values):
            kinds = [f"{c.dtype}{list(c.shape)}" for c in (op.values, self._like)]
            raise FrameError(f"{op.code.name} of {kinds[0]} rows to a column of {kinds[1]}")
        fits = op.drop <= self.rows and op.start == self.rows - op.drop
        if op.code is OpCode.WRITE:
            fits = op.start + op.values.rows <= self.rows
        if not fits:
            rows = f"start {op.start}, count {op.values.rows}, drop {op.drop}"
            raise FrameError(f"{op.code.name} does not fit {self.rows} rows: {rows}")

    def _append(self, values: Column, drop: int) -> None:
        self._drop(drop)
        for run, ends in zip(self._offsets, values.offsets, strict=True):
            run.append(ends[1:].astype(np.int64) + run.view[-1])
        self._data.append(values.data)
        if self._validity is None and values.validity is not None:
            self._validity = Run(np.ones(self.rows, dtype=bool), copy=False)
        if self._validity is not None:
            self._validity.append(values.valid_rows())
        self.rows += values.rows

    def _drop(self, rows: int) -> None:
        self._dropped += rows
        if self._validity is not None:
            self._validity.drop(rows)
        self.rows -= rows
        count, like = rows, self._like
        for level, run in enumerate(self._offsets):
            if level == like.ragged:
                count *= like.items_per_cell
            ends = run.view
            dropped = int(ends[count] - ends[0])
            run.drop(count)
            count = dropped
        self._data.drop(count if like.is_text else count * like.items_per_cell)

    def _write(self, start: int, values: Column, copy: bool) -> None:
        if not self._like.is_fixed:
            self._pending.append((self._dropped + start, values.copy() if copy else values))
            return
        self._data.write(start * self._like.items_per_cell, values.data)
        if self._validity is None and values.validity is not None:
            self._validity = Run(np.ones(self.rows, dtype=bool), copy=False)
        if self._validity is not None:
            self._validity.write(start, values.valid_rows())

    def _settle(self) -> None:
        """Put in the writes of rows that vary in length: all of them in one pass over the column."""
        if not self._pending or not self.rows:
            return
        pieces = [self._held(), *(values for _, values in self._pending)]
        sources = np.arange(self.rows)
        shift = self.rows
        for first, values in self._pending:
            lost = max(self._dropped - first, 0)
            start = first + lost - self._dropped
            sources[start : start + max(values.rows - lost, 0)] = np.arange(shift + lost, shift + values.rows)
            shift += values.rows
        firsts = np.cumsum([0] + [piece.rows for piece in pieces])
        owners = np.searchsorted(firsts, sources, side="right") - 1
        cuts = np.flatnonzero((np.diff(sources) != 1) | (np.diff(owners) != 0)) + 1
        bounds = zip([0, *cuts.tolist()], [*cuts.tolist(), self.rows], strict=True)
        parts = []
        for lo, hi in bounds:
            at = int(sources[lo] - firsts[owners[lo]])
            parts.append(pieces[owners[lo]].slice(at, at + hi - lo))
        self._begin(concat(self._like, *parts), copy=False)
