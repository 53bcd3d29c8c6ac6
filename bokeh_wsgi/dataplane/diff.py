"""What changed in a column, as the cheapest ops that say it exactly."""

from dataclasses import dataclass
from typing import Final

from .columns import Array, Column
from .comparison import Comparison, compare
from .drop_guess import DropGuess, continues, find_drop
from .ops import Op, OpCode
from .ramp import Ramp, find_ramp

WORTH: Final = 0.8
"""A part is sent instead of the whole when it costs less than this share of it."""
RAMP_BYTES: Final = 65536
"""Smaller ops than this are sent without looking for a ramp."""
APPEND_BYTES: Final = 16384
FEW_RANGES: Final = 4
"""Smaller writes than this, or fewer, are sent without looking for rows that moved: where all have moved,
nearly all differ, or as many places as there are steps."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an old column becomes a new one: rows to write, or what to drop before the new rows are appended.

    With neither, all rows are new; with no ``ranges`` to write, none is.
    ``refreshed``: so many items from the first on have become the new ones already.
    """

    ranges: Array | None = None
    drop: int | None = None
    refreshed: int = 0

    def ops(self, old_rows: int, new: Column) -> list[Op]:
        """The ops that say so; their values are views of ``new``."""
        if self.ranges is not None:
            spans = self.ranges.tolist()
            return [Op(OpCode.WRITE, start=lo, count=hi - lo, values=new.slice(lo, hi)) for lo, hi in spans]
        if self.drop is None:
            return [Op(OpCode.REPLACE, count=new.rows, values=new)]
        kept = old_rows - self.drop
        values = new.slice(kept, new.rows)
        if not self.drop and not values.rows:
            return []
        return [Op(OpCode.APPEND, start=kept, count=values.rows, drop=self.drop, values=values)]

    def is_small(self, old_rows: int, new: Column) -> bool:
        """Whether it is sent without looking for a ramp."""
        rows = new.rows
        if self.ranges is not None:
            rows = int((self.ranges[:, 1] - self.ranges[:, 0]).sum())
        elif self.drop is not None:
            rows += self.drop - old_rows
        return rows * _bytes_per_row(new) <= RAMP_BYTES


def diff(old: Column | None, new: Column) -> list[Op]:
    """Ops that turn old into new, bit for bit; [] for none. The caller sets model, column and base.

    Pure; `GrowingColumn.refresh` decides by the same rules and takes the new values over as it compares.
    """
    rows, plan = 0, Plan()
    if old is not None and old.same_layout(new):
        rows, plan = old.rows, choose(old, new, DropGuess(), refresh=False)
    ramp = ramp_instead(plan, rows, new)
    return [ramp_op(ramp)] if ramp is not None else plan.ops(rows, new)


def ramp_instead(plan: Plan, old_rows: int, new: Column) -> Ramp | None:
    """The ramp that new is, if that is sent rather than what was planned."""
    whole = plan.ranges is None and plan.drop is None
    return find_ramp(new) if whole or not plan.is_small(old_rows, new) else None


def ramp_op(ramp: Ramp) -> Op:
    return Op(OpCode.RAMP, count=ramp.rows, json=ramp.to_json(), dtype=ramp.dtype)


def choose(old: Column, new: Column, guess: DropGuess, *, refresh: bool) -> Plan:
    """The cheaper of writes and an append for columns of one layout; neither if the whole costs less.

    With ``refresh``, old's values may become new ones, from the first on; never where an append is chosen.
    """
    if _goes_on(old, new, guess):
        return Plan(drop=guess.drop)
    writes = compare(old, new)
    if writes is not None and writes.costs_at_most(new.nbytes // 4, few=FEW_RANGES, small=APPEND_BYTES):
        return _plan(writes, new)
    drop = find_drop(old, new, guess)
    limit = WORTH * new.nbytes
    if drop is not None:
        limit = min(limit, (new.rows - old.rows + drop) * _bytes_per_row(new))
    if writes is not None and writes.costs_at_most(limit, refresh=refresh and drop is None):
        return _plan(writes, new)
    if drop is not None and limit < WORTH * new.nbytes:
        return Plan(drop=drop)
    return Plan(refreshed=0 if writes is None else writes.refreshed)


def _goes_on(old: Column, new: Column, guess: DropGuess) -> bool:
    """Whether new is old after the append of last time once more, and surely not just the same as old."""
    if not guess.drop or not guess.repeats(old.rows, new.rows) or guess.added > WORTH * new.rows:
        return False
    kept = old.rows - guess.drop
    if 0 < kept < old.rows == new.rows and old.slice(kept, old.rows).equals(new.slice(kept, new.rows)):
        return False
    return continues(old, new, guess.drop)


def _plan(writes: Comparison, new: Column) -> Plan:
    """To write the ranges; or all, where whole rows make that of them."""
    ranges = writes.ranges
    all_rows = len(ranges) and int((ranges[:, 1] - ranges[:, 0]).sum()) == new.rows
    return Plan(None if all_rows else ranges, refreshed=writes.refreshed)


def _bytes_per_row(column: Column) -> float:
    return column.nbytes / max(column.rows, 1)
