"""`GrowingColumn`: a column to which ops are applied; appends cost O(rows added), drops O(1)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .columns import INT32_MAX, NUMBERS, Array, Column, concat, fit_offsets
from .diff import WORTH, Plan, choose, ramp_instead, ramp_op
from .drop_guess import DropGuess
from .growable_buffer import GrowableBuffer
from .ops import Op, OpCode
from .ramp import Ramp, find_ramp, ramp_from_json

PENDING_BYTES: Final = 1 << 16
"""Writes to rows of varying size are collected until they are as large as the column, or this."""
EMPTY: Final = Column("float64", (), 0, 0, np.zeros(0, dtype=np.float64))


class GrowingColumn:
    """The present values of one column to which ops are applied. Not thread-safe.

    With ``copy=False`` it may keep the arrays that it is given, which nobody may change then.
    The columns that it returns are views: valid until the next WRITE or `refresh`; appends and drops do not
    change them. A `Ramp` is stored as such, without memory for values, as long as appends continue it.
    """

    def __init__(self, column: Column | None = None, *, copy: bool = True) -> None:
        self._is_new = column is None
        self._guess = DropGuess()
        self._begin(column or EMPTY, copy)

    def _begin(self, column: Column, copy: bool) -> None:
        self._like = column.slice(0, 0).copy()
        self._view: Column | None = None
        self._ramp: Ramp | None = None
        self._pending: list[tuple[int, Column]] = []
        self._pending_bytes = 0
        self._dropped = 0
        self.rows = column.rows
        self._data = GrowableBuffer(column.data, copy=copy)
        self._offsets = [GrowableBuffer(ends, copy=copy) for ends in column.offsets]
        self._validity = None if column.validity is None else GrowableBuffer(column.validity, copy=copy)

    def _begin_ramp(self, ramp: Ramp) -> None:
        self._begin(Column(ramp.dtype, (), 0, ramp.list_depth, EMPTY.data.astype(NUMBERS[ramp.dtype])), False)
        self._ramp, self.rows = ramp, ramp.rows

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

    @property
    def nbytes(self) -> int:
        """The size of the values, without room to grow; for a ramp, the size as an array. O(1)."""
        if self._ramp is not None:
            return self._ramp.nbytes
        return self._held_bytes + self._pending_bytes

    def column(self) -> Column:
        """The present values; a view, so ``copy()`` it to keep it. A ramp's values are computed each time."""
        if self._ramp is not None:
            return self._ramp.column()
        self._settle()
        if self._view is None:
            self._view = self._held()
        return self._view

    def slice(self, lo: int, hi: int) -> Column:
        """Rows lo to hi; a view, except of a ramp."""
        if self._ramp is not None:
            return self._ramp.moved(lo, hi - lo).column()
        return self.column().slice(lo, hi)

    @property
    def _held_bytes(self) -> int:
        return sum(buffer.nbytes for buffer in self._buffers)

    def lent(self) -> "Ramp | Column":
        """A snapshot of the values: while it exists, a WRITE copies the column first."""
        if self._ramp is not None:
            return self._ramp
        self._settle()
        for buffer in self._buffers:
            buffer.lent()
        return self._held()

    @property
    def _buffers(self) -> list[GrowableBuffer]:
        return [self._data, *self._offsets, *([self._validity] if self._validity is not None else [])]

    def _held(self) -> Column:
        offsets = tuple(_from_zero(buffer.view) for buffer in self._offsets)
        validity = self._validity.view if self._validity is not None else None
        return replace(self._like, rows=self.rows, data=self._data.view, offsets=offsets, validity=validity)

    def whole(self, *, lent: bool = False) -> Op:
        """The op that creates the column: RAMP or REPLACE. Its values are those of `column`, or `lent`."""
        ramp = None if self._ramp is None else self._ramp.from_zero()
        if ramp is not None:
            return ramp_op(ramp)
        values = self.lent() if lent else self.column()
        return Op(
            OpCode.REPLACE, count=self.rows, values=self.column() if isinstance(values, Ramp) else values
        )

    def refresh(self, new: Column, *, copy: bool = True) -> list[Op]:
        """Become ``new``; returns the cheapest ops that do the same to a copy of this column, [] if equal.

        The caller sets model, column and base of the ops. They are chosen as by `diff`, but what helped in
        the last updates is tried first. Values are copied during the comparison. The ops have views of this
        column, valid until its next ``refresh`` or WRITE.
        """
        if self._is_new or not self._like.same_layout(new):
            return self._replace(new, copy)
        if self._ramp is not None:
            ops = self._refresh_ramp(self._ramp, new)
            if ops is not None:
                return ops
            self._write_out(self._ramp)
        self._settle()
        in_place = copy and new.is_fixed and self._validity is None and new.validity is None
        if in_place:
            self._view = replace(self.column(), data=self._data.writable())
        rows = self.rows
        plan = choose(self.column(), new, self._guess, refresh=in_place)
        ramp = ramp_instead(plan, rows, new)
        if ramp is not None:
            self._begin_ramp(ramp)
            return [ramp_op(ramp)]
        if in_place:
            self._take(plan, new)
        elif plan.ops(rows, new):
            self._begin(new, copy)
        return plan.ops(rows, self.column())

    def _replace(self, new: Column, copy: bool) -> list[Op]:
        self._is_new = False
        ramp = find_ramp(new)
        if ramp is None:
            self._begin(new, copy)
        else:
            self._begin_ramp(ramp)
        return [self.whole()]

    def _refresh_ramp(self, ramp: Ramp, new: Column) -> list[Op] | None:
        """The ops if ``new`` continues the ramp; None if the values have to be compared."""
        drop = ramp.find_drop(new)
        if drop is None:
            return None
        rows = self.rows
        kept = rows - drop
        # With a drop, all kept rows have moved, so no WRITE is cheaper, unless most rows are new.
        if new.rows - kept >= WORTH * new.rows or (drop and new.rows == rows and new.rows - kept > kept):
            return None
        plan = Plan(drop=drop)
        other = ramp_instead(plan, rows, new)
        if other is not None:
            self._begin_ramp(other)
            return [ramp_op(other)]
        ops = plan.ops(rows, new)
        ops = [replace(op, values=op.values.copy()) for op in ops if op.values is not None]
        for op in ops:
            self.apply(op)
        return ops

    def _take(self, plan: Plan, new: Column) -> None:
        """Execute a plan for a column whose rows have a fixed size and are all valid."""
        cell = new.items_per_cell
        if plan.ranges is not None:
            if not plan.refreshed:
                for lo, hi in (plan.ranges * cell).tolist():
                    self._data.view[lo:hi] = new.data[lo:hi]
        elif plan.drop is not None:
            kept = self.rows - plan.drop
            self._view = None
            self._append(new.slice(kept, new.rows), plan.drop)
        elif self.rows == new.rows:
            self._data.view[plan.refreshed :] = new.data[plan.refreshed :]
        else:
            self._view, self.rows = None, new.rows
            self._data.assign(new.data)

    def apply(self, op: Op, *, copy: bool = True) -> None:
        """Apply one op, all or nothing; FrameError if it does not fit the column.

        An APPEND or WRITE costs O(its rows); WRITEs to rows of varying size are executed later, many at once.
        """
        if op.code is OpCode.RAMP:
            self._begin_ramp(ramp_from_json(op.json, op.dtype, op.count))
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
        self._is_new = False

    @property
    def is_ramp(self) -> bool:
        """Whether the values take no memory yet."""
        return self._ramp is not None

    def written_out_by(self, ops: Iterable[Op]) -> int:
        """Bytes of the array that a ramp becomes by these ops; 0 if it remains one, or they do not fit."""
        ramp = self._ramp
        for op in ops:
            if ramp is None or op.code not in (OpCode.APPEND, OpCode.WRITE):
                return 0
            if op.values is None or not self._like.same_rows(op.values) or op.drop > ramp.rows:
                return 0
            after = ramp.continued(op.values, op.drop) if op.code is OpCode.APPEND else None
            if after is None:
                return ramp.nbytes
            ramp = after
        return 0

    def check(self, op: Op) -> None:
        """Raise FrameError if an APPEND or WRITE does not fit."""
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
        if self._ramp is not None:
            ramp = self._ramp.continued(values, drop)
            if ramp is not None:
                self._ramp, self.rows = ramp, ramp.rows
                return
            self._write_out(self._ramp)
        self._drop(drop)
        for level, ends in enumerate(values.offsets):
            self._append_ends(level, ends)
        self._data.append(values.data)
        if self._validity is None and values.validity is not None:
            self._validity = GrowableBuffer(np.ones(self.rows, dtype=bool), copy=False)
        if self._validity is not None:
            self._validity.append(values.valid_rows())
        self.rows += values.rows

    def _append_ends(self, level: int, ends: Array) -> None:
        held = self._offsets[level].view
        if int(held[-1]) + int(ends[-1]) > INT32_MAX and held.dtype != np.int64:
            held = _from_zero(held)
            kind = np.int64 if int(held[-1]) + int(ends[-1]) > INT32_MAX else np.int32
            self._offsets[level] = GrowableBuffer(held.astype(kind), copy=False)
        kind = held.dtype.type
        self._offsets[level].append(ends[1:].astype(kind) + held[-1])

    def _write_out(self, ramp: Ramp) -> None:
        self._begin(ramp.column(), copy=False)

    def _drop(self, rows: int) -> None:
        self._dropped += rows
        if self._validity is not None:
            self._validity.drop(rows)
        self.rows -= rows
        count, like = rows, self._like
        for level, buffer in enumerate(self._offsets):
            if level == like.ragged:
                count *= like.items_per_cell
            ends = buffer.view
            dropped = int(ends[count] - ends[0])
            buffer.drop(count)
            count = dropped
        self._data.drop(count if like.is_text else count * like.items_per_cell)

    def _write(self, start: int, values: Column, copy: bool) -> None:
        if not self._like.is_fixed:
            self._pending.append((self._dropped + start, values.copy() if copy else values))
            self._pending_bytes += values.nbytes
            if self._pending_bytes > max(self._held_bytes, PENDING_BYTES):
                self._settle()
            return
        if self._ramp is not None:
            self._write_out(self._ramp)
        self._data.write(start * self._like.items_per_cell, values.data)
        if self._validity is None and values.validity is not None:
            self._validity = GrowableBuffer(np.ones(self.rows, dtype=bool), copy=False)
        if self._validity is not None:
            self._validity.write(start, values.valid_rows())

    def _settle(self) -> None:
        """Execute the pending writes to rows of varying size, in one pass over the column."""
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


def _from_zero(ends: Array) -> Array:
    return fit_offsets(ends - ends[0] if ends[0] else ends)
