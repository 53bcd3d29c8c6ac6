"""Takes rows back out of a shadow's column that were put in for a step which the server has refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, concat

from .live_data import Journal, Told


@dataclass(frozen=True, slots=True)
class Undo:
    """What a step did to a column: ``ops``, the rows that each one wrote over or dropped, and as it was told."""

    model: str
    name: str
    journal: Journal
    told: Told
    ops: Sequence[tuple[Op, Column]]

    def take_back(self, held: GrowingColumn) -> GrowingColumn:
        """The column as it was before."""
        for op, lost in reversed(self.ops):
            if op.code is OpCode.WRITE:
                held.apply(replace(op, values=lost))
            elif op.drop:
                held = GrowingColumn(concat(lost, held.slice(0, held.rows - op.count)), copy=False)
            else:
                held = GrowingColumn(held.slice(0, held.rows - op.count))
        return held

    def tell_again(self) -> None:
        """Have the journal say it, before what it has noted since."""
        since = self.journal.told.get(self.name, Told())
        self.journal.told[self.name] = Told(
            self.told.appended + since.appended,
            self.told.dropped + since.dropped,
            [
                *self.told.written,
                *((self.told.dropped + lo, self.told.dropped + hi) for lo, hi in since.written),
            ],
        )


def lost_by(held: GrowingColumn, op: Op) -> Column:
    """The rows that an APPEND or a WRITE is about to take from a column."""
    lo, hi = (op.start, op.start + op.count) if op.code is OpCode.WRITE else (0, op.drop)
    return held.slice(lo, hi).copy()
