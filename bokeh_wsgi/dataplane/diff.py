"""`diff`: the cheapest ops that change one column into another, exactly."""

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
"""For ops smaller than this, no ramp is searched."""
APPEND_BYTES: Final = 16384
FEW_RANGES: Final = 4
"""For writes smaller than APPEND_BYTES, or at most FEW_RANGES, no drop is searched: if all rows had moved,
nearly all values would differ, or there would be a range per step."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an old column becomes a new one: ``ranges`` of rows to write, or rows to ``drop`` before an append.

    If both are None, all rows are replaced; if ``ranges`` is empty, nothing changes.
    ``refreshed``: this many items, from the first on, already have their new values.
    """

    ranges: Array | None = None
    drop: int | None = None
    refreshed: int = 0

    def ops(self, old_rows: int, new: Column) -> list[Op]:
        """The ops of the plan; their values are views of ``new``."""
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
        """Whether its ops are so small that no ramp is searched."""
        rows = new.rows
        if self.ranges is not None:
            rows = int((self.ranges[:, 1] - self.ranges[:, 0]).sum())
        elif self.drop is not None:
            rows += self.drop - old_rows
        return rows * _bytes_per_row(new) <= RAMP_BYTES


def diff(old: Column | None, new: Column) -> list[Op]:
    """Ops that change old into new, bit for bit; [] if equal. The caller sets model, column and base.

    `GrowingColumn.refresh` follows the same rules, and copies the new values while it compares.
    """
    rows, plan = 0, Plan()
    if old is not None and old.same_layout(new):
        rows, plan = old.rows, choose(old, new, DropGuess(), refresh=False)
    ramp = ramp_instead(plan, rows, new)
    return [ramp_op(ramp)] if ramp is not None else plan.ops(rows, new)


def ramp_instead(plan: Plan, old_rows: int, new: Column) -> Ramp | None:
    """The ramp that is equal to new, if it is to be sent instead of the plan's ops."""
    whole = plan.ranges is None and plan.drop is None
    return find_ramp(new) if whole or not plan.is_small(old_rows, new) else None


def ramp_op(ramp: Ramp) -> Op:
    return Op(OpCode.RAMP, count=ramp.rows, json=ramp.to_json(), dtype=ramp.dtype)


def choose(old: Column, new: Column, guess: DropGuess, *, refresh: bool) -> Plan:
    """The cheaper of writes and an append, for columns of one layout; neither if the whole costs less.

    With ``refresh``, new values may be copied into old, from the first on; never if an append is chosen.
    """
    if _continues_rolling(old, new, guess):
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


def _continues_rolling(old: Column, new: Column, guess: DropGuess) -> bool:
    """Whether the last drop and append, repeated, gives new, and new is not just equal to old."""
    if not guess.drop or not guess.repeats(old.rows, new.rows) or guess.added > WORTH * new.rows:
        return False
    kept = old.rows - guess.drop
    if 0 < kept < old.rows == new.rows and old.slice(kept, old.rows).equals(new.slice(kept, new.rows)):
        return False
    return continues(old, new, guess.drop)


def _plan(writes: Comparison, new: Column) -> Plan:
    """The plan to write the ranges; or everything, if they cover all rows."""
    ranges = writes.ranges
    all_rows = len(ranges) and int((ranges[:, 1] - ranges[:, 0]).sum()) == new.rows
    return Plan(None if all_rows else ranges, refreshed=writes.refreshed)


def _bytes_per_row(column: Column) -> float:
    return column.nbytes / max(column.rows, 1)
